"""Where the processes of runs ran: equal environments are kept once.

A run has the environment of its owner. What an owner runs in may change while it lives,
such as the packages it has loaded: then it has several, and a run the one of its end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from nextmv_autotrack.store.connection import insert

# What is noted so soon after the end of a run was there when it ended: it is looked
# at now and then only.
_NOTED_LATE_S = 1.0

# What is not known is not told to anybody.
_NOT_SHARED = "none"


class EnvironmentRow(NamedTuple):
    """An environment as the database keeps it."""

    digest: str
    content: str


class NotedEnvironment(NamedTuple):
    """What one owner has noted of where it runs."""

    owner: str
    noted_at: float
    """Seconds since 1970."""
    is_whole: bool
    """Whether it was looked for; else it is what is known without."""
    shared: str
    """What the platform is told of it: the setting `environment`."""
    row: EnvironmentRow


class Environment(NamedTuple):
    """Where a run was made."""

    content: dict[str, Any]
    shared: str
    """What the platform is told of it."""


NOTHING_KNOWN = Environment({}, _NOT_SHARED)


def environment_row(content: bytes) -> EnvironmentRow:
    """Return the row of an environment.

    Raises:
        ValueError: It is no JSON.
        TypeError: It is no object.
    """
    if not isinstance(orjson.loads(content), dict):
        raise TypeError("an environment is an object")
    return EnvironmentRow(sha256(content).hexdigest(), content.decode())


def note(connection: sqlite3.Connection, noted: Iterable[NotedEnvironment]) -> None:
    """Keep what owners have noted; in a transaction."""
    for one in noted:
        insert(connection, "OR IGNORE INTO environments (digest, content)", [one.row])
        if one.is_whole:
            connection.execute(
                "DELETE FROM circumstances WHERE owner = ? AND NOT is_whole",
                (one.owner,),
            )
        connection.execute(
            "INSERT OR REPLACE INTO circumstances "
            "(owner, noted_at, is_whole, shared, digest) VALUES (?, ?, ?, ?, ?)",
            (one.owner, one.noted_at, one.is_whole, one.shared, one.row.digest),
        )


def environment(
    connection: sqlite3.Connection, owner: str, ended_at: float | None
) -> Environment:
    """Return the environment of a run of `owner`, as it was when the run ended."""
    found = connection.execute(
        "SELECT noted_at, shared, content "
        "FROM circumstances LEFT JOIN environments USING (digest) "
        "WHERE owner = ? ORDER BY noted_at",
        (owner,),
    ).fetchall()
    if not found:
        return NOTHING_KNOWN
    by_then = [
        row
        for row in found
        if ended_at is None
        or (isinstance(row[0], float) and row[0] <= ended_at + _NOTED_LATE_S)
    ]
    _, shared, content = by_then[-1] if by_then else found[0]
    return Environment(_object(content), str(shared))


def _object(content: Any) -> dict[str, Any]:
    with suppress(ValueError):  # damaged, or lost: nothing is known
        read = orjson.loads(content or b"{}")
        return read if isinstance(read, dict) else {}
    return {}


def remove_unused(connection: sqlite3.Connection) -> None:
    """Remove what owners have noted of whom there are neither runs nor a journal."""
    connection.execute(
        "DELETE FROM circumstances WHERE owner NOT IN (SELECT owner FROM runs) "
        "AND owner NOT IN (SELECT owner FROM journals)"
    )
    connection.execute(
        "DELETE FROM environments WHERE digest NOT IN (SELECT digest FROM circumstances)"
    )
