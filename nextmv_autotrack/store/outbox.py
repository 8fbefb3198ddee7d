"""Runs that wait for the platform: claimed by one process at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection

from nextmv_autotrack import safely
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import lane as lanes
from nextmv_autotrack.store.connection import writing
from nextmv_autotrack.store.faults import ContradictionError
from nextmv_autotrack.store.stored_run import COLUMNS, StoredRun, stored_run
from nextmv_autotrack.whereabouts import CREATE_ENDS_S, CREATE_SETTLES_S

# In these words everywhere: the index holds just these runs, and SQLite takes it for
# queries that say the same.
WAITS = "delivery = 'waiting' AND status <> 'running'"
_IS_FREE = f"{WAITS} AND endpoint = :endpoint AND claimed_by IS NULL"

# An upload id is good for 15 minutes; the last of them may be spent on the way.
UPLOAD_LIFE_S = 14 * 60.0

# A clock that was set back is no reason to wait, nor one that was ahead when it was said
# when to try again.
_DUE_AT = f"""max(
    CASE WHEN due_at > :now + {lanes.LONGEST_HOLD_S} THEN 0 ELSE coalesce(due_at, 0) END,
    CASE WHEN create_begun_at BETWEEN :now - {CREATE_SETTLES_S} AND :now
    THEN create_begun_at + {CREATE_SETTLES_S} ELSE 0 END
)"""

AT_ONCE = f"""CASE WHEN create_begun_at IS NULL THEN 0
    ELSE min(coalesce(due_at, 0), create_begun_at + {CREATE_ENDS_S}) END"""
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
    applications in `without_apps`. One that is damaged is put aside: it is rejected,
    and the others go on.

    Raises:
        ContradictionError: One of them is not found by its id: what becomes of it could
            not be kept, and nobody may send it.
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
        due = _due(connection, endpoint, now, granted, without_apps, order)
        if any(run.delivery is not Delivery.WAITING for _, run in due):
            # It would be claimed again whatever became of it.
            raise ContradictionError("a run does not wait that is told to")
        claimed = {row: run for row, run in due if run.damage is None}
        for row, run in due:
            if run.damage is not None:
                _put_aside(connection, row, run.damage)
        if claimed:
            lanes.save(connection, endpoint, lane.taken(now, len(claimed)))
        _note_claims(connection, owner, claimed)
    return [*claimed.values()]


def _note_claims(
    connection: sqlite3.Connection, owner: str, claimed: dict[int, StoredRun]
) -> None:
    # By the id, as all that becomes of it is noted later, and not by the row alone: it
    # is to be the same one (the sign keeps SQLite from looking it up).
    noted = connection.executemany(
        "UPDATE runs SET claimed_by = ? WHERE id = ? AND +rowid = ?",
        [(owner, run.id, row) for row, run in claimed.items()],
    ).rowcount
    if claimed and noted != len(claimed):
        raise ContradictionError("a run that waits is not found by its id")


def _due(  # noqa: PLR0913, PLR0917 -- all that a query needs
    connection: sqlite3.Connection,
    endpoint: str,
    now: float,
    limit: int,
    without_apps: Collection[str],
    order: str = "id",
) -> list[tuple[int, StoredRun]]:
    rows = connection.execute(
        f"SELECT rowid, {COLUMNS} FROM runs WHERE {_IS_FREE} "  # noqa: S608 -- words of ours only
        f"AND {_DUE_AT} <= :now "
        f"{_NOT_OF} ORDER BY {order} LIMIT :limit",
        {
            "endpoint": endpoint,
            "now": now,
            "without_apps": json.dumps(list(without_apps)),
            "limit": limit,
        },
    )
    return [(row, stored_run(values)) for row, *values in rows]


def _put_aside(connection: sqlite3.Connection, row: int, damage: str) -> None:
    # By its row: the id may be what is damaged.
    noted = connection.execute(
        "UPDATE runs SET delivery = 'rejected', problem = ? WHERE rowid = ?",
        (damage, row),
    ).rowcount
    if noted != 1:
        raise ContradictionError("a run that waits is not where it should be")
    safely.warn(
        f"a run is not sent: {damage}; `nextmv-autotrack status` shows it",
        "runs that are damaged",
    )


def check(connection: sqlite3.Connection) -> None:
    """See to it that the runs that wait are those that are claimed.

    Raises:
        ContradictionError: One is hidden by a damaged index, or waits only there.
    """
    facts = "SELECT id, endpoint, app_id, due_at, claimed_by, create_begun_at FROM runs"
    by_table = f"{facts} NOT INDEXED WHERE {WAITS}"
    by_index = f"{facts} INDEXED BY runs_waiting WHERE {WAITS}"
    # In one statement: others may write between two.
    found = connection.execute(
        f"SELECT 1 FROM ({by_table} EXCEPT {by_index}) UNION ALL "  # noqa: S608 -- words of ours only
        f"SELECT 1 FROM ({by_index} EXCEPT {by_table}) LIMIT 1"
    ).fetchone()
    if found is not None:
        raise ContradictionError("table and index tell other runs that wait")


def adopt(connection: sqlite3.Connection, endpoint: str) -> None:
    """Give ended runs to this platform that began while its address was not known."""
    those = f"{WAITS} AND endpoint IS NULL"
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
        "SELECT DISTINCT claimed_by, CAST(claimed_by AS BLOB) FROM runs "
        "WHERE claimed_by IS NOT NULL"
    ).fetchall()
    for claimant, as_bytes in claimants:
        if claimant != owner and not (isinstance(claimant, str) and is_alive(claimant)):
            _release(connection, as_bytes)


def release(connection: sqlite3.Connection, owner: str) -> None:
    """Give back what `owner` has claimed, and the right to be the only one to try."""
    _release(connection, owner.encode())


def _release(connection: sqlite3.Connection, owner: bytes) -> None:
    # As bytes: what is damaged need not be a text that Python can give back.
    is_claimed = "claimed_by IN (CAST(:owner AS TEXT), :owner)"
    with writing(connection):
        endpoints = connection.execute(
            f"SELECT DISTINCT endpoint FROM runs WHERE {is_claimed}",  # noqa: S608 -- words of ours only
            {"owner": owner},
        ).fetchall()
        connection.execute(
            f"UPDATE runs SET claimed_by = NULL WHERE {is_claimed}",  # noqa: S608 -- words of ours only
            {"owner": owner},
        )
        for (endpoint,) in endpoints:
            # It may have been somebody else: two that try at once do no harm.
            lanes.save(
                connection, endpoint, lanes.load(connection, endpoint).unprobed()
            )


def waiting(connection: sqlite3.Connection, owner: str | None) -> int:
    """Return how many ended runs wait, of one process or of all.

    A process that ends its journal goes on as another owner, whose name begins with
    that of the first.
    """
    sql = f"SELECT count(*) FROM runs WHERE {WAITS}"  # noqa: S608 -- words of ours only
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
        f"SELECT count(*) FROM runs WHERE {WAITS} AND (owner = ? OR owner GLOB ? "  # noqa: S608 -- words of ours only
        "OR (endpoint = ? AND (claimed_by IS NULL OR claimed_by = ?)))",
        (owner, f"{owner}-[0-9]*", endpoint, claimant),
    ).fetchone()
    return int(count)


def is_with_others(
    connection: sqlite3.Connection, owner: str | None, claimant: str
) -> bool:
    """Whether others than `claimant` have claimed runs, of one process or of any."""
    sql = (
        f"SELECT 1 FROM runs WHERE {WAITS} "  # noqa: S608 -- words of ours only
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
