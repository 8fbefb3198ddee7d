"""The one entry: the value as it stands to orjson, and what that cannot do."""

from __future__ import annotations

from functools import partial
from typing import Any

from orjson import dumps

from nextmv_autotrack.encode.budget import (
    SHORTEST_ITEM_BYTES,
    Budget,
    TooLargeError,
)
from nextmv_autotrack.encode.native import MAX_DEPTH, NATIVE, holds_members
from nextmv_autotrack.encode.summary import SHORTEST, UNENCODABLE, summary
from nextmv_autotrack.encode.walk import plain, plain_all

_UNENCODABLE_BYTES = len(UNENCODABLE)


def to_json(
    value: object, *, max_bytes: int, foreign: list[Any] | None = None
) -> bytes:
    """Return any value as JSON: never raising, never changing it.

    What is longer than `max_bytes` becomes a summary that says so. The table of forms
    is in the package's docstring. Only what is no `Exception`, such as
    KeyboardInterrupt, passes through.

    Args:
        value: Any object.
        max_bytes: How long it may be.
        foreign: Gets something when there was more in there than JSON has natively.

    Example:
        >>> to_json({"capacity": 10, "stops": ("a", "b")}, max_bytes=1000)
        b'{"capacity":10,"stops":["a","b"]}'
    """
    # orjson reads lists without looking whether they still have the item: any Python
    # code it calls (ours, or another thread's meanwhile) that shortens one ends the
    # process. So it is given nothing but C to call: what it has no form for is noted
    # here and written as null, and gets its form when orjson is done.
    if foreign is None:
        foreign = []
    body = None
    try:
        if not (_is_sure_to_be_over(value, max_bytes) or holds_members(value)):
            body = dumps(value, foreign.append, NATIVE)
            if not foreign and len(body) <= max_bytes:
                return body
    except Exception:  # noqa: BLE001 -- a key that is no str, a cycle, a surrogate …
        body = None
    if body is None:
        foreign.append(value)
    try:
        return _with_forms(value, foreign, body, max_bytes)
    except Exception:  # noqa: BLE001 -- no stack or no memory is left
        try:
            return UNENCODABLE if max_bytes >= _UNENCODABLE_BYTES else SHORTEST
        except RecursionError:  # some Pythons need a stack to compare
            return SHORTEST


def _is_sure_to_be_over(value: Any, max_bytes: int) -> bool:
    """Whether it looks too large to be encoded whole, going by its last items.

    orjson cannot be stopped, and a list of lists of the same list takes no memory until
    it is written. A wrong yes costs time only: the walk decides.
    """
    least_bytes, only_children = SHORTEST_ITEM_BYTES, 0
    kind = type(value)
    while kind is dict or kind is list or kind is tuple:
        count = len(value)
        if count < 2:
            only_children += 1  # a list in itself is one without end
            if count == 0 or only_children > MAX_DEPTH:
                return count > 0
        least_bytes *= count
        if least_bytes > max_bytes:
            return True
        value = next(reversed(value.values())) if kind is dict else value[-1]
        kind = type(value)
    return kind is str and len(value) > max_bytes


def _with_forms(
    value: object, foreign: list[Any], body: bytes | None, max_bytes: int
) -> bytes:
    try:
        if body is None:
            body = _walked(value, max_bytes)
        elif foreign:
            body = _joined(value, foreign, max_bytes)
    except TooLargeError:
        body = None
    if body is None or len(body) > max_bytes:
        return summary(value, max_bytes=max_bytes, body=body)
    return body


def _joined(value: object, foreign: list[Any], max_bytes: int) -> bytes:
    """Return the JSON with the forms of the foreign values in their places."""
    forms = iter(plain_all(foreign, Budget(max_bytes)))
    try:
        body = dumps(value, partial(next, forms), NATIVE)
    except TypeError:  # too deep with the forms in it, or changed by another thread
        return _walked(value, max_bytes)
    return body if next(forms, forms) is forms else _walked(value, max_bytes)


def _walked(value: object, max_bytes: int) -> bytes:
    return dumps(plain(value, Budget(max_bytes)))
