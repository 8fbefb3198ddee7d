"""One step towards JSON for the tables of pandas, polars and pyarrow, by their columns.

An object of columns, each a list, is what all three take back, and what is encoded in
bulk: a row at a time would cost a hundred times as much. None of them is ever imported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from nextmv_autotrack.encode.budget import Budget
from nextmv_autotrack.encode.builtin_values import Pairs

# What an index is called that has no name, as pandas itself calls it.
_NAMELESS_INDEX = "index"

# Kinds of numpy's that are encoded in bulk, missing values and all.
_IN_BULK = "biufmM"


def pandas_frame(value: Any, budget: Budget) -> object:
    """Return the columns, and before them the index where it says something."""
    budget.need_room_for(value.shape[0] * value.shape[1])
    index = [] if _is_count(value.index) else _levels(value.index)
    names = value.columns.tolist()
    columns = [_pandas_items(value.iloc[:, at].array) for at in range(len(names))]
    return Pairs([*index, *zip(names, columns, strict=True)])


def pandas_series(value: Any, budget: Budget) -> object:
    """Return the items, by their labels where those are more than a count."""
    budget.need_room_for(value.size)
    items = _pandas_items(value.array)
    if _is_count(value.index):
        return items
    items = items.tolist() if hasattr(items, "tolist") else items
    return Pairs(zip(value.index.tolist(), items, strict=True))


def pandas_index(value: Any, budget: Budget) -> object:
    """Return the labels."""
    budget.need_room_for(value.size)
    return _pandas_items(value.array) if value.nlevels == 1 else value.tolist()


def pandas_array(value: Any, budget: Budget) -> object:
    """Return the items of an array of one of pandas' own types."""
    budget.need_room_for(len(value))
    return _pandas_items(value)


def _is_count(index: Any) -> bool:
    """Whether it only counts the rows, from 0 on."""
    kind = sys.modules["pandas"].RangeIndex
    return type(index) is kind and index.start == 0 and index.step == 1


def _levels(index: Any) -> Iterator[tuple[object, object]]:
    for level, name in enumerate(index.names):
        array = index.get_level_values(level).array
        yield name if name is not None else _NAMELESS_INDEX, _pandas_items(array)


def _pandas_items(array: Any) -> Any:
    kind = getattr(array.dtype, "kind", "O")
    is_of_numpy = type(array.dtype).__module__.partition(".")[0] == "numpy"
    if is_of_numpy and kind in _IN_BULK:
        return array.to_numpy()
    # Whatever stands for a missing value there is null here.
    return array.to_numpy(dtype=object, na_value=None).tolist()


def polars_frame(value: Any, budget: Budget) -> object:
    """Return the columns."""
    budget.need_room_for(value.height * value.width)
    return Pairs((one.name, _polars_items(one)) for one in value.get_columns())


def polars_series(value: Any, budget: Budget) -> object:
    """Return the items."""
    budget.need_room_for(value.len())
    return _polars_items(value)


def _polars_items(series: Any) -> object:
    if series.dtype.is_numeric() and not series.dtype.is_decimal():
        array = None if series.null_count() else series.to_numpy()
        if array is not None and array.dtype.kind in _IN_BULK:
            return array
    return series.to_list()


def arrow_table(value: Any, budget: Budget) -> object:
    """Return the columns; a batch of records is a table, too."""
    budget.need_room_for(value.num_rows * value.num_columns)
    names = value.schema.names
    return Pairs(zip(names, map(_arrow_items, value.columns), strict=True))


def arrow_array(value: Any, budget: Budget) -> object:
    """Return the items, of one chunk or of several."""
    budget.need_room_for(len(value))
    return _arrow_items(value)


def _arrow_items(array: Any) -> object:
    types = sys.modules["pyarrow"].types
    is_number = types.is_integer(array.type) or types.is_floating(array.type)
    if is_number and not array.null_count:
        options = {} if hasattr(array, "chunks") else {"zero_copy_only": False}
        return array.to_numpy(**options)
    return array.to_pylist()


def arrow_scalar(value: Any, _budget: Budget) -> object:
    """Return the value itself."""
    return value.as_py()


SLICED = frozenset(
    {
        pandas_frame,
        pandas_series,
        pandas_index,
        pandas_array,
        polars_frame,
        polars_series,
        arrow_table,
        arrow_array,
    }
)
"""Of which a slice is what they are, with fewer rows."""
