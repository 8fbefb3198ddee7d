"""Keeping the store within its bounds, and doing with its runs what people ask for."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from nextmv_autotrack.errors import StoreError
from nextmv_autotrack.journal import Home, try_lock
from nextmv_autotrack.store import disk, environments
from nextmv_autotrack.store.connection import writing
from nextmv_autotrack.store.disk import Usage
from nextmv_autotrack.store.faults import told
from nextmv_autotrack.store.outbox import AT_ONCE
from nextmv_autotrack.store.payloads import Payloads
from nextmv_autotrack.store.trimming import Trimmed, remove_unused, trim

# A file that was just begun may be somebody's who is still at it.
_UNFINISHED_S = 3600.0

# Held by the one process that removes payloads.
_LOCK_NAME = "removing.lock"

# Runs that are removed in one transaction, with their logs: some milliseconds.
_RUNS_AT_ONCE = 200


class Purged(NamedTuple):
    """What was removed because somebody asked for it."""

    runs: int
    payload_bytes: int


class Upkeep:
    """What is done to a store as a whole."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, payloads: Payloads
    ) -> None:
        self._path = path
        self._connection = connection
        self._payloads = payloads
        self._lock = path.with_name(_LOCK_NAME)

    def usage(self) -> Usage:
        """Return how much disk the store and the journals take."""
        with told(self._path):
            return disk.usage(self._connection, self._path)

    def damage(self) -> str | None:
        """Return what SQLite finds wrong with the database, None when it is sound."""
        with told(self._path):
            (words,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        return None if words == "ok" else str(words)

    def trim(self, *, max_bytes: int, before: float) -> Trimmed:
        """Drop payloads until all is within `max_bytes`; runs are never dropped.

        Those of delivered runs go first, then those of local ones, the oldest first,
        and those of runs that wait for the platform last; no more than it takes, and
        none when it would be in vain. Payloads of delivered and local runs that began
        before `before` go in any case. While another process is at it, nothing is done.
        """
        with told(self._path), try_lock(self._lock) as is_ours:
            if not is_ours:
                return Trimmed(0, 0)
            long_ago = time.time() - _UNFINISHED_S
            self._payloads.remove_unfinished(written_before=long_ago)
            Home(self._path.parent).remove_unfinished(written_before=long_ago)
            return trim(
                self._connection,
                self._payloads,
                self._path,
                max_bytes=max_bytes,
                before=before,
            )

    def retry(self, run_ids: Iterable[str] | None = None) -> int:
        """Let rejected runs wait again, all or these; return how many.

        Those that wait already are tried at once.
        """
        with told(self._path), writing(self._connection):
            return _retry(self._connection, run_ids)

    def try_now(self, endpoint: str) -> None:
        """Wait no longer after what has gone wrong on the way to a platform.

        Nor longer afterwards for it: who asks often would have all others wait for ever
        longer.
        """
        with told(self._path), writing(self._connection):
            self._connection.execute(
                f"UPDATE runs SET due_at = {AT_ONCE}, attempts = 0 "  # noqa: S608 -- words of ours only
                "WHERE delivery = 'waiting' AND endpoint = ?",
                (endpoint,),
            )
            self._connection.execute(
                "UPDATE lanes SET held_until = 0, troubles = min(troubles, 1) "
                "WHERE endpoint = ?",
                (endpoint,),
            )

    def purge(
        self, *, before: float, deliveries: Iterable[str], dry_run: bool = False
    ) -> Purged:
        """Remove ended runs that began before a time, with all that is theirs.

        Raises:
            StoreError: Another process is dropping payloads.
        """
        wanted = json.dumps(list(deliveries))
        if dry_run:
            with told(self._path):
                ids = _purgeable(self._connection, before, wanted, "")
            return Purged(len(ids), 0)
        with told(self._path), try_lock(self._lock) as is_ours:
            if not is_ours:
                raise StoreError(
                    f"another process is removing payloads from {self._path}: "
                    "try again in a minute"
                )
            runs = _remove_runs(self._connection, before, wanted)
            with writing(self._connection):
                environments.remove_unused(self._connection)
            payload_bytes = remove_unused(self._connection, self._payloads)
            # The file keeps its size otherwise: what is freed is only used again.
            disk.give_back(self._connection, self._path)
        return Purged(runs, payload_bytes)


def _retry(connection: sqlite3.Connection, run_ids: Iterable[str] | None) -> int:
    again = f"UPDATE runs SET delivery = 'waiting', due_at = {AT_ONCE} WHERE "  # noqa: S608 -- words of ours only
    if run_ids is None:
        return connection.execute(again + "delivery = 'rejected'").rowcount
    return connection.executemany(
        again + "id = ? AND delivery IN ('rejected', 'waiting')",
        [(run_id,) for run_id in run_ids],
    ).rowcount


def _remove_runs(connection: sqlite3.Connection, before: float, wanted: str) -> int:
    runs, after = 0, ""
    while True:
        with writing(connection):
            ids = _purgeable(connection, before, wanted, after, limit=_RUNS_AT_ONCE)
            if not ids:
                return runs
            for table, column in (
                ("logs", "run_id"),
                ("uploads", "run_id"),
                ("runs", "id"),
            ):
                connection.execute(
                    f"DELETE FROM {table} WHERE {column} IN "  # noqa: S608 -- words of ours only
                    "(SELECT value FROM json_each(?))",
                    (json.dumps(ids),),
                )
        runs, after = runs + len(ids), ids[-1]


def _purgeable(
    connection: sqlite3.Connection,
    before: float,
    wanted: str,
    after: str,
    *,
    limit: int = -1,
) -> list[str]:
    rows = connection.execute(
        "SELECT id FROM runs WHERE id > ? AND started_at < ? AND status <> 'running' "
        "AND claimed_by IS NULL AND delivery IN (SELECT value FROM json_each(?)) "
        "ORDER BY id LIMIT ?",
        (after, before, wanted, limit),
    )
    return [run_id for (run_id,) in rows]
