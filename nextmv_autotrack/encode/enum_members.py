"""Whether a value has members of enums in it, for which orjson calls Python code.

It asks each for its `value`, without looking whether that failed: an exception there
(of the user's own, of a signal's handler, for want of stack) ends the process, and so
does another thread that shortens a list meanwhile. Members that are a str, an int, a
list or a dict as well it reads as these.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import Enum, EnumMeta
from gc import get_referents
from sys import getrefcount
from typing import Any

# Their members are switches of their functions, and in nobody's data.
_OF_LIBRARIES = sys.stdlib_module_names | {
    "click",
    "httpx",
    "numpy",
    "opentelemetry",
    "pandas",
    "rich",
}

_READ_AS_SUCH = (str, int, list, dict)
_SCALARS = frozenset({str, int, float, bool, type(None)})

_references, _found = 0, True


def holds_members(value: object) -> bool:
    """Return whether orjson would meet one, by a look at every item.

    That look takes longer than orjson does. So there is none where the program has no
    such enum: every class refers to its metaclass, so a new one changes that count.
    """
    global _references, _found  # noqa: PLW0603 -- what was seen last
    references = getrefcount(EnumMeta)
    if references != _references:
        _found = any(map(_can_be_in_data, _below(Enum)))
        _references = references
    return _found and _has_members(value)


def is_asked_for_its_value(kind: type) -> bool:
    """Return whether orjson takes an instance for a member and nothing else."""
    return type(kind) is EnumMeta and not issubclass(kind, _READ_AS_SUCH)


def _below(kind: type) -> Iterator[type]:
    for one in type.__subclasses__(kind):
        yield one
        yield from _below(one)


def _can_be_in_data(kind: type) -> bool:
    if not is_asked_for_its_value(kind):
        return False
    module: Any = kind.__module__
    return type(module) is not str or module.partition(".")[0] not in _OF_LIBRARIES


def _has_members(value: object) -> bool:
    items, seen = [value], dict[int, object]()
    while items:
        kinds = set(map(type, items))
        if kinds <= _SCALARS:
            return False
        if any(map(is_asked_for_its_value, kinds)):
            return True
        inside = {k for k in kinds if k is tuple or issubclass(k, (list, dict))}
        fresh = {
            id(item): item
            for item in items
            if type(item) in inside and id(item) not in seen
        }
        seen.update(fresh)  # keeps them, so that no other gets their id
        items = get_referents(*fresh.values())
    return False
