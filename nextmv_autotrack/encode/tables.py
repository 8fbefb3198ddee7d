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
from nextmv_autotrack.encode.numpy_values import moments_and_offsets, without_zeros
from nextmv_autotrack.encode.rows import in_bulk, in_pieces
from nextmv_autotrack.encode.widths import (
    DATE_BYTES,
    MOMENT_AND_OFFSET_BYTES,
    MOMENT_BYTES,
    need_room_for_array,
    need_room_for_lists,
    need_room_for_moments,
)

# What an index is called that has no name, as pandas itself calls it.
_NAMELESS_INDEX = "index"
_NAMELESS_LEVEL = "level_{}"

# The shortest item with its label: `"":0,`.
_LABELLED_BYTES = 5

# Kinds of numpy's that are encoded in bulk, missing values and all.
_IN_BULK = "biufmM"


def pandas_frame(value: Any, budget: Budget) -> object:
    """Return the columns, and before them the index where it says something."""
    budget.need_room_for(value.shape[0] * value.shape[1])
    names = value.columns.tolist()
    index = [] if _is_count(value.index) else _levels(value.index, names, budget)
    columns = [_pandas_items(value.iloc[:, at], budget) for at in range(len(names))]
    return Pairs([*index, *zip(names, columns, strict=True)])


def pandas_series(value: Any, budget: Budget) -> object:
    """Return the items, by their labels where those are more than a count."""
    budget.need_room_for(value.size)
    if _is_count(value.index):
        return _pandas_items(value, budget)
    budget.need_bytes(value.size * _LABELLED_BYTES)
    labels, items = value.index.tolist(), _one_by_one(value)
    return Pairs(zip(labels, items, strict=True))


def pandas_index(value: Any, budget: Budget) -> object:
    """Return the labels."""
    budget.need_room_for(value.size)
    return _pandas_items(value, budget) if value.nlevels == 1 else value.tolist()


def pandas_array(value: Any, budget: Budget) -> object:
    """Return the items of an array of one of pandas' own types."""
    budget.need_room_for(len(value))
    return _pandas_items(value, budget)


def pandas_timedelta(value: Any, _budget: Budget) -> object:
    """Return seconds, as exact as a double can be."""
    return value.to_timedelta64()


def _is_count(index: Any) -> bool:
    """Whether it only counts the rows, from 0 on."""
    kind = sys.modules["pandas"].RangeIndex
    return (
        type(index) is kind
        and index.start == 0
        and index.step == 1
        and index.name is None
    )


def _levels(
    index: Any, columns: list[Any], budget: Budget
) -> Iterator[tuple[object, object]]:
    for level, name in enumerate(index.names):
        array = index.get_level_values(level)
        items = _pandas_items(array, budget)
        is_alone = index.nlevels == 1 and _NAMELESS_INDEX not in columns
        nameless = _NAMELESS_INDEX if is_alone else _NAMELESS_LEVEL.format(level)
        yield nameless if name is None else name, items


def _pandas_items(column: Any, budget: Budget) -> Any:
    """Return the items of a Series, an Index or an array."""
    if getattr(column.dtype, "tz", None) is not None and column.dtype.kind == "M":
        width, missing = MOMENT_AND_OFFSET_BYTES, int(column.isna().sum())
        need_room_for_moments(len(column), missing, width, budget)
        return _with_zone(getattr(column, "array", column), budget)
    if _is_in_bulk(column.dtype):
        array = column.to_numpy()
        need_room_for_array(sys.modules["numpy"], array, budget)
        return without_zeros(array)
    array = getattr(column, "array", column)
    return in_pieces(len(array), lambda some: _objects(array[some]), budget)


def _is_in_bulk(dtype: Any) -> bool:
    is_of_numpy = type(dtype).__module__.partition(".")[0] == "numpy"
    return is_of_numpy and dtype.kind in _IN_BULK


def _objects(column: Any) -> list[Any]:
    # Whatever stands for a missing value there is null here.
    array = getattr(column, "array", column)
    found: list[Any] = array.to_numpy(dtype=object, na_value=None).tolist()
    return found


def _with_zone(array: Any, budget: Budget) -> object:
    local, moments = array.tz_localize(None), array.tz_convert(None)
    return moments_and_offsets(local.to_numpy(), moments.to_numpy(), budget)


