"""The disk that a store takes: counted, and given back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from nextmv_autotrack.store.connection import BUSY_TIMEOUT_S

# Pages that are given back in one transaction: 4 MB, which takes some milliseconds.
_PAGES_AT_ONCE = 1000

# Others can write only once the log has been cut back: no reader is waited for longer.
_CUT_TIMEOUT_S = 0.1


class Usage(NamedTuple):
    """Bytes on the disk."""

    database: int
    """With its log."""
    payloads: int
    """In files of their own."""
    journals: int
    damaged: int
    """Stores that were set aside."""

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self)

    @property
    def of_store(self) -> int:
        """Without journals, which go by themselves, and what was set aside."""
        return self.database + self.payloads


def usage(connection: sqlite3.Connection, path: Path) -> Usage:
    """Return how much disk a store and the journals take."""
    # The index has only those with files: small ones would have all be read.
    (payload_bytes,) = connection.execute(
        "SELECT coalesce(sum(size), 0) FROM payloads WHERE content IS NULL"
    ).fetchone()
    return Usage(
        database=_sizes([path, path.with_name(f"{path.name}-wal")]),
        payloads=payload_bytes,
        journals=_sizes((path.parent / "journals").glob("*")),
        damaged=_sizes(path.parent.glob(f"{path.name}.damaged-*")),
    )


def held(connection: sqlite3.Connection, path: Path) -> Usage:
    """Return how much of that only a removal can make free.

    The log goes by itself, and what is free in the database is written to first.
    """
    pages, free_pages = _pages(connection)
    database = (pages - free_pages) * _page_bytes(connection)
    return usage(connection, path)._replace(database=database)


def give_back(
    connection: sqlite3.Connection, path: Path, *, max_bytes: int = 0
) -> None:
    """Let the system have what is free in the database, down to `max_bytes` in all."""
    page_bytes = _page_bytes(connection)
    pages, free_pages = _pages(connection)
    too_much = held(connection, path).total + free_pages * page_bytes - max_bytes
    keeps_pages = pages - min(free_pages, -(-too_much // page_bytes))
    while pages > keeps_pages:
        at_once = min(pages - keeps_pages, _PAGES_AT_ONCE)
        # As a script: any other way, the module stops it after the first page.
        connection.executescript(f"PRAGMA incremental_vacuum({at_once})")
        pages, before = _pages(connection)[0], pages
        if pages >= before:
            break
    _cut_log(connection)


def _cut_log(connection: sqlite3.Connection) -> None:
    """Bring what is in the log into the database, unless somebody is reading."""
    connection.execute(f"PRAGMA busy_timeout = {_CUT_TIMEOUT_S * 1000:.0f}")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000:.0f}")


def _pages(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return how many pages a database has, and how many of them are free."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free_pages,) = connection.execute("PRAGMA freelist_count").fetchone()
    return pages, free_pages


def _page_bytes(connection: sqlite3.Connection) -> int:
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    return int(page_bytes)


def _sizes(files: Iterable[Path]) -> int:
    size = 0
    with suppress(OSError):  # the folder may not be there
        for file in files:
            with suppress(FileNotFoundError):  # nor the file any more
                size += file.stat().st_size
    return size
