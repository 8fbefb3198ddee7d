"""One step towards JSON for numpy's arrays and scalars; numpy is never imported."""

from __future__ import annotations

import sys
from typing import Any

from orjson import OPT_SERIALIZE_NUMPY, Fragment, dumps

from nextmv_autotrack.encode.budget import Budget

# The shortest items: `0.0,` and `true,` and `1,`.
_SHORTEST_BYTES = {"f": 4, "b": 5}
_SHORTEST_OTHER_BYTES = 2


def ndarray(value: Any, budget: Budget) -> object:
    """Return an array as nested lists, encoded in bulk where it is numbers."""
    numpy = sys.modules["numpy"]
    kind = value.dtype.kind
    budget_needed = value.size * _SHORTEST_BYTES.get(kind, _SHORTEST_OTHER_BYTES)
    if budget_needed > budget.bytes_left:
        budget.spend_bytes(budget_needed)
    if _is_masked(numpy, value):
        return value.tolist()
    plain = numpy.asarray(value)
    if plain.ndim == 0:
        return plain.item() if kind == "O" else plain[()]
    if kind in "biuf":
        return _in_bulk(numpy, plain, budget)
    if kind == "M":
        return _moments(numpy, plain)
    if kind == "m":
        return _durations(numpy, plain)
    return list(plain) if kind == "V" else plain.tolist()


def scalar(value: Any, budget: Budget) -> object:
    """Return a numpy scalar as the same scalar in an array would be."""
    numpy = sys.modules["numpy"]
    kind = value.dtype.kind
    if kind in "biuf":
        return _in_bulk(numpy, numpy.asarray(value).reshape(1), budget, one=True)
    if kind == "c":
        return {"real": value.real, "imag": value.imag}
    if kind == "M":
        return _moments(numpy, numpy.asarray(value))
    if kind == "m":
        return _durations(numpy, numpy.asarray(value))
    if value.dtype.names is not None:
        return {name: value[name] for name in value.dtype.names}
    return value.item()


def _is_masked(numpy: Any, value: Any) -> bool:
    masked = getattr(getattr(numpy, "ma", None), "MaskedArray", None)
    return masked is not None and masked in type(value).__mro__


def _in_bulk(numpy: Any, array: Any, budget: Budget, *, one: bool = False) -> Fragment:
    # Widened where orjson, or its older releases, know no such type.
    dtype = array.dtype
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        dtype = numpy.dtype("f4" if dtype.itemsize < 4 else "f8")
    native = numpy.ascontiguousarray(array, dtype=dtype.newbyteorder("="))
    body = dumps(native, option=OPT_SERIALIZE_NUMPY)
    budget.spend_bytes(len(body))
    return Fragment(body[1:-1] if one else body)


def _moments(numpy: Any, array: Any) -> object:
    """Return ISO texts as exact as the unit of the array; null for NaT."""
    texts = numpy.datetime_as_string(array).astype(object)
    return numpy.where(numpy.isnat(array), None, texts).tolist()


def _durations(numpy: Any, array: Any) -> object:
    """Return seconds; null for NaT. Months have none: they are counted as they are."""
    unit, _ = numpy.datetime_data(array.dtype)
    if unit in ("Y", "M", "generic"):
        numbers = array.astype("i8").astype(object)
    else:
        numbers = (array / numpy.timedelta64(1, "s")).astype(object)
    return numpy.where(numpy.isnat(array), None, numbers).tolist()
