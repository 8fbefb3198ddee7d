"""The tables, and how a database of an older version becomes one of this version."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from nextmv_autotrack.errors import StoreError
from nextmv_autotrack.store import predecessor
from nextmv_autotrack.store.connection import writing
from nextmv_autotrack.store.faults import ContradictionError

# `name` is null until the record of a run's beginning has been read: frames may come
# out of order from several processes, or the beginning may be damaged.
# `later_input` is what a block has set after it began, and stands before `input`.
# `create_begun_at` is set before the platform is asked to create the run, and cleared
# only when it is certain that it has not: with it, the run is looked for there first.
# Times are seconds, digests are keys of `payloads`; `due_at` 0 means at once.
_RUNS = """
CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT,
    description TEXT,
    parent_id TEXT,
    started_at REAL NOT NULL,
    host TEXT,
    owner TEXT NOT NULL,
    app_id TEXT,
    instance_id TEXT,
    endpoint TEXT,
    delivery TEXT NOT NULL,
    input TEXT,
    later_input TEXT,
    assets TEXT,
    status TEXT NOT NULL,
    duration REAL,
    error TEXT,
    metrics TEXT NOT NULL,
    options TEXT NOT NULL,
    output TEXT,
    output_is_document INTEGER NOT NULL,
    platform_run_id TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    problem TEXT,
    due_at REAL NOT NULL DEFAULT 0,
    claimed_by TEXT,
    create_begun_at REAL,
    is_trimmed INTEGER NOT NULL DEFAULT 0
)
"""

# The indexes are partial: a run that has ended and stays local, or is delivered, costs
# none of them anything.
_RUNNING = "CREATE INDEX runs_running ON runs (owner) WHERE status = 'running'"
_WAITING = """
CREATE INDEX runs_waiting
ON runs (endpoint, id, due_at, claimed_by, owner, create_begun_at, app_id)
WHERE delivery = 'waiting' AND status <> 'running'
"""
_CLAIMED = "CREATE INDEX runs_claimed ON runs (claimed_by) WHERE claimed_by IS NOT NULL"

# One row a run and move, in the order in which they were written. Not bound to `runs`:
# lines may be read before the beginning of their run.
_LOGS = """
CREATE TABLE logs (
    number INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL,
    lines BLOB NOT NULL
)
"""
_LOGS_OF_RUN = "CREATE INDEX logs_of_run ON logs (run_id)"

# `content` is null when it lies in a file of its own.
_PAYLOADS = """
CREATE TABLE payloads (
    digest TEXT NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    content BLOB
)
"""

# What the platform has got of a run that it has not got as a whole.
_UPLOADS = """
CREATE TABLE uploads (
    run_id TEXT NOT NULL,
    part TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    uploaded_at REAL NOT NULL,
    PRIMARY KEY (run_id, part)
) WITHOUT ROWID
"""

# See `lane`.
_LANES = """
CREATE TABLE lanes (
    endpoint TEXT NOT NULL PRIMARY KEY,
    held_until REAL NOT NULL,
    troubles INTEGER NOT NULL,
    is_probed INTEGER NOT NULL,
    problem TEXT,
    rate REAL NOT NULL,
    was_slowed INTEGER NOT NULL,
    calls REAL NOT NULL,
    stamped_at REAL NOT NULL
) WITHOUT ROWID
"""

# What is known of the store itself: `set_aside_at`, when it took the place of another
# one (see `predecessor`).
_FACTS = """
CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    value REAL NOT NULL
) WITHOUT ROWID
"""

# What a process with runs in progress was last seen using.
_PROCESSES = """
CREATE TABLE processes (
    owner TEXT NOT NULL PRIMARY KEY,
    last_seen TEXT NOT NULL
) WITHOUT ROWID
"""

# How far each segment of a journal has been moved.
_JOURNALS = """
CREATE TABLE journals (
    owner TEXT NOT NULL,
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (owner, number)
) WITHOUT ROWID
"""

# Payloads that are about to be removed, unless somebody refers to them: see `removing`.
_DOOMED = "CREATE TABLE doomed (digest TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID"

# All that counting what files take has to read.
_PAYLOAD_FILES = """
CREATE INDEX payload_files ON payloads (size, content) WHERE content IS NULL
"""

# Since when somebody else may send it: it is looked for, too, before it is sent.
_EXPORTED_AT = "ALTER TABLE runs ADD COLUMN exported_at REAL"
_DELIVERED_AT = "ALTER TABLE runs ADD COLUMN delivered_at REAL"

# The platform's id of an input that it has already; empty when another one was set.
_MANAGED_INPUT = "ALTER TABLE runs ADD COLUMN managed_input TEXT"
# See `environments`.
_ENVIRONMENTS = """
CREATE TABLE environments (
    digest TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL
)
"""
_CIRCUMSTANCES = """
CREATE TABLE circumstances (
    owner TEXT NOT NULL,
    noted_at REAL NOT NULL,
    is_whole INTEGER NOT NULL,
    shared TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (owner, noted_at)
) WITHOUT ROWID
"""

# One entry a version, applied in order and never changed once published.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        _RUNS,
        _RUNNING,
        _WAITING,
        _CLAIMED,
        _LOGS,
        _LOGS_OF_RUN,
        _PAYLOADS,
        _UPLOADS,
        _LANES,
        _PROCESSES,
        _FACTS,
        _JOURNALS,
    ),
    (_DOOMED, _PAYLOAD_FILES),
    (_EXPORTED_AT, _DELIVERED_AT),
    (_MANAGED_INPUT, _ENVIRONMENTS, _CIRCUMSTANCES),
)

# Nobody will have changed the tables so often: a bit of the number is damaged.
MOST_VERSIONS = 1000


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the tables to this version, once however many processes try."""
    if checked_version(connection, path) == len(MIGRATIONS):
        return
    with writing(connection):
        before = checked_version(connection, path)
        build(connection, MIGRATIONS[before:])
        if before == 0 and predecessor.is_known(path):
            predecessor.note(connection)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def build(
    connection: sqlite3.Connection, migrations: tuple[tuple[str, ...], ...]
) -> None:
    """Make or change the tables."""
    for statements in migrations:
        for statement in statements:
            connection.execute(statement)


def checked_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version that the database says it has.

    Raises:
        StoreError: It is a newer one than this package knows.
        ContradictionError: It is none.
    """
    version = noted_version(connection)
    if not 0 <= version <= MOST_VERSIONS:
        raise ContradictionError(f"its version is {version}")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path} was written by a newer version of nextmv-autotrack: "
            "upgrade the package, or set another directory"
        )
    return version


def noted_version(connection: sqlite3.Connection) -> int:
    """Return what is noted as the version."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
