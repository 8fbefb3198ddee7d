"""What differs between JSON documents, in the terms of decisions: members and sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from nextmv_autotrack.cli.words import change, counted, number

# Below it documents differ in their parts, above it in what they are about.
_MAX_DEPTH = 4

# A script that reads more than that compares the documents itself.
MAX_DIFFERENCES = 500

_TEXT_CHARS = 40

_ITSELF = "(itself)"


class _Missing:
    """Stands for a member that a document does not have."""


MISSING = _Missing()


class Difference(NamedTuple):
    """A member that documents do not agree on."""

    path: str
    """Of the members that lead to it, with dots."""
    values: list[Any]
    """In each document; `MISSING` where there is none."""


def differences(documents: Sequence[Any]) -> list[Difference]:
    """Return the members that are not the same in all documents."""
    return list(islice(_differing("", list(documents), 0), MAX_DIFFERENCES))


def _differing(path: str, values: list[Any], depth: int) -> Iterator[Difference]:
    if all(_is_same(value, values[0]) for value in values):
        return
    objects = [value for value in values if isinstance(value, dict)]
    has_others = any(
        value is not MISSING and not isinstance(value, dict) for value in values
    )
    if has_others or len(objects) < 2 or depth == _MAX_DEPTH:
        yield Difference(path or _ITSELF, values)
        return
    for name in dict.fromkeys(name for one in objects for name in one):
        inner = [
            value.get(name, MISSING) if isinstance(value, dict) else MISSING
            for value in values
        ]
        yield from _differing(f"{path}.{name}" if path else name, inner, depth + 1)


def _is_same(one: Any, other: Any) -> bool:
    # In Python 1 is True, and in JSON it is not.
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def in_words(value: Any, first: Any) -> str:
    """Return a value in a few words, and how it differs from the first one."""
    if value is MISSING:
        return "-"
    if isinstance(value, list):
        return _list_in_words(value, first)
    if isinstance(value, dict):
        return counted(len(value), "member")
    if isinstance(value, str):
        return value if len(value) <= _TEXT_CHARS else f"{value[: _TEXT_CHARS - 3]}..."
    if isinstance(value, bool):
        return str(value).lower()
    return f"{number(value)}{_change(first, value)}"


def _list_in_words(value: list[Any], first: Any) -> str:
    words = counted(len(value), "item")
    if not isinstance(first, list) or value == first:
        return words
    if len(value) != len(first):
        return f"{words} ({len(value) - len(first):+})"
    others = sum(one != other for one, other in zip(value, first, strict=True))
    return f"{words} ({others} changed)"


def _change(first: Any, value: Any) -> str:
    are_numbers = all(
        isinstance(one, (int, float)) and not isinstance(one, bool)
        for one in (first, value)
    )
    if not are_numbers or first == value:
        return ""
    return f" ({change(first, value)})"


def in_json(value: Any) -> Any:
    """Return a value for scripts; of what holds others only how many they are."""
    if value is MISSING:
        return None
    if isinstance(value, list):
        return {"items": len(value)}
    return {"members": len(value)} if isinstance(value, dict) else value
