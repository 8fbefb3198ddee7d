"""Arrays of numpy of any type and shape."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays, scalar_dtypes

from tests.encode.reading import read


@given(
    arrays(
        scalar_dtypes().filter(lambda dtype: dtype.kind in "biufcmMUS"),
        array_shapes(min_dims=0, max_dims=3, max_side=3, min_side=0),
    )
)
def test_an_array_of_any_type_and_shape_is_what_its_items_are(value):
    def items(array):
        return array[()] if array.ndim == 0 else [items(one) for one in array]

    before = value.copy()
    assert read(value) == read(items(value))
    assert value.tobytes() == before.tobytes()
    if value.dtype.kind in "biuf" and np.isfinite(value).all():
        again = np.array(read(value), value.dtype).reshape(value.shape)
        assert np.array_equal(again, value)
