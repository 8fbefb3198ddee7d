"""Keys of objects, which are texts in JSON."""

from __future__ import annotations

from enum import Enum
from typing import Any

from nextmv_autotrack.encode.forms import described

# Of these orjson makes the same texts as `key_text`. A Decimal, a tuple or an object
# of the user's goes the long way.
_NATIVE_KEYS = frozenset({str, int, bool, type(None)})

_CONTAINERS = frozenset({dict, list, tuple})

# Beyond it the long way is not the slower one any more, which is bounded itself.
MAX_CONTAINERS_LOOKED_AT = 200_000


def have_keys_of_one_kind(value: object) -> bool:
    """Whether no two keys of any dict in `value` can become the same text.

    Keys of one native type cannot; `1` and `"1"` can, and orjson would write both.
    """
    seen, left = 0, [value]
    while left:
        inner: Any = left.pop()
        seen += 1
        if seen > MAX_CONTAINERS_LOOKED_AT:
            return False
        if type(inner) is dict:
            kinds = set(map(type, inner))
            if len(kinds) > 1 or not kinds <= _NATIVE_KEYS:
                return False
            inner = inner.values()
        elif type(inner) not in _CONTAINERS:
            continue
        left += [item for item in inner if type(item) in _CONTAINERS]
    return True


def key_text(key: Any) -> str:
    """Return a key as text."""
    # By type, and not by isinstance: a class may lie about itself.
    kind = type(key)
    if issubclass(kind, str):
        return str.encode(key, "utf-8", "backslashreplace").decode()
    if key is None:
        return "null"
    if kind is bool:
        return "true" if key else "false"
    if issubclass(kind, Enum):
        return key_text(key.value)
    return described(key)["repr"]


def unique(text: str, key: object, taken: dict[str, Any]) -> str:
    """Return `text`, with the type of `key` behind it when it is taken."""
    name = text
    number = 1
    while name in taken:
        number += 1
        mark = type(key).__qualname__
        name = f"{text} ({mark})" if number == 2 else f"{text} ({mark} {number})"
    return name
