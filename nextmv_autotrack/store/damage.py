"""A store that is damaged: moved aside, once, for a new one to begin in its place."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from nextmv_autotrack.journal import try_lock
from nextmv_autotrack.store import predecessor
from nextmv_autotrack.store.connection import connect, writing
from nextmv_autotrack.store.schema import migrate

_LOCK_NAME = "set-aside.lock"

# What belongs to a database of this name: itself, its log and its index of the log.
_SUFFIXES = ("", "-wal", "-shm")


def set_aside(path: Path) -> Path | None:
    """Move a damaged database aside and begin a new one.

    Any process may find the damage, and several at once: one of them does it, and who
    comes later finds a sound one.

    Returns:
        Where the damaged one is now; None when there is nothing to do any more.

    Raises:
        OSError: It cannot be moved.
        sqlite3.Error: The new one cannot be made.
    """
    with try_lock(path.with_name(_LOCK_NAME)) as is_ours:
        if not is_ours or _is_sound(path):
            return None
        aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
        for suffix in _SUFFIXES:
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
        _begin(path)
        return aside


def _is_sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as connection:
            (word,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error:
        return False
    return bool(word == "ok")


def _begin(path: Path) -> None:
    with closing(connect(path)) as connection:
        migrate(connection, path)
        with writing(connection):
            predecessor.note(connection)
