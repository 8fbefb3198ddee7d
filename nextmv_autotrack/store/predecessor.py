"""A store that takes the place of another: what it holds may have been sent by that one.

A store may be damaged and set aside, or somebody removes it, or the folder with all that
is in it, while journals still have what had been moved from them.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from nextmv_autotrack.whereabouts import CREATE_ENDS_S, CREATE_SETTLES_S

# Not named like the database: whoever moves that away leaves this where it is.
_MARK_NAME = "has-store"


def is_known(path: Path) -> bool:
    """Whether there has been a database at `path`."""
    return path.with_name(_MARK_NAME).exists()


def make_known(path: Path) -> None:
    """Let it be known, when it is gone, that there has been a database at `path`."""
    mark = path.with_name(_MARK_NAME)
    if not mark.exists():
        with suppress(OSError):  # a disk that is full may be read all the same
            mark.touch(mode=0o600)


def note(connection: sqlite3.Connection) -> None:
    """Note that another store may have sent what has begun before now."""
    connection.execute(
        "INSERT OR REPLACE INTO facts VALUES ('set_aside_at', ?)", (time.time(),)
    )


def long_before(moment: float) -> float:
    """Return when a create call is taken to have begun of which there is no note.

    Of all that may have been sent hardly any was on its way just then: once it has
    been looked for, it need not wait for a slow call to end.
    """
    return moment + CREATE_SETTLES_S - CREATE_ENDS_S


def doubt(connection: sqlite3.Connection, run_ids: Iterable[str]) -> None:
    """Have runs looked for on the platform that a store before this may have sent.

    Not at once: what that one had on its way may still be at work.
    """
    found = connection.execute(
        "SELECT value FROM facts WHERE name = 'set_aside_at'"
    ).fetchone()
    if found is not None:
        (noted_at,) = found
        if not isinstance(noted_at, (int, float)):
            noted_at = time.time()  # damaged: it was before now
        connection.executemany(
            "UPDATE runs SET create_begun_at = min(started_at, ?), "
            "due_at = max(due_at, ?) "
            "WHERE id = ? AND delivery = 'waiting' AND create_begun_at IS NULL "
            "AND started_at < ?",
            [
                (long_before(noted_at), noted_at + CREATE_SETTLES_S, run_id, noted_at)
                for run_id in run_ids
            ],
        )
