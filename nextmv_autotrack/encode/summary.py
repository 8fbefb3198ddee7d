"""What stands for a value that is larger than allowed: what it is, and its head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any

from orjson import dumps

from nextmv_autotrack.encode.budget import Budget
from nextmv_autotrack.encode.builtin_values import Form
from nextmv_autotrack.encode.descriptions import type_name
from nextmv_autotrack.encode.extents import extent, parts_of
from nextmv_autotrack.encode.forms import form_of
from nextmv_autotrack.encode.numpy_values import ndarray
from nextmv_autotrack.encode.structures import graph, sparse
from nextmv_autotrack.encode.tables import SLICED
from nextmv_autotrack.encode.walk import plain

# Enough to see what it was.
_HEAD_CHARS = 300
_HEAD_ITEMS = 10
_HEAD_STEPS = 200
_HEAD_NS = 200_000_000

_FIRST_OF: dict[Form, Callable[[Any], object]] = {
    ndarray: lambda value: value.flat[:_HEAD_ITEMS],
    graph: lambda value: list(islice(value.edges(data=True), _HEAD_ITEMS)),
    sparse: lambda value: value.data[:_HEAD_ITEMS],
    **dict.fromkeys(SLICED, lambda value: value[:_HEAD_ITEMS]),
}

# For bounds too small for any summary.
_SHORTER = (b'{"truncated":true}', b"null")
SHORTEST = b"0"


def summary(value: object, *, max_bytes: int, body: bytes | None = None) -> bytes:
    """Return a small document on the value, shorter than `max_bytes`."""
    told: dict[str, Any] = {"truncated": True, "type": type_name(type(value))}
    if body is not None:
        told["bytes"] = len(body)
    # With a head, as all have: it is what one is told by.
    least = {**told, "head": None}
    told.update(extent(value))
    told["head"] = (
        _head(value) if body is None else body[:_HEAD_CHARS].decode("utf-8", "ignore")
    )
    found = [] if told["head"] is not None else _with_parts(told, value)
    candidates = [*found, dumps(told), dumps(least), *_SHORTER]
    return next((text for text in candidates if len(text) <= max_bytes), SHORTEST)


def _with_parts(told: dict[str, Any], value: object) -> list[bytes]:
    """Return the same with what its parts are, for what has no head to show."""
    try:
        parts = parts_of(value)
        return [dumps({**told, "parts": parts})] if parts else []
    except Exception:  # noqa: BLE001 -- code of the user's
        return []


def _head(value: Any) -> str | None:
    """Return how the JSON would begin, at the cost of a few items."""
    try:
        first = _first_items(value)
        text = dumps(plain(first, _budget_of_a_head()))
        return text[:_HEAD_CHARS].decode("utf-8", "ignore")
    except Exception:  # noqa: BLE001 -- its first item may be what is too large
        return None


def _budget_of_a_head() -> Budget:
    return Budget(10 * _HEAD_CHARS, steps=_HEAD_STEPS, max_ns=_HEAD_NS)


def _first_items(value: Any) -> object:
    kind = type(value)
    for text in (str, bytes, bytearray):
        if issubclass(kind, text):
            return text.__getitem__(value, slice(_HEAD_CHARS))
    if kind is dict:
        return dict(islice(value.items(), _HEAD_ITEMS))
    first = _FIRST_OF.get(form_of(kind))
    if first is not None:
        return first(value)
    # Of the rest only what can be looked at twice: nobody's generator is consumed. Its
    # class says what it is; the value itself may lie.
    is_container = issubclass(kind, (Sequence, AbstractSet))
    return list(islice(value, _HEAD_ITEMS)) if is_container else value
