"""The connection to the database file: created private, many processes at once."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from pathlib import Path

from nextmv_autotrack.journal import make_private_folder

# How long a write waits for another process's. Ours take milliseconds; a checkpoint on
# a slow disk may take a second.
BUSY_TIMEOUT_S = 5.0

# After so long it is asked whether the wait is still wanted: it keeps up a fork.
TURN_S = 0.1

# The write-ahead log is cut back to this after a burst. It reaches about 4 MB between
# two checkpoints anyway.
WAL_KEPT_BYTES = 8 * 1024 * 1024

# Payloads are found by digests, which hit the whole index: with the 2 MB that SQLite
# takes by itself, moving gets a fifth slower once there are some 100,000 runs.
CACHE_KIB = 8 * 1024

# Switching a new database to WAL fails at once when another process does the same;
# each further try first waits for the other.
WAL_TRIES = 10

# What every SQLite takes in one statement; more was not faster.
MAX_VARIABLES = 999


class Connection(sqlite3.Connection):
    """A connection, and whether it still waits for other processes that write."""

    gives_up: Callable[[], bool] = staticmethod(lambda: False)


def connect(path: Path) -> Connection:
    """Open the database, created for this user only when there is none."""
    make_private_folder(path.parent)
    if not path.exists():
        # SQLite would create it readable for all; its other files take its mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    connection.text_factory = read_text
    try:
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            # So that pages can be given back to the system a few at a time (see `disk`);
            # later it would write, and wait for whoever does.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        switch_to_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
    except BaseException:
        connection.close()
        raise
    return connection


def read_text(raw: bytes) -> str:
    """Read a text of the database, also one that is none any more."""
    # One letter that is damaged would otherwise fail all rows that are read together.
    return raw.decode(errors="replace")


def switch_to_wal(connection: sqlite3.Connection) -> None:
    """Let readers and a writer work at the same time, from now on and for all."""
    for _ in range(WAL_TRIES - 1):
        if _is_switched(connection):
            return
        # Unlike the switch, this waits its turn.
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")


def _is_switched(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        return False
    return True


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that writes: all of it or nothing."""
    # One that could not be rolled back when it failed would be in the way for ever.
    _roll_back(connection)
    try:
        _begin(connection)
        yield
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise


def _begin(connection: sqlite3.Connection) -> None:
    # Immediate: a transaction that begins by reading and writes later cannot wait for
    # another writer, it fails.
    gives_up_at = time.monotonic() + BUSY_TIMEOUT_S
    connection.execute(f"PRAGMA busy_timeout = {round(TURN_S * 1000)}")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:  # noqa: PERF203 -- once in a while
                is_over = time.monotonic() > gives_up_at or _gives_up(connection)
                if is_over or "locked" not in str(error):
                    raise
            else:
                return
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT_S * 1000)}")


def _gives_up(connection: sqlite3.Connection) -> bool:
    return isinstance(connection, Connection) and connection.gives_up()


def _roll_back(connection: sqlite3.Connection) -> None:
    # A full disk makes SQLite roll back by itself.
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def insert(
    connection: sqlite3.Connection,
    into: str,
    rows: Iterable[Sequence[object]],
    then: str = "",
) -> None:
    """Insert rows, many with one statement.

    Each step of a statement lets go of the interpreter and has to get it back, which
    takes milliseconds beside a thread that computes: a step a row would keep other
    processes out of the database for seconds.
    """
    left = list(rows)
    while left:
        most = min(len(left), MAX_VARIABLES // len(left[0]))
        # Powers of two: few different statements, so that they stay prepared.
        count = 1 << (most.bit_length() - 1)
        sql = _insert_sql(into, len(left[0]), count, then)
        connection.execute(sql, list(chain.from_iterable(left[:count])))
        left = left[count:]


@lru_cache(maxsize=64)
def _insert_sql(into: str, width: int, count: int, then: str) -> str:
    row = f"({', '.join('?' * width)})"
    return f"INSERT {into} VALUES {', '.join([row] * count)} {then}"  # noqa: S608 -- words of ours only
