"""Errors of the database and the disk, told in our words at one place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nextmv_autotrack.errors import DamagedStoreError, StoreError

# By SQLite's own texts: its error codes reach Python from 3.11 on only.
_MEANINGS = (
    ("not a database", "is not a database or is damaged: move it away to begin anew"),
    ("malformed", "is damaged: move it away to begin anew"),
    ("readonly", "is read-only: make it writable, or set another directory"),
    ("locked", "is locked by another process for too long: try again"),
    ("full", "has no room left on its disk: free some, or set another directory"),
    ("unable to open", "cannot be opened: check its folder, or set another directory"),
    ("disk i/o", "cannot be read or written: check the disk it is on"),
    ("closed database", "has been closed: open it again"),
    ("no such", "is not a store of ours: move it away to begin anew"),
)

_DAMAGE = {_MEANINGS[0][1], _MEANINGS[1][1]}

_OTHERWISE = "cannot be used: check it, or set another directory"


@contextmanager
def told(database: Path) -> Iterator[None]:
    """Turn what SQLite and the disk raise into a StoreError, its cause kept."""
    try:
        yield
    except sqlite3.Error as error:
        words = _meaning(error)
        kind = DamagedStoreError if words in _DAMAGE else StoreError
        raise kind(f"{database} {words} ({error})") from error
    except OSError as error:
        file = error.filename or database.parent
        reason = error.strerror or error
        raise StoreError(
            f"{file} cannot be used: {reason}; check it, or set another directory"
        ) from error


def _meaning(error: sqlite3.Error) -> str:
    text = str(error).lower()
    return next((words for part, words in _MEANINGS if part in text), _OTHERWISE)
