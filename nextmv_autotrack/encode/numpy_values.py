"""One step towards JSON for numpy's arrays and scalars; numpy is never imported."""

from __future__ import annotations

import sys
from typing import Any

from orjson import OPT_SERIALIZE_NUMPY, Fragment, dumps, loads

from nextmv_autotrack.encode.budget import Budget
from nextmv_autotrack.encode.rows import in_bulk, in_pieces
from nextmv_autotrack.encode.widths import need_room_for_array

_SECONDS = {"W": 604_800, "D": 86_400, "h": 3_600, "m": 60, "s": 1}
_PARTS = {"ms": 1e3, "us": 1e6, "ns": 1e9, "ps": 1e12, "fs": 1e15, "as": 1e18}


def ndarray(value: Any, budget: Budget) -> object:
    """Return an array as nested lists, encoded in bulk where it is numbers."""
    numpy = sys.modules["numpy"]
    need_room_for_array(numpy, value, budget)
    if _is_masked(numpy, value):
        return _masked(numpy, value)
    return _plain(numpy, numpy.asarray(value), budget)


def _plain(numpy: Any, array: Any, budget: Budget) -> object:
    kind = array.dtype.kind
    if array.ndim == 0:
        return array.item() if kind == "O" else array[()]
    if kind in "biuf":
        return _in_bulk(numpy, array, budget)
    if kind in "MSU":
        return _texts(numpy, array, budget)
    if kind == "m":
        return _durations(numpy, array)
    return _records(numpy, array, budget) if kind == "V" else array.tolist()


def _texts(numpy: Any, array: Any, budget: Budget) -> object:
    def items(some: Any) -> Any:
        return _moments(numpy, some) if some.dtype.kind == "M" else some.tolist()

    if array.ndim > 1:
        return items(array)
    return in_pieces(array.size, lambda some: items(array[some]), budget)


def _records(numpy: Any, array: Any, budget: Budget) -> object:
    """Return an object an item, in bulk where its fields are numbers and texts."""
    fields = array.dtype.fields
    if fields is None or array.ndim != 1:
        return list(array)
    budget.need_bytes(array.size * len(dumps(dict.fromkeys(fields, 0))))
    if any(dtype.base.kind not in "biufU" for dtype, *_ in fields.values()):
        return list(array)
    columns = [_numbers_or_texts(numpy, array[name]) for name in fields]
    rows = [dict(zip(fields, row, strict=True)) for row in zip(*columns, strict=True)]
    return in_bulk(rows, budget)


def _numbers_or_texts(numpy: Any, array: Any) -> Any:
    # By way of JSON, a number has no more digits than its type.
    is_text = array.dtype.kind == "U"
    return array.tolist() if is_text else loads(_dumped(numpy, array))


def _masked(numpy: Any, value: Any) -> object:
    """Return the items that are not masked, and None for the others."""
    if value.dtype.names is not None:
        return list(value) if value.ndim else _fields(value)
    if value.dtype.kind not in "mM":
        return value.tolist()
    # Of these it makes numbers.
    found = numpy.array(numpy.ma.getdata(value))
    found[numpy.ma.getmaskarray(value)] = numpy.array("NaT", found.dtype)
    return found


def scalar(value: Any, budget: Budget) -> object:
    """Return a numpy scalar as the same scalar in an array would be."""
    numpy = sys.modules["numpy"]
    kind = value.dtype.kind
    if kind in "biuf":
        return _in_bulk(numpy, numpy.asarray(value).reshape(1), budget, one=True)
    if kind == "c":
        return complex(value)
    if kind == "M":
        return _moments(numpy, numpy.asarray(value))
    if kind == "m":
        return _durations(numpy, numpy.asarray(value))
    return value.item() if value.dtype.names is None else _fields(value)


def _fields(value: Any) -> object:
    return {name: value[name] for name in value.dtype.names}


def _is_masked(numpy: Any, value: Any) -> bool:
    masked = getattr(getattr(numpy, "ma", None), "MaskedArray", None)
    return masked is not None and masked in type(value).__mro__


def _in_bulk(numpy: Any, array: Any, budget: Budget, *, one: bool = False) -> Fragment:
    body = _dumped(numpy, array)
    budget.spend_bytes(len(body))
    return Fragment(body[1:-1] if one else body)


def _dumped(numpy: Any, array: Any) -> bytes:
    # Widened where orjson, or its older releases, know no such type.
    dtype = array.dtype
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        dtype = numpy.dtype("f4" if dtype.itemsize < 4 else "f8")
    with numpy.errstate(all="ignore"):  # what is too large for a double is infinite
        native = numpy.ascontiguousarray(array, dtype=dtype.newbyteorder("="))
    return dumps(native, option=OPT_SERIALIZE_NUMPY)


def _moments(numpy: Any, array: Any) -> Any:
    """Return ISO texts as exact as the unit of the array; null for NaT."""
    # It takes any for the machine's own order of bytes.
    native = array.astype(array.dtype.newbyteorder("="))
    texts = numpy.datetime_as_string(native).astype(object)
    return numpy.where(numpy.isnat(array), None, texts).tolist()


def _durations(numpy: Any, array: Any) -> object:
    """Return seconds; null for NaT. Months have none: they are counted as they are."""
    unit, count = numpy.datetime_data(array.dtype)
    numbers = array.astype("i8")
    if unit in _SECONDS or unit in _PARTS:
        seconds = numbers.astype("f8")
        seconds *= count
        if unit in _SECONDS:
            seconds *= _SECONDS[unit]
        else:
            seconds /= _PARTS[unit]
        # As numbers they are encoded in bulk, and what is none of them as null.
        return numpy.where(numpy.isnat(array), numpy.nan, seconds)
    return numpy.where(numpy.isnat(array), None, numbers.astype(object)).tolist()


def without_zeros(moments: Any) -> Any:
    """Return moments in seconds where that says the same, else as they are."""
    numpy = sys.modules["numpy"]
    if moments.dtype.kind != "M" or numpy.datetime_data(moments.dtype)[0] not in _PARTS:
        return moments
    seconds = moments.astype("M8[s]")
    return seconds if ((seconds == moments) | numpy.isnat(moments)).all() else moments


def moments_and_offsets(local: Any, moments: Any, budget: Budget) -> object:
    """Return ISO texts of what clocks show, with how far that is off the moments."""
    local = without_zeros(local)
    return in_pieces(
        local.size, lambda some: _with_offsets(local[some], moments[some]), budget
    )


def _with_offsets(local: Any, moments: Any) -> list[Any]:
    numpy = sys.modules["numpy"]
    seconds = (local - moments).astype("m8[s]").astype("i8")
    offsets, which = numpy.unique(seconds, return_inverse=True)
    ends = numpy.array([_offset(int(one)) for one in offsets], dtype=object)
    texts = numpy.datetime_as_string(local).astype(object) + ends[which]
    found: list[Any] = numpy.where(numpy.isnat(local), None, texts).tolist()
    return found


def _offset(seconds: int) -> str:
    minutes, rest = divmod(abs(seconds), 60)
    text = f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    # As Python has it for times before there were zones.
    return f"{text}:{rest:02}" if rest else text
