"""Which payloads go when a store has reached its bounds, and no more than have to.

A payload goes with the last run that needs it: one that a waiting run shares with a
delivered one goes with the waiting one, and until then both keep it. So what goes makes
as much room as it is large.

Only payloads go. Logs stay with the runs: they are bounded each (`max_log`), mostly
small beside the payloads, and what is left to understand a run by. What they take, and
the journals, and stores that were set aside, cannot be freed here: it makes no payloads
go unless that brings the store within its bound.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from nextmv_autotrack.ids import first_id_after
from nextmv_autotrack.store import disk
from nextmv_autotrack.store.connection import writing
from nextmv_autotrack.store.disk import Usage
from nextmv_autotrack.store.payloads import Payloads
from nextmv_autotrack.store.removing import (
    IN_USE,
    LAST_USE,
    OF_WAITING,
    PAYLOADS_OF_A_RUN,
    Removed,
    remove,
)

# When payloads of runs that do not wait are not enough to keep the bound, those that do
# lose theirs for nothing but the store, without journals and what was set aside; and
# payloads are left this share of the bound: if they take less, something else takes the
# room, and would go on to do so.
_LEFT_TO_PAYLOADS = 0.5

# Their names are in memory meanwhile: some 5 MB.
_MOST_AT_ONCE = 50_000

_OLD_RUNS_AT_ONCE = 500

_HAS_PAYLOADS = " OR ".join(f"{column} IS NOT NULL" for column in PAYLOADS_OF_A_RUN)
_IS_DONE_WITH = "delivery IN ('delivered', 'local') AND status <> 'running'"

_USES = " UNION ALL ".join(
    f"SELECT {column} AS digest, {LAST_USE} AS last_use FROM runs "  # noqa: S608 -- words of ours only
    f"WHERE {column} IS NOT NULL"
    for column in PAYLOADS_OF_A_RUN
)
_BY_LAST_USE = (
    "SELECT digest, max(last_use) FROM "  # noqa: S608 -- words of ours only
    f"(SELECT digest, '' AS last_use FROM payloads UNION ALL {_USES}) "
    "GROUP BY digest ORDER BY 2"
)


class Trimmed(NamedTuple):
    """What had to go for the store to stay within its bounds."""

    runs: int
    """Runs that have lost payloads."""
    waiting: int
    """Those of them that the platform still has to get."""


class _Choice(NamedTuple):
    digests: list[str]
    """The first of them, in the order in which they go."""
    last_use: str
    """Of the last of these."""
    payload_bytes: int
    """Of all of them."""


_NOTHING = _Choice([], "", 0)


def trim(
    connection: sqlite3.Connection,
    payloads: Payloads,
    path: Path,
    *,
    max_bytes: int,
    before: float,
) -> Trimmed:
    """Drop the payloads of old runs, and others until all is within `max_bytes`.

    For one process at a time: two would each drop what is too much.
    """
    runs = waiting = 0
    old = _let_go_of_old(connection, before)
    if old:
        remove_unused(connection, payloads)
    held = disk.held(connection, path)
    while held.total > max_bytes:
        done = _drop(connection, payloads, held, max_bytes)
        runs, waiting = runs + done.runs, waiting + done.waiting
        before_that, held = held, disk.held(connection, path)
        if held.total >= before_that.total:
            # It was in vain, or others write as fast: no more for now.
            break
    if disk.usage(connection, path).total > max_bytes:
        disk.give_back(connection, path, max_bytes=max_bytes)
    return Trimmed(old + runs, waiting)


def remove_unused(connection: sqlite3.Connection, payloads: Payloads) -> int:
    """Remove all payloads that no run has; return how large they were."""
    payload_bytes = 0
    while (choice := _choose(connection, 0, before=OF_WAITING)).digests:
        removed = remove(connection, payloads, choice.digests, last_use="")
        payload_bytes += removed.payload_bytes
        if not removed.payload_bytes:
            break
    return payload_bytes


def _drop(
    connection: sqlite3.Connection, payloads: Payloads, held: Usage, max_bytes: int
) -> Removed:
    """Drop what is too much, if that can be done."""
    (of_all,) = connection.execute(
        "SELECT coalesce(sum(size), 0) FROM payloads"
    ).fetchone()
    excess_bytes = held.total - max_bytes
    choice = _NOTHING
    if of_all >= excess_bytes:
        choice = _choose(connection, excess_bytes, before=OF_WAITING)
    if choice.payload_bytes < excess_bytes:
        goal_bytes = min(
            held.of_store - max_bytes, int(of_all - max_bytes * _LEFT_TO_PAYLOADS)
        )
        choice = _NOTHING
        if goal_bytes > 0:
            choice = _choose(connection, goal_bytes, before=IN_USE)
    return remove(connection, payloads, choice.digests, last_use=choice.last_use)


def _choose(connection: sqlite3.Connection, goal_bytes: int, *, before: str) -> _Choice:
    """Choose payloads of `goal_bytes` in all, whose last use sorts before `before`.

    What no run has any more goes in any case.
    """
    digests: list[str] = []
    last_use, payload_bytes = "", 0
    # Closed at once: who writes must not be in the middle of reading.
    with closing(connection.execute(_BY_LAST_USE)) as rows:
        for digest, used in rows:
            if used >= before or (used and payload_bytes >= goal_bytes):
                break
            # A payload that was lost takes no room, and its run need not wait for it.
            size = connection.execute(
                "SELECT coalesce(max(size), 0) FROM payloads WHERE digest = ?",
                (digest,),
            ).fetchone()[0]
            payload_bytes += size
            if len(digests) < _MOST_AT_ONCE:
                digests.append(digest)
                last_use = used
    return _Choice(digests, last_use, payload_bytes)


def _let_go_of_old(connection: sqlite3.Connection, before: float) -> int:
    """Let runs have no payloads any more that have got too old; return how many."""
    old = [
        run_id
        for (run_id,) in connection.execute(
            "SELECT id FROM runs WHERE id < ? AND started_at < ? "  # noqa: S608 -- words of ours only
            f"AND ({_HAS_PAYLOADS}) AND {_IS_DONE_WITH}",
            # Ids sort by when they were made: most runs are not even looked at.
            (first_id_after(before), before),
        )
    ]
    nothing = ", ".join(f"{column} = NULL" for column in PAYLOADS_OF_A_RUN)
    for start in range(0, len(old), _OLD_RUNS_AT_ONCE):
        with writing(connection):
            connection.execute(
                f"UPDATE runs SET {nothing}, is_trimmed = 1 WHERE {_IS_DONE_WITH} "  # noqa: S608 -- words of ours only
                "AND id IN (SELECT value FROM json_each(?))",
                (json.dumps(old[start : start + _OLD_RUNS_AT_ONCE]),),
            )
    return len(old)
