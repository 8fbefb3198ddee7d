"""numpy arrays and scalars, recognised only if numpy is loaded already."""

from __future__ import annotations

import sys
from typing import Any

import orjson

from nextmv_autotrack.encode.summary import summary_of


def numpy_form(value: object, max_bytes: int) -> Any:
    """Return the form of an array or a scalar of numpy; None for anything else."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        # Then it cannot be one, and asking must not load it.
        return None
    if isinstance(value, numpy.ndarray):
        # An element takes about as many bytes in JSON as in memory, or more.
        if value.nbytes > max_bytes:
            return orjson.Fragment(summary_of(value, None, max_bytes))
        return _array_form(value, numpy)
    return _scalar_form(value, numpy) if isinstance(value, numpy.generic) else None


def _scalar_form(value: Any, numpy: Any) -> Any:
    if isinstance(value, numpy.longdouble):
        # Its Python value would be itself.
        return float(value)
    if isinstance(value, numpy.void) and value.dtype.names:
        return dict(zip(value.dtype.names, value.tolist(), strict=True))
    if isinstance(value, (numpy.datetime64, numpy.timedelta64)):
        # What is not a time is a text all the same: None would say "no form".
        return str(value)
    return value.item()


def _array_form(array: Any, numpy: Any) -> Any:
    if array.dtype.names:
        return [_scalar_form(row, numpy) for row in array.ravel()]
    if array.dtype.kind in "Mm":
        texts = array.astype(str)
        texts = numpy.where(numpy.isnat(array), None, texts)
        return texts.tolist()
    if type(array) is numpy.ndarray and array.ndim and array.dtype.kind in "biuf":
        try:
            return orjson.Fragment(
                orjson.dumps(
                    numpy.ascontiguousarray(array), option=orjson.OPT_SERIALIZE_NUMPY
                )
            )
        except orjson.JSONEncodeError:
            # A width or a byte order that orjson does not know.
            pass
    return array.tolist()
