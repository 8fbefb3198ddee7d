"""Runs that wait for the platform: claimed by one process at a time, settled once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable

from nextmv_autotrack.store import lane as lanes
from nextmv_autotrack.store.changes import (
    Change,
    Delivered,
    Postponed,
    Rejected,
    Uploaded,
)
from nextmv_autotrack.store.connection import writing
from nextmv_autotrack.store.lane import Lane
from nextmv_autotrack.store.queries import COLUMNS, StoredRun, stored_run

# In these words everywhere: the index holds just these runs, and SQLite takes it for
# queries that say the same.
_WAITS = "delivery = 'waiting' AND status <> 'running'"
_IS_FREE = f"{_WAITS} AND endpoint = :endpoint AND claimed_by IS NULL"

# An upload id is good for 15 minutes; the last of them may be spent on the way.
UPLOAD_LIFE_S = 14 * 60.0

# A create call whose answer is lost may still be at work: nobody looks for its run
# before it has had the time to end. A clock that was set back is no reason to wait.
CREATE_SETTLES_S = 5.0

# By then it has ended, or has settled after its answer was lost.
CREATE_ENDS_S = 60.0

# Nor is one that was ahead when it was said when to try again.
_DUE_AT = f"""max(
    CASE WHEN due_at > :now + {lanes.LONGEST_HOLD_S} THEN 0 ELSE due_at END,
    CASE WHEN create_begun_at BETWEEN :now - {CREATE_SETTLES_S} AND :now
    THEN create_begun_at + {CREATE_SETTLES_S} ELSE 0 END
)"""

AT_ONCE = f"""CASE WHEN create_begun_at IS NULL THEN 0
    ELSE min(due_at, create_begun_at + {CREATE_ENDS_S}) END"""
"""When a run is due that is asked for: at once, if nobody may still be creating it."""

_NOT_OF = "AND coalesce(app_id, '') NOT IN (SELECT value FROM json_each(:without_apps))"


def claim(  # noqa: PLR0913 -- by name
    connection: sqlite3.Connection,
    owner: str,
    *,
    endpoint: str,
    now: float,
    limit: int,
    without_apps: Collection[str] = (),
) -> list[StoredRun]:
    """Take runs that are due, for `owner` alone, the oldest first.

    At most as many as all processes of the machine together may send now; none of the
    applications in `without_apps`.
    """
    # Mostly there is nothing to do: no need to keep others from writing then.
    if limit <= 0 or not _due(connection, endpoint, now, 1, without_apps):
        return []
    if not lanes.load(connection, endpoint).grant(now, limit):
        return []
    with writing(connection):
        lane = lanes.load(connection, endpoint)
        granted = lane.grant(now, limit)
        # While only one is tried at a time, every other time it is not the oldest, which
        # may be one that the platform cannot bear, but the one that was not tried for
        # longest.
        order = "due_at, id" if lane.troubles % 2 else "id"
        claimed = _due(connection, endpoint, now, granted, without_apps, order)
        if claimed:
            lanes.save(connection, endpoint, lane.taken(now, len(claimed)))
        connection.executemany(
            "UPDATE runs SET claimed_by = ? WHERE id = ?",
            [(owner, run.id) for run in claimed],
        )
    return claimed


def _due(  # noqa: PLR0913, PLR0917 -- all that a query needs
    connection: sqlite3.Connection,
    endpoint: str,
    now: float,
    limit: int,
    without_apps: Collection[str],
    order: str = "id",
) -> list[StoredRun]:
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM runs WHERE {_IS_FREE} "  # noqa: S608 -- words of ours only
        f"AND {_DUE_AT} <= :now "
        f"{_NOT_OF} ORDER BY {order} LIMIT :limit",
        {
            "endpoint": endpoint,
            "now": now,
            "without_apps": json.dumps(list(without_apps)),
            "limit": limit,
        },
    )
    return [stored_run(row) for row in rows]


def adopt(connection: sqlite3.Connection, endpoint: str) -> None:
    """Give ended runs to this platform that began while its address was not known."""
    those = f"{_WAITS} AND endpoint IS NULL"
    # There are hardly ever any, and to look takes no lock that others wait for.
    if connection.execute(f"SELECT 1 FROM runs WHERE {those} LIMIT 1").fetchone():  # noqa: S608 -- words of ours only
        connection.execute(f"UPDATE runs SET endpoint = ? WHERE {those}", (endpoint,))  # noqa: S608 -- as above


def void_claims_of_the_dead(
    connection: sqlite3.Connection, owner: str, is_alive: Callable[[str], bool]
) -> None:
    """Give back what dead processes have claimed; `owner` is the one that asks."""
    # By death and not by age: a claim is as good as its process, however long that
    # was suspended and wherever the clock has jumped.
    claimants = connection.execute(
        "SELECT DISTINCT claimed_by FROM runs WHERE claimed_by IS NOT NULL"
    ).fetchall()
    for (claimant,) in claimants:
        if claimant != owner and not is_alive(claimant):
            release(connection, claimant)


def release(connection: sqlite3.Connection, owner: str) -> None:
    """Give back what `owner` has claimed, and the right to be the only one to try."""
    with writing(connection):
        endpoints = connection.execute(
            "SELECT DISTINCT endpoint FROM runs WHERE claimed_by = ?", (owner,)
        ).fetchall()
        connection.execute(
            "UPDATE runs SET claimed_by = NULL WHERE claimed_by = ?", (owner,)
        )
        for (endpoint,) in endpoints:
            # It may have been somebody else: two that try at once do no harm.
            lanes.save(
                connection, endpoint, lanes.load(connection, endpoint).unprobed()
            )


def settle(
    connection: sqlite3.Connection,
    endpoint: str,
    changes: Iterable[Change],
    change_lane: Callable[[Lane], Lane],
) -> None:
    """Keep what has become of runs, and of the way to the platform: all or nothing."""
    with writing(connection):
        for change in changes:
            _keep(connection, change)
        before = lanes.load(connection, endpoint)
        after = change_lane(before)
        if after != before:
            lanes.save(connection, endpoint, after)


def _keep(connection: sqlite3.Connection, change: Change) -> None:
    match change:
        case Uploaded():
            _uploaded(connection, change)
        case Delivered():
            _delivered(connection, change)
        case Postponed():
            _postponed(connection, change)
        case Rejected():
            _rejected(connection, change)


def _uploaded(connection: sqlite3.Connection, change: Uploaded) -> None:
    # One that is used again is no younger for it.
    connection.executemany(
        "INSERT INTO uploads VALUES (?, ?, ?, ?) "
        "ON CONFLICT (run_id, part) DO UPDATE "
        "SET upload_id = excluded.upload_id, uploaded_at = excluded.uploaded_at "
        "WHERE upload_id <> excluded.upload_id",
        [
            (change.run_id, part, upload_id, change.begun_at)
            for part, upload_id in change.uploads.items()
        ],
    )
    if change.create_begins_at is not None:
        connection.execute(
            "UPDATE runs SET create_begun_at = ? WHERE id = ?",
            (change.create_begins_at, change.run_id),
        )


def _delivered(connection: sqlite3.Connection, change: Delivered) -> None:
    # Whatever was noted meanwhile: it has it.
    connection.execute(
        "UPDATE runs SET delivery = 'delivered', platform_run_id = ?, problem = NULL, "
        "attempts = attempts + 1, claimed_by = NULL, create_begun_at = NULL "
        "WHERE id = ? AND delivery <> 'delivered'",
        (change.platform_run_id, change.run_id),
    )
    _forget_uploads(connection, change.run_id)


def _postponed(connection: sqlite3.Connection, change: Postponed) -> None:
    connection.execute(
        "UPDATE runs SET due_at = ?, problem = ?, "
        "attempts = attempts + 1, claimed_by = NULL, "
        "create_begun_at = CASE WHEN ? THEN NULL ELSE create_begun_at END "
        "WHERE id = ? AND delivery = 'waiting'",
        (change.due_at, change.problem, change.is_surely_not_created, change.run_id),
    )
    if change.is_uploaded_anew:
        _forget_uploads(connection, change.run_id)


def _rejected(connection: sqlite3.Connection, change: Rejected) -> None:
    connection.execute(
        "UPDATE runs SET delivery = 'rejected', problem = ?, "
        "attempts = attempts + 1, claimed_by = NULL, create_begun_at = NULL "
        "WHERE id = ? AND delivery = 'waiting'",
        (change.problem, change.run_id),
    )
    _forget_uploads(connection, change.run_id)


def _forget_uploads(connection: sqlite3.Connection, run_id: str) -> None:
    connection.execute("DELETE FROM uploads WHERE run_id = ?", (run_id,))


def uploads(connection: sqlite3.Connection, run_id: str, now: float) -> dict[str, str]:
    """Return the upload id of each part that the platform has, and still knows."""
    rows = connection.execute(
        "SELECT part, upload_id FROM uploads "
        "WHERE run_id = ? AND uploaded_at BETWEEN ? AND ?",
        (run_id, now - UPLOAD_LIFE_S, now),
    )
    return dict(rows.fetchall())


def waiting(connection: sqlite3.Connection, owner: str | None) -> int:
    """Return how many ended runs wait, of one process or of all.

    A process that ends its journal goes on as another owner, whose name begins with
    that of the first.
    """
    sql = f"SELECT count(*) FROM runs WHERE {_WAITS}"  # noqa: S608 -- words of ours only
    if owner is None:
        found = connection.execute(sql).fetchone()
    else:
        found = connection.execute(
            f"{sql} AND (owner = ? OR owner GLOB ?)", (owner, f"{owner}-[0-9]*")
        ).fetchone()
    count: int = found[0]
    return count


def waiting_here(
    connection: sqlite3.Connection, owner: str, claimant: str, endpoint: str
) -> int:
    """Return how many ended runs wait, of one process or for anybody to send them."""
    (count,) = connection.execute(
        f"SELECT count(*) FROM runs WHERE {_WAITS} AND (owner = ? OR owner GLOB ? "  # noqa: S608 -- words of ours only
        "OR (endpoint = ? AND (claimed_by IS NULL OR claimed_by = ?)))",
        (owner, f"{owner}-[0-9]*", endpoint, claimant),
    ).fetchone()
    return int(count)


def is_with_others(
    connection: sqlite3.Connection, owner: str | None, claimant: str
) -> bool:
    """Whether others than `claimant` have claimed runs, of one process or of any."""
    sql = (
        f"SELECT 1 FROM runs WHERE {_WAITS} "  # noqa: S608 -- words of ours only
        "AND claimed_by IS NOT NULL AND claimed_by <> ? "
    )
    if owner is None:
        return connection.execute(f"{sql} LIMIT 1", (claimant,)).fetchone() is not None
    found = connection.execute(
        f"{sql} AND (owner = ? OR owner GLOB ?) LIMIT 1",
        (claimant, owner, f"{owner}-[0-9]*"),
    ).fetchone()
    return found is not None


def next_due(
    connection: sqlite3.Connection,
    endpoint: str,
    now: float,
    without_apps: Collection[str] = (),
) -> float | None:
    """Return when to claim next: `now` or later; None when nothing waits unclaimed."""
    (due_at,) = connection.execute(
        f"SELECT min({_DUE_AT}) FROM runs WHERE {_IS_FREE} {_NOT_OF}",  # noqa: S608 -- words of ours only
        {
            "endpoint": endpoint,
            "now": now,
            "without_apps": json.dumps(list(without_apps)),
        },
    ).fetchone()
    if due_at is None:
        return None
    opens_at: float = max(due_at, lanes.load(connection, endpoint).opens_at(now))
    return opens_at