def _one_by_one(column: Any) -> Any:
    if not _is_in_bulk(column.dtype):
        return _objects(column)
    array = without_zeros(column.to_numpy())
    # `tolist` of numpy's makes numbers of moments, and longer ones of short floats.
    is_kept = array.dtype.kind in "mM" or array.dtype == "f4"
    return array if is_kept else array.tolist()


def polars_frame(value: Any, budget: Budget) -> object:
    """Return the columns."""
    budget.need_room_for(value.height * value.width)
    return Pairs((one.name, _polars_items(one, budget)) for one in value.get_columns())


def polars_series(value: Any, budget: Budget) -> object:
    """Return the items."""
    budget.need_room_for(value.len())
    return _polars_items(value, budget)


def _polars_items(series: Any, budget: Budget) -> object:
    kind = series.dtype
    if kind.is_temporal() and str(kind) != "Time":
        return _polars_times(series, budget)
    is_number = kind.is_integer() or kind.is_float()
    if is_number and "128" not in str(kind) and not series.null_count():
        array = series.to_numpy()
        if array.dtype.kind in _IN_BULK:
            return array
    if str(kind).startswith("List"):
        items = int(series.list.len().sum() or 0)
        need_room_for_lists(series.len(), items, budget)
    return in_pieces(series.len(), lambda some: series[some].to_list(), budget)


def _polars_times(series: Any, budget: Budget) -> object:
    kind = series.dtype
    has_zone = getattr(kind, "time_zone", None) is not None
    if str(kind).startswith("Date"):
        width = MOMENT_AND_OFFSET_BYTES if has_zone else MOMENT_BYTES
        width = DATE_BYTES if str(kind) == "Date" else width
        need_room_for_moments(series.len(), series.null_count(), width, budget)
    if not has_zone:
        return without_zeros(series.to_numpy())
    moments = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    local = series.dt.replace_time_zone(None)
    return moments_and_offsets(local.to_numpy(), moments.to_numpy(), budget)


def arrow_table(value: Any, budget: Budget) -> object:
    """Return the columns; a batch of records is a table, too."""
    budget.need_room_for(value.num_rows * value.num_columns)
    names = value.schema.names
    columns = [_arrow_items(one, budget) for one in value.columns]
    return Pairs(zip(names, columns, strict=True))


def arrow_array(value: Any, budget: Budget) -> object:
    """Return the items, of one chunk or of several."""
    budget.need_room_for(len(value))
    return _arrow_items(value, budget)


def _arrow_items(array: Any, budget: Budget) -> object:
    types = sys.modules["pyarrow"].types
    kind = array.type
    if types.is_dictionary(kind):
        return _arrow_items(array.cast(kind.value_type), budget)
    if types.is_timestamp(kind) or types.is_date(kind):
        width = DATE_BYTES if types.is_date(kind) else MOMENT_BYTES
        need_room_for_moments(len(array), array.null_count, width, budget)
    compute = sys.modules.get("pyarrow.compute")
    if types.is_timestamp(kind) and kind.tz is not None and compute is not None:
        local = compute.local_timestamp(array)
        moments = array.cast(local.type)
        return moments_and_offsets(_as_numpy(local), _as_numpy(moments), budget)
    if any(is_such(kind) for is_such in _quick_texts(types)):
        return in_pieces(
            len(array), lambda some: _as_numpy(array[some]).tolist(), budget
        )
    is_number = types.is_integer(kind) and not array.null_count
    if is_number or any(is_such(kind) for is_such in _quick_kinds(types)):
        found = _as_numpy(array)
        return (
            in_bulk(found.tolist(), budget)
            if found.dtype.kind == "O"
            else without_zeros(found)
        )
    return in_pieces(len(array), lambda some: array[some].to_pylist(), budget)


def _as_numpy(array: Any) -> Any:
    options = {} if hasattr(array, "chunks") else {"zero_copy_only": False}
    return array.to_numpy(**options)


def _quick_texts(types: Any) -> Iterator[Any]:
    yield types.is_string
    yield types.is_large_string


def _quick_kinds(types: Any) -> Iterator[Any]:
    yield types.is_floating
    yield types.is_boolean
    yield types.is_date
    yield types.is_duration
    yield lambda kind: types.is_timestamp(kind) and kind.tz is None


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
