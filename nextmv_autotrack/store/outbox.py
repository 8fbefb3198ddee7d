"""Runs that wait for the platform: claimed by one process at a time, settled once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from nextmv_autotrack.store.connection import writing
from nextmv_autotrack.store.queries import COLUMNS, StoredRun, stored_run

# In these words everywhere: the index holds just these runs, and SQLite takes it for
# queries that say the same.
_WAITS = "delivery = 'waiting' AND status <> 'running'"
_IS_DUE = f"{_WAITS} AND endpoint = ? AND due_at <= ? AND claimed_by IS NULL"

_DUE = f"SELECT {COLUMNS} FROM runs WHERE {_IS_DUE} ORDER BY id LIMIT ?"  # noqa: S608 -- words of ours only


def claim(
    connection: sqlite3.Connection, owner: str, *, endpoint: str, now: float, limit: int
) -> list[StoredRun]:
    """Take runs that are due, for `owner` alone, the oldest first."""
    due = (_DUE, (endpoint, now, limit))
    # Mostly nothing is due: no need to keep others from writing then.
    if limit <= 0 or connection.execute(*due).fetchone() is None:
        return []
    with writing(connection):
        claimed = [stored_run(row) for row in connection.execute(*due)]
        connection.executemany(
            "UPDATE runs SET claimed_by = ? WHERE id = ?",
            [(owner, run.id) for run in claimed],
        )
    return claimed


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
    """Give back what `owner` has claimed."""
    connection.execute(
        "UPDATE runs SET claimed_by = NULL WHERE claimed_by = ?", (owner,)
    )


def delivered(
    connection: sqlite3.Connection, run_id: str, platform_run_id: str
) -> None:
    """Note that the platform has the run."""
    # Whatever was noted meanwhile: it has it.
    connection.execute(
        "UPDATE runs SET delivery = 'delivered', platform_run_id = ?, problem = NULL, "
        "attempts = attempts + 1, claimed_by = NULL "
        "WHERE id = ? AND delivery <> 'delivered'",
        (platform_run_id, run_id),
    )


def postponed(
    connection: sqlite3.Connection, run_id: str, due_at: float, problem: str
) -> None:
    """Note why the run was not delivered, and when to try again."""
    connection.execute(
        "UPDATE runs SET due_at = ?, problem = ?, "
        "attempts = attempts + 1, claimed_by = NULL "
        "WHERE id = ? AND delivery = 'waiting'",
        (due_at, problem, run_id),
    )


def rejected(connection: sqlite3.Connection, run_id: str, problem: str) -> None:
    """Note that the platform will not take the run, and why."""
    connection.execute(
        "UPDATE runs SET delivery = 'rejected', problem = ?, "
        "attempts = attempts + 1, claimed_by = NULL "
        "WHERE id = ? AND delivery = 'waiting'",
        (problem, run_id),
    )


def waiting(connection: sqlite3.Connection, owner: str | None) -> int:
    """Return how many ended runs wait, of one owner or of all."""
    sql = f"SELECT count(*) FROM runs WHERE {_WAITS}"  # noqa: S608 -- words of ours only
    if owner is None:
        found = connection.execute(sql).fetchone()
    else:
        found = connection.execute(f"{sql} AND owner = ?", (owner,)).fetchone()
    count: int = found[0]
    return count


def next_due(connection: sqlite3.Connection, endpoint: str, now: float) -> float | None:
    """Return when the next unclaimed run is due, or None when none waits."""
    (due_at,) = connection.execute(
        f"SELECT min(due_at) FROM runs WHERE {_WAITS} AND endpoint = ? "  # noqa: S608 -- words of ours only
        "AND claimed_by IS NULL",
        (endpoint,),
    ).fetchone()
    return None if due_at is None else max(due_at, now)
