"""Errors of the database and the disk, told in our words at one place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nextmv_autotrack.errors import DamagedStoreError, StoreError

_DAMAGED = "is damaged"

_OTHER_DAMAGE = (
    "no such",
    "no query solution",
    "already exists",
    "has no column",
    "values were supplied",
    "could not decode",
    "unsupported file format",
    "must use the same text encoding",
    "too big",
    "does not match any primary key or unique",
)

# By SQLite's own texts: its error codes reach Python from 3.11 on only.
_MEANINGS = (
    ("not a database", "is not a database or is damaged"),
    ("malformed", _DAMAGED),
    ("readonly", "is read-only: make it writable, or set another directory"),
    ("locked", "is locked by another process for too long: try again"),
    ("full", "has no room left on its disk: free some, or set another directory"),
    ("unable to open", "cannot be opened: check its folder, or set another directory"),
    ("disk i/o", "cannot be read or written: check the disk it is on"),
    ("closed database", "has been closed: open it again"),
    # Our tables are all there, in a database that is sound, and our SQL is right.
    *((part, _DAMAGED) for part in _OTHER_DAMAGE),
)

_DAMAGE = {_MEANINGS[0][1], _DAMAGED}

# Where the header says who may read and write: 1 and 2 so far, for the journal's mode.
_VERSIONS = slice(18, 20)
_KNOWN_VERSIONS = b"\1\2"

_OTHERWISE = "cannot be used: check it, or set another directory"


class ContradictionError(sqlite3.DatabaseError):
    """The database says one thing here and another there."""


@contextmanager
def told(database: Path) -> Iterator[None]:
    """Turn what SQLite and the disk raise into a StoreError, its cause kept."""
    try:
        yield
    except sqlite3.Error as error:
        words = _words(error, database)
        kind = DamagedStoreError if words in _DAMAGE else StoreError
        in_its_words = f" ({error})" if str(error) else ""
        raise kind(f"{database} {words}{in_its_words}") from error
    except UnicodeDecodeError as error:
        # In what SQLite says itself, of a table whose name is damaged for one.
        raise DamagedStoreError(f"{database} {_DAMAGED} ({error})") from error
    except OSError as error:
        file = error.filename or database.parent
        reason = error.strerror or error
        raise StoreError(
            f"{file} cannot be used: {reason}; check it, or set another directory"
        ) from error


def is_damage(error: sqlite3.Error | UnicodeDecodeError, database: Path) -> bool:
    """Whether an error says that the database is damaged, and not merely in trouble."""
    if isinstance(error, UnicodeDecodeError):
        return True
    return _words(error, database) in _DAMAGE


def _words(error: sqlite3.Error, database: Path) -> str:
    text = str(error).lower()
    if "readonly" in text and _has_odd_header(database):
        return _DAMAGED
    if isinstance(error, (ContradictionError, sqlite3.IntegrityError)):
        return _DAMAGED
    # Of this very class is what nobody but SQLite's own checks raises. Python 3.10 leaves
    # out the words when they quote what is damaged.
    otherwise = _DAMAGED if type(error) is sqlite3.DatabaseError else _OTHERWISE
    return next((words for part, words in _MEANINGS if part in text), otherwise)


def _has_odd_header(database: Path) -> bool:
    """Whether SQLite takes it for a file of a later version, not to be written."""
    # To close it lets go of what SQLite has locked in it, for all of this process: where
    # nothing can be written that harms nobody.
    try:
        with database.open("rb") as file:
            versions = file.read(_VERSIONS.stop)[_VERSIONS]
    except OSError:
        return False
    return not set(_KNOWN_VERSIONS).issuperset(versions)
