"""How the runs in the store are doing as a whole: counted, and what is wrong."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from nextmv_autotrack.store import lane as lanes
from nextmv_autotrack.store.lane import Lane
from nextmv_autotrack.store.stored_run import COLUMNS, StoredRun, stored_run

# Enough to see what is wrong; `list` has them all.
MAX_REJECTED_SHOWN = 100


@dataclass(frozen=True)
class Problem:
    """Why runs wait."""

    text: str | None
    """None: nothing has gone wrong yet."""
    runs: int
    due_at: float
    """When the first of them is tried again, in seconds since 1970."""


@dataclass(frozen=True)
class Account:
    """What there is in the store."""

    deliveries: dict[str, int]
    """Ended runs by how far they are on their way."""
    running: int
    waiting: list[Problem]
    rejected: list[StoredRun]
    """The newest."""
    trimmed: int
    """Runs that lost their payloads to the bounds."""
    lanes: dict[str, Lane]
    """By platform."""


def account(connection: sqlite3.Connection) -> Account:
    """Count the runs."""
    counted = connection.execute(
        "SELECT delivery, status = 'running', count(*), total(is_trimmed) FROM runs "
        "GROUP BY delivery, status = 'running'"
    ).fetchall()
    endpoints = connection.execute("SELECT endpoint FROM lanes ORDER BY endpoint")
    return Account(
        deliveries={
            delivery: n for delivery, is_running, n, _ in counted if not is_running
        },
        running=sum(n for _, is_running, n, _ in counted if is_running),
        waiting=_problems(connection),
        rejected=_rejected(connection),
        trimmed=int(sum(trimmed for *_, trimmed in counted)),
        lanes={name: lanes.load(connection, name) for (name,) in endpoints.fetchall()},
    )


def _problems(connection: sqlite3.Connection) -> list[Problem]:
    rows = connection.execute(
        "SELECT CAST(problem AS TEXT), count(*), CAST(min(due_at) AS REAL) FROM runs "
        "WHERE delivery = 'waiting' AND status <> 'running' "
        "GROUP BY problem ORDER BY count(*) DESC"
    )
    return [Problem(*row) for row in rows]


def _rejected(connection: sqlite3.Connection) -> list[StoredRun]:
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM runs WHERE delivery = 'rejected' "  # noqa: S608 -- words of ours only
        "ORDER BY id DESC LIMIT ?",
        (MAX_REJECTED_SHOWN,),
    )
    return [stored_run(row) for row in rows]
