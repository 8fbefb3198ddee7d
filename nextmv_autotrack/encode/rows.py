"""Many small lists and dicts at once: what orjson takes as it is needs no walk."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from orjson import Fragment, dumps

from nextmv_autotrack.encode.budget import SHORTEST_ITEM_BYTES, Budget
from nextmv_autotrack.encode.native import NATIVE, holds_members, holds_sparse_dicts

# Between two looks at how many bytes they have come to.
_ROWS_AT_ONCE = 1_000

# Of a column that other libraries hold, so many are Python's objects at a time.
ROWS_OF_A_PIECE = 100_000


def in_bulk(rows: list[Any], budget: Budget) -> Fragment | list[Any]:
    """Return the JSON of the rows, or the rows when they have to be walked."""
    body = _body(rows, budget)
    return rows if body is None else Fragment(b"[" + body + b"]")


def in_pieces(
    count: int, rows_of: Callable[[slice], list[Any]], budget: Budget
) -> Fragment | list[Any]:
    """Return the JSON of rows that are made piece by piece, so that few exist at once.

    All of them, made, when they have to be walked.
    """
    bytes_left, bodies = budget.bytes_left, []
    for at in range(0, count, ROWS_OF_A_PIECE):
        if at and not budget.has_time():
            budget.is_spent = True
            bodies.append(dumps(f"<cut: {count - at} more>"))
            break
        rows = rows_of(slice(at, at + ROWS_OF_A_PIECE))
        body = _body(rows, budget)
        if body is None:
            budget.bytes_left = bytes_left
            return rows if count <= ROWS_OF_A_PIECE else rows_of(slice(0, count))
        bodies.append(body)
    return Fragment(b"[" + b",".join(bodies) + b"]")


def _body(rows: list[Any], budget: Budget) -> bytes | None:
    try:
        if holds_members(rows) or holds_sparse_dicts(rows):
            return None
        return _joined(rows, budget)
    except TypeError:  # something orjson has no form for, or a key that is no text
        return None


def _joined(rows: list[Any], budget: Budget) -> bytes:
    left, bodies, taken = iter(rows), [], 0
    while some := list(islice(left, _ROWS_AT_ONCE)):
        body = dumps(some, option=NATIVE)
        taken += len(body) - SHORTEST_ITEM_BYTES
        budget.need_bytes(taken)
        bodies.append(body[1:-1])
    budget.spend_bytes(taken)
    return b",".join(bodies)
