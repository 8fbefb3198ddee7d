"""One step towards JSON for the types of the language and its library."""

from __future__ import annotations

import base64
import datetime as dt
import sys
from collections import UserString
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import fields
from functools import lru_cache
from itertools import islice
from types import (
    BuiltinFunctionType,
    FunctionType,
    MethodType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import Any

from orjson import Fragment

from nextmv_autotrack import safely
from nextmv_autotrack.encode.budget import Budget
from nextmv_autotrack.encode.descriptions import (
    cut,
    described_as,
    encodable,
    text_of,
    type_name,
)

Form = Callable[[Any, Budget], object]
"""Takes a value one step nearer to str, int, float, bool, None, list, dict, Fragment."""

# JSON has no largest number, its readers have: beyond a double (1.8e308) some give
# infinity and some refuse the whole document.
MAX_NUMBER_BITS = 1023
_MAX_DECIMAL_EXPONENT = 307
_MAX_DECIMAL_CHARS = 1_000

# The least and the first beyond what orjson writes as integers itself.
_MIN_NATIVE, _MAX_NATIVE = -(2**63), 2**64


class Unordered(list[Any]):
    """Items whose order means nothing: put in order of their JSON."""


def integer(value: int, budget: Budget) -> int | Fragment:
    """Return an integer that is written in full, however long it is."""
    if _MIN_NATIVE <= value < _MAX_NATIVE:
        return value
    if value.bit_length() > MAX_NUMBER_BITS:
        return described_as(cut(hex(value)), int, budget)
    return _number(int.__repr__(value), budget)


def decimal(value: Any, budget: Budget) -> object:
    """Return a number with all its digits; null for NaN and infinities."""
    # What Decimal says, and not what a class made of it may: the text goes out as it is.
    kind = sys.modules["decimal"].Decimal
    if not kind.is_finite(value):
        return None
    text = kind.__str__(value)
    if kind.adjusted(value) > _MAX_DECIMAL_EXPONENT or len(text) > _MAX_DECIMAL_CHARS:
        return cut(text)
    return _number(text, budget)


def _number(digits: str, budget: Budget) -> Fragment:
    budget.spend_bytes(len(digits))
    return Fragment(digits.encode())


def binary(value: Any, budget: Budget) -> object:
    """Return text when it is UTF-8, else `{"base64": …}`."""
    # Not by a view of it: while there is one, its owner cannot add to a bytearray.
    kind = bytearray if issubclass(type(value), bytearray) else bytes
    budget.need_bytes(kind.__len__(value))
    return _text_or_base64(kind.__getitem__(value, slice(None)))


def view(value: Any, budget: Budget) -> object:
    """Return the same of a memoryview."""
    budget.need_bytes(value.nbytes)
    return _text_or_base64(value.tobytes())


def _text_or_base64(content: bytes | bytearray) -> object:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def array(value: Any, _budget: Budget) -> object:
    """Return a tuple as a list, a named tuple as an object of its fields."""
    items = list(tuple.__iter__(value))
    names = next(
        (
            vars(kind)["_fields"]
            for kind in type(value).__mro__
            if "_fields" in vars(kind)
        ),
        None,
    )
    if type(names) is tuple and len(names) == len(items):
        return Pairs(zip(names, items, strict=True))
    return items


def _taken(items: Iterable[Any], count: int, budget: Budget) -> list[Any]:
    """Return as many as there are said to be: they may have no end."""
    budget.need_room_for(count)
    taken = list(islice(items, count))
    budget.look_at_the_clock()
    return taken


def unordered(value: Any, budget: Budget) -> object:
    """Return the items of a set: sorted if they are of types that can be."""
    return _in_order(_taken(value, len(value), budget))


def builtin_set(value: Any, budget: Budget) -> object:
    """Return the same of a set or a frozenset, whatever a class made of it."""
    kind: Any = frozenset if issubclass(type(value), frozenset) else set
    return _in_order(_taken(kind.__iter__(value), kind.__len__(value), budget))


def _in_order(items: list[Any]) -> list[Any]:
    try:
        return sorted(items) if _can_be_sorted(items) else Unordered(items)
    except Exception:  # noqa: BLE001 -- times with and without a zone; zones of the user's
        return Unordered(items)


_SORTABLE = frozenset({str, bytes, dt.date, dt.datetime})
_NUMBERS = frozenset({int, float, bool})


def _can_be_sorted(items: list[Any]) -> bool:
    kinds = {id(type(item)): type(item) for item in items}.values()
    if all(any(kind is number for number in _NUMBERS) for kind in kinds):
        return all(item == item for item in items)  # noqa: PLR0124 -- NaN is not
    return len(kinds) == 1 and any(kind is type(items[0]) for kind in _SORTABLE)


def mapping(value: Any, budget: Budget) -> object:
    """Return the items of a mapping that is no dict."""
    return Pairs(_taken(Mapping.items(value), len(value), budget))


class Pairs(list[Any]):
    """Keys and values, where two keys may be equal."""


def sequence(value: Any, budget: Budget) -> object:
    """Return the items of a sequence that is no list."""
    return _taken(value, len(value), budget)


def members(value: Any, budget: Budget) -> object:
    """Return the fields of a dataclass by name; one that was never set is left out."""
    kind: Any = type(value)
    return read_fields(value, _field_names(kind), budget)


def read_fields(value: object, names: Iterable[str], budget: Budget) -> dict[str, Any]:
    """Return fields by name, without those that were never set."""
    found: dict[str, Any] = {}
    for name in names:
        with suppress(AttributeError):
            found[name] = _field(value, name)
    budget.look_at_the_clock()
    return found


def _field(value: Any, name: str) -> object:
    try:
        found: object = object.__getattribute__(value, name)
    except AttributeError:
        raise
    except BaseException as error:
        if not safely.is_meant_for_us(error):
            raise
        return f"<unreadable: {type_name(type(error))}>"
    return found


# More dataclasses than a program has of its own.
@lru_cache(maxsize=256)
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def error(value: Any, budget: Budget) -> object:
    """Return an exception as its type and message."""
    message = text_of(value, str)
    budget.look_at_the_clock()
    return {"type": type_name(type(value)), "message": message}


def qualified_name(value: Any, _budget: Budget) -> object:
    """Return where a class or a function is found."""
    name = f"{getattr(value, '__module__', None)}.{value.__qualname__}"
    return encodable(name.removeprefix("builtins.").removeprefix("None."))


def class_name(value: Any, _budget: Budget) -> object:
    """Return where a class is found."""
    return type_name(value)


BUILTIN_FORMS: dict[type, Form] = {
    str: lambda value, _: str.__str__(value),
    int: lambda value, _: int.__int__(value),
    float: lambda value, _: float.__float__(value),
    list: lambda value, _: list.copy(value),
    dict: lambda value, _: Pairs(dict.items(value)),
    tuple: array,
    set: builtin_set,
    frozenset: builtin_set,
    type({}.keys()): sequence,
    type({}.values()): sequence,
    type({}.items()): sequence,
    bytes: binary,
    bytearray: binary,
    memoryview: view,
    UserString: lambda value, _: value.data,
    complex: lambda value, _: {"real": value.real, "imag": value.imag},
    dt.date: lambda value, _: value.isoformat(),
    dt.time: lambda value, _: value.isoformat(),
    dt.timedelta: lambda value, _: dt.timedelta.total_seconds(value),
    dt.tzinfo: lambda value, _: str(value),
    BaseException: error,
    type: class_name,
    FunctionType: qualified_name,
    BuiltinFunctionType: qualified_name,
    MethodType: qualified_name,
    MethodWrapperType: qualified_name,
    WrapperDescriptorType: qualified_name,
}
