"""A store that is damaged: mended where it can be, else moved aside for a new one."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing, suppress
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from nextmv_autotrack.journal import try_lock
from nextmv_autotrack.store import predecessor
from nextmv_autotrack.store.connection import connect, read_text, writing
from nextmv_autotrack.store.faults import ContradictionError, is_damage
from nextmv_autotrack.store.outbox import WAITS
from nextmv_autotrack.store.salvage import salvage
from nextmv_autotrack.store.schema import migrate, noted_version
from nextmv_autotrack.store.schema_damage import likely_version, mend_schema

_LOCK_NAME = "set-aside.lock"

# What belongs to a database of this name: itself, its log and its index of the log.
_SUFFIXES = ("", "-wal", "-shm")

# What SQLite says of a value that should not be in its column. It harms one row only,
# which is dealt with where it is read.
_OF_ONE_VALUE = " value in "

# Enough to see whether there is anything else but values.
_MOST_PROBLEMS = 1000

# One beside the database, and one in its log.
_COPIES_FOR_VACUUM = 2

_IN_DOUBT = "damaged in the store: it may have been sent, and cannot be looked for"


class State(Enum):
    """What has become of a database that was said to be damaged."""

    SOUND = "sound"
    """It is not, or not any more; or somebody else is at it."""
    MENDED = "mended"
    """It was, and nothing is lost."""
    DAMAGED = "damaged"
    """It is."""


def mend(path: Path) -> State:
    """Mend a database of which no table is damaged; leave any other as it is.

    Any process may find the damage, and several at once: one of them sees to it.

    Raises:
        OSError: The folder cannot be written.
        sqlite3.Error: Nobody can say: it is locked, or its disk is full.
    """
    with try_lock(path.with_name(_LOCK_NAME)) as is_ours:
        return _mended(path) if is_ours else State.SOUND


class SetAside(NamedTuple):
    """A database that was moved."""

    path: Path
    """Where it is now."""
    runs: int
    """How many runs could be read of it, and are in the new one."""


def mend_or_set_aside(path: Path) -> tuple[State, SetAside | None]:
    """Mend a database; move it aside and begin a new one where that cannot be done.

    Returns:
        How it is, and what was done if it was moved.

    Raises:
        OSError: It cannot be moved.
        sqlite3.Error: It is locked, or its disk is full; or no new one can be made.
    """
    with try_lock(path.with_name(_LOCK_NAME)) as is_ours:
        if not is_ours:
            return State.SOUND, None
        state = _mended(path)
        if state is not State.DAMAGED:
            return state, None
        aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
        for suffix in _SUFFIXES:
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
        _begin(path)
        return state, SetAside(aside, salvage(aside, path))


def _mended(path: Path) -> State:
    try:
        return _mended_but_for_its_schema(path)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if not _is_damage(error, path):
            raise
    try:
        with closing(_connected(path)) as connection, writing(connection):
            if not mend_schema(connection):
                return State.DAMAGED
        _mended_but_for_its_schema(path)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if not _is_damage(error, path):
            raise
        return State.DAMAGED
    return State.MENDED


def _mended_but_for_its_schema(path: Path) -> State:
    with closing(_connected(path)) as connection:
        version = likely_version(connection, path)
        is_told_wrong = version != noted_version(connection)
        if _is_whole(connection) and not is_told_wrong:
            return State.SOUND
        if is_told_wrong:
            connection.execute(f"PRAGMA user_version = {version}")
        _mend(connection)
    return State.MENDED


def _connected(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    connection.text_factory = read_text
    return connection


def _is_damage(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> bool:
    return is_damage(error, path) or _is_full_without_reason(error, path)


def _is_full_without_reason(error: Exception, path: Path) -> bool:
    """Whether a value that is damaged says that it is larger than the disk."""
    needed = path.stat().st_size * _COPIES_FOR_VACUUM
    return "full" in str(error) and shutil.disk_usage(path.parent).free > needed


def _is_whole(connection: sqlite3.Connection) -> bool:
    rows = connection.execute(f"PRAGMA integrity_check({_MOST_PROBLEMS})").fetchall()
    return all(word == "ok" or _OF_ONE_VALUE in word for (word,) in rows)


def _mend(connection: sqlite3.Connection) -> None:
    """Make anew all that can be made of the tables.

    Raises:
        sqlite3.Error: A table is damaged.
    """
    with writing(connection):
        doubtful = _in_doubt(connection)
        connection.execute("REINDEX")
        connection.executemany(
            "UPDATE runs SET delivery = 'rejected', problem = ? "
            "WHERE id = ? AND delivery = 'waiting'",
            [(_IN_DOUBT, run_id) for run_id in doubtful],
        )
        connection.execute(
            "UPDATE runs SET claimed_by = NULL "
            "WHERE typeof(claimed_by) NOT IN ('null', 'text')"
        )
        # Nobody knows whether the platform has it: whoever retries it has it looked for.
        connection.execute(
            "UPDATE runs SET delivery = 'rejected', create_begun_at = started_at, "
            "problem = 'damaged in the store: delivery' WHERE delivery NOT IN "
            "('local', 'waiting', 'delivered', 'rejected')"
        )
    if not _is_whole(connection):
        # The pages that are free are not told by any table; this writes them all anew.
        connection.execute("VACUUM")
    if not _is_whole(connection):
        raise ContradictionError("a table is damaged")


def _in_doubt(connection: sqlite3.Connection) -> set[str]:
    """Return runs that may have been created, and that table and index tell differently.

    Nobody knows which of them says by what they are to be looked for on the platform.
    """
    told = "SELECT id, endpoint, app_id, create_begun_at FROM runs"
    try:
        by_index = connection.execute(
            f"{told} INDEXED BY runs_waiting WHERE {WAITS}"
        ).fetchall()
    except sqlite3.Error:
        return set()  # it is damaged as a whole, and the table is right
    by_table = connection.execute(f"{told} NOT INDEXED WHERE {WAITS}").fetchall()
    return {run_id for run_id, *_, begun_at in {*by_index} ^ {*by_table} if begun_at}


def _begin(path: Path) -> None:
    with closing(connect(path)) as connection:
        migrate(connection, path)
        with writing(connection):
            predecessor.note(connection)
