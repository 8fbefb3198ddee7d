"""From a damaged database into a new one: all rows that can still be read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from nextmv_autotrack.store import predecessor
from nextmv_autotrack.store.connection import connect, read_text, writing
from nextmv_autotrack.whereabouts import CREATE_SETTLES_S

# Runs last: a run is only there with what belongs to it.
_TABLES = {
    "payloads": "rowid",
    "logs": "rowid",
    "uploads": "run_id",
    "lanes": "endpoint",
    "processes": "owner",
    "journals": "owner",
    "environments": "rowid",
    "circumstances": "owner",
    "runs": "rowid",
}


def salvage(old: Path, new: Path) -> int:
    """Copy what can be read of the rows; return how many runs that is.

    A run that waits is looked for on the platform before it is sent: a process that has
    the old one open still may be sending it.

    Raises:
        sqlite3.Error: The new one cannot be written.
    """
    uri = f"{old.absolute().as_uri()}?mode=rw"
    with (
        closing(sqlite3.connect(uri, uri=True)) as damaged,
        closing(connect(new)) as connection,
    ):
        damaged.text_factory = read_text
        with writing(connection):
            for table, key in _TABLES.items():
                _copy(damaged, connection, table, key)
            return _doubt(connection)


def _copy(
    damaged: sqlite3.Connection, connection: sqlite3.Connection, table: str, key: str
) -> None:
    # The old one may be of a version that has fewer of them.
    columns = ", ".join(
        name for name in _columns(connection, table) if name in _columns(damaged, table)
    )
    if not columns:
        return
    values = ", ".join("?" * (columns.count(",") + 1))
    # From both ends, up to what cannot be read.
    for order in ("ASC", "DESC"):
        connection.executemany(
            f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({values})",  # noqa: S608 -- words of ours only
            _rows(damaged, f"SELECT {columns} FROM {table} ORDER BY {key} {order}"),  # noqa: S608 -- words of ours only
        )


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in _rows(connection, f"PRAGMA table_info({table})")]


def _rows(damaged: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    try:
        yield from damaged.execute(query)
    except (sqlite3.Error, UnicodeDecodeError):
        return


def _doubt(connection: sqlite3.Connection) -> int:
    now = time.time()
    connection.execute(
        "UPDATE runs SET due_at = max(due_at, ?), "
        "create_begun_at = coalesce(create_begun_at, min(started_at, ?)) "
        "WHERE delivery = 'waiting'",
        (now + CREATE_SETTLES_S, predecessor.long_before(now)),
    )
    (runs,) = connection.execute("SELECT count(*) FROM runs").fetchone()
    return int(runs)
