"""Many small lists and dicts at once: what orjson takes as it is needs no walk."""

from __future__ import annotations

from itertools import islice
from typing import Any

from orjson import Fragment, dumps

from nextmv_autotrack.encode.budget import SHORTEST_ITEM_BYTES, Budget
from nextmv_autotrack.encode.native import NATIVE, holds_members, holds_sparse_dicts

# Between two looks at how many bytes they have come to.
_ROWS_AT_ONCE = 1_000


def in_bulk(rows: list[Any], budget: Budget) -> Fragment | list[Any]:
    """Return the JSON of the rows, or the rows when they have to be walked."""
    try:
        if holds_members(rows) or holds_sparse_dicts(rows):
            return rows
        return _joined(rows, budget)
    except TypeError:  # something orjson has no form for, or a key that is no text
        return rows


def _joined(rows: list[Any], budget: Budget) -> Fragment:
    left, bodies, taken = iter(rows), [], 0
    while some := list(islice(left, _ROWS_AT_ONCE)):
        body = dumps(some, option=NATIVE)
        taken += len(body) - SHORTEST_ITEM_BYTES
        budget.need_bytes(taken)
        bodies.append(body[1:-1])
    budget.spend_bytes(taken)
    return Fragment(b"[" + b",".join(bodies) + b"]")
