"""The one entry: the value as it stands to orjson, and what that cannot do."""

from __future__ import annotations

import time
from functools import partial
from sys import modules
from typing import Any

from orjson import dumps

from nextmv_autotrack import safely
from nextmv_autotrack.encode.budget import (
    MAX_STEPS,
    MAX_WALK_NS,
    SHORTEST_ITEM_BYTES,
    Budget,
    NowNs,
    TooLargeError,
)
from nextmv_autotrack.encode.losses import UNENCODABLE
from nextmv_autotrack.encode.native import (
    MAX_DEPTH,
    NATIVE,
    SPARSE_DICTS,
    holds_members,
    holds_sparse_dicts,
)
from nextmv_autotrack.encode.summary import SHORTEST, summary
from nextmv_autotrack.encode.walk import CYCLE, TOO_DEEP, plain, plain_all

_UNENCODABLE_BYTES = len(UNENCODABLE)

# Where there are so many rows, another look at one costs nothing. Texts can be shared
# or differ from row to row: only when the last ones come to this many times the bound
# are they taken for what all are like.
_BYTES_OF_MANY_ROWS = 2_000
_MOST_IN_A_ROW = 100
_TEXTS_OVER = 10

# What is told of a loss: what the JSON is instead, and why.
_NOT_AT_ALL = "could not be recorded"
_TOO_LARGE = "is a summary, being over {} bytes (max_payload)"
_CUT_SHORT = (
    f"has parts left out: to look at all of it takes more than {MAX_STEPS} steps"
    f" or {MAX_WALK_NS // 10**9} seconds"
)
_CYCLIC = f"holds itself: where it does, {CYCLE} stands for it"
_DEEP = f"is nested more than {MAX_DEPTH} levels deep: below, it says {TOO_DEEP}"


def to_json(  # noqa: C901 -- with no stack left, no call more
    value: object,
    *,
    max_bytes: int,
    losses: list[str] | None = None,
    foreign: list[Any] | None = None,
    now_ns: NowNs = time.monotonic_ns,
) -> bytes:
    """Return any value as JSON: never raising, never changing it.

    What is longer than `max_bytes` becomes a summary that says so, what takes too long
    to walk is cut short; both are told to `losses`. The table of forms is in the
    package's docstring. Only Ctrl-C, and what a handler of a signal raises,
    passes through.

    Args:
        value: Any object.
        max_bytes: How long it may be.
        losses: Gets what is to be said of what was left out.
        foreign: Gets something when there was more in there than JSON has natively.
        now_ns: The time, as a walk takes it.

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
            if SPARSE_DICTS in modules and b"{}" in body and holds_sparse_dicts(value):
                body = None
            elif not foreign and len(body) <= max_bytes:
                return body
    except Exception:  # noqa: BLE001 -- a key that is no str, a cycle, a surrogate …
        body = None
    lost: list[str] = []
    try:
        if body is None:
            foreign.append(value)
        budget = Budget(max_bytes, now_ns=now_ns)
        body, lost = _with_forms(value, foreign, body, max_bytes, budget)
    except Exception:  # noqa: BLE001 -- no stack or no memory is left, not for a call either
        body = None
    except BaseException as error:
        # A class of the user's exits where even its name is asked for.
        if not safely.is_meant_for_us(error):
            raise
        body = None
    if body is None:
        lost = [_NOT_AT_ALL]
        try:
            body = UNENCODABLE if max_bytes >= _UNENCODABLE_BYTES else SHORTEST
        except RecursionError:  # some Pythons need a stack to compare
            body = SHORTEST
    if lost and losses is not None:
        losses += lost
    return body


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
        if least_bytes >= _BYTES_OF_MANY_ROWS and count <= _MOST_IN_A_ROW:
            rows = least_bytes // SHORTEST_ITEM_BYTES
            if _chars(value) * rows > _TEXTS_OVER * max_bytes:
                return True
        least_bytes *= count
        if least_bytes > max_bytes:
            return True
        value = next(reversed(value.values())) if kind is dict else value[-1]
        kind = type(value)
    if kind is not str:
        return False
    times = max(1, least_bytes // SHORTEST_ITEM_BYTES // _TEXTS_OVER)
    return len(value) * times > max_bytes


def _chars(row: Any) -> int:
    """Return how long the texts are in a dict, list or tuple."""
    items = row.values() if type(row) is dict else row
    return sum(len(item) for item in items if type(item) is str)


def _with_forms(
    value: object,
    foreign: list[Any],
    body: bytes | None,
    max_bytes: int,
    budget: Budget,
) -> tuple[bytes, list[str]]:
    """Return the JSON, and what is lost in it."""
    try:
        if body is None:
            body = _walked(value, budget)
        elif foreign:
            body = _joined(value, foreign, budget)
    except TooLargeError:
        body = None
    if body is None or len(body) > max_bytes:
        told = summary(value, max_bytes=max_bytes, body=body)
        return told, [_TOO_LARGE.format(max_bytes)]
    met = {
        _CUT_SHORT: budget.is_spent,
        _CYCLIC: budget.is_cyclic,
        _DEEP: budget.is_too_deep,
    }
    return body, [loss for loss in met if met[loss]]


def _joined(value: object, foreign: list[Any], budget: Budget) -> bytes:
    """Return the JSON with the forms of the foreign values in their places."""
    forms = iter(plain_all(foreign, budget))
    try:
        body = dumps(value, partial(next, forms), NATIVE)
    except TypeError:  # too deep with the forms in it, or changed by another thread
        body = None
    if body is None or next(forms, forms) is not forms:
        budget.begin()
        return _walked(value, budget)
    return body


def _walked(value: object, budget: Budget) -> bytes:
    return dumps(plain(value, budget))
