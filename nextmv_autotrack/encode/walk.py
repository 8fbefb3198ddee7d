"""The long way: a copy of a value, made step by step, that orjson can write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from typing import Any

from orjson import Fragment

from nextmv_autotrack.encode.keys import key_text, unique

# orjson stops at 254 levels, and each level of the walk takes two frames of the stack
# of the user's thread.
MAX_DEPTH = 100

# A step takes about a microsecond: half a second at the most, on the user's thread.
MAX_STEPS = 500_000

CYCLE = "<cycle>"
TOO_DEEP = "<nested too deep>"
LEFT_OUT = "<left out>"

_AS_THEY_ARE = frozenset({type(None), bool, float, Fragment})

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


class Walk:
    """Makes the copy of one value; counts its steps and knows where it is."""

    def __init__(self, form: Callable[[object], Any]) -> None:
        self._form = form
        self._around: set[int] = set()
        self._steps = 0

    def plain(self, value: Any) -> Any:
        """Return `value` as dicts, lists and what else orjson writes by itself."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            return LEFT_OUT
        kind = type(value)
        if kind in _AS_THEY_ARE:
            return value
        if issubclass(kind, int):
            return _integer(int.__int__(value))
        if issubclass(kind, str):
            return str.encode(value, "utf-8", "backslashreplace").decode()
        return self._inside(value)

    def _inside(self, value: Any) -> Any:
        if id(value) in self._around:
            return CYCLE
        if len(self._around) >= MAX_DEPTH:
            return TOO_DEEP
        self._around.add(id(value))
        try:
            return self._container(value)
        finally:
            self._around.discard(id(value))

    def _container(self, value: Any) -> Any:
        kind = type(value)
        if issubclass(kind, dict):
            # A list first: what the user's code does meanwhile cannot disturb it.
            return self._object(list(dict.items(value)))
        if issubclass(kind, list):
            return [self.plain(item) for item in list.copy(value)]
        if is_dataclass(kind):
            return self._object(_attributes(value))
        return self.plain(self._form(value))

    def _object(self, items: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            found[unique(key_text(key), key, found)] = self.plain(value)
        return found


def _integer(value: int) -> Any:
    if _SMALLEST <= value <= _LARGEST:
        return value
    try:
        return Fragment(str(value).encode("ascii"))
    except ValueError:
        # Python refuses to write integers of thousands of digits.
        return hex(value)


def _attributes(value: Any) -> list[tuple[str, Any]]:
    """The attributes that orjson takes from a dataclass."""
    if hasattr(value, "__dict__"):
        found = list(vars(value).items())
    else:
        found = [(item.name, getattr(value, item.name)) for item in fields(value)]
    return [(name, item) for name, item in found if not name.startswith("_")]
