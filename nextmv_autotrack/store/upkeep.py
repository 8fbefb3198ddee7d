"""Keeping the store within its bounds, and doing with its runs what people ask for."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from nextmv_autotrack.journal import Home
from nextmv_autotrack.store.connection import writing
from nextmv_autotrack.store.faults import told
from nextmv_autotrack.store.outbox import AT_ONCE
from nextmv_autotrack.store.payloads import Payloads

# Runs whose payloads go in one transaction.
_BATCH_RUNS = 500

# A file that was just written may be of a run that is not in the tables yet.
_NEW_FILE_S = 3600.0

_PAYLOADS_OF_A_RUN = ("input", "later_input", "output", "assets")

_HAS_PAYLOADS = " OR ".join(f"{column} IS NOT NULL" for column in _PAYLOADS_OF_A_RUN)

# What goes first when there is not enough room, and only the payloads: what the
# platform has, then what stays here anyway, then what it has said no to, and last what
# it still has to get.
_DROP_ORDER = ("delivered", "local", "rejected", "waiting")


class Usage(NamedTuple):
    """Bytes on the disk."""

    database: int
    payloads: int
    """In files of their own."""
    journals: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.database + self.payloads + self.journals


class Trimmed(NamedTuple):
    """What had to go for the store to stay within its bounds."""

    runs: int
    """Runs that have lost their payloads."""
    waiting: int
    """Those of them that the platform still has to get."""


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

    def usage(self) -> Usage:
        """Return how much disk the store and the journals take."""
        with told(self._path):
            return _usage(self._connection, self._path.parent)

    def trim(self, *, max_bytes: int, before: float) -> Trimmed:
        """Drop payloads until all is within `max_bytes`; runs are never dropped.

        Those of delivered runs go first, then those of local ones, the oldest first,
        and those of runs that wait for the platform last. Payloads of delivered and
        local runs that began before `before` go in any case.
        """
        with told(self._path):
            long_ago = time.time() - _NEW_FILE_S
            self._payloads.remove_unfinished(written_before=long_ago)
            Home(self._path.parent).remove_unfinished(written_before=long_ago)
            old = _too_old(self._connection, before)
            _drop_all(self._connection, self._payloads, old)
            excess = _usage(self._connection, self._path.parent).total - max_bytes
            trimmed = _trim(self._connection, self._payloads, excess)
        return trimmed._replace(runs=trimmed.runs + len(old))

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
        """Remove ended runs that began before a time, with all that is theirs."""
        with told(self._path):
            with writing(self._connection):
                ids = _purgeable(self._connection, before, deliveries)
                if dry_run:
                    return Purged(len(ids), 0)
                freed = _remove(self._connection, self._payloads, ids)
            # The file keeps its size otherwise: what is freed is only used again.
            self._connection.execute("VACUUM")
        return Purged(len(ids), freed)


def _usage(connection: sqlite3.Connection, directory: Path) -> Usage:
    """Return how much disk the store and the journals take."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    (payload_bytes,) = connection.execute(
        "SELECT coalesce(sum(size), 0) FROM payloads WHERE content IS NULL"
    ).fetchone()
    return Usage(pages * page_bytes, payload_bytes, _size_of(directory / "journals"))


def _size_of(folder: Path) -> int:
    try:
        return sum(file.stat().st_size for file in folder.iterdir())
    except OSError:
        return 0


def _trim(
    connection: sqlite3.Connection, payloads: Payloads, excess_bytes: int
) -> Trimmed:
    runs = waiting = 0
    for delivery in _DROP_ORDER:
        while excess_bytes > 0:
            oldest = _oldest(connection, delivery)
            if not oldest:
                break
            excess_bytes -= _drop(connection, payloads, oldest)
            runs += len(oldest)
            waiting += len(oldest) if delivery == "waiting" else 0
    return Trimmed(runs, waiting)


def _too_old(connection: sqlite3.Connection, before: float) -> list[str]:
    rows = connection.execute(
        f"SELECT id FROM runs WHERE started_at < ? AND ({_HAS_PAYLOADS}) "  # noqa: S608 -- words of ours only
        "AND delivery IN ('delivered', 'local') AND status <> 'running'",
        (before,),
    )
    return [run_id for (run_id,) in rows]


def _oldest(connection: sqlite3.Connection, delivery: str) -> list[str]:
    rows = connection.execute(
        f"SELECT id FROM runs WHERE delivery = ? AND status <> 'running' "  # noqa: S608 -- words of ours only
        f"AND ({_HAS_PAYLOADS}) AND claimed_by IS NULL ORDER BY id LIMIT ?",
        (delivery, _BATCH_RUNS),
    )
    return [run_id for (run_id,) in rows]


def _drop_all(
    connection: sqlite3.Connection, payloads: Payloads, run_ids: list[str]
) -> None:
    for start in range(0, len(run_ids), _BATCH_RUNS):
        _drop(connection, payloads, run_ids[start : start + _BATCH_RUNS])


def _drop(
    connection: sqlite3.Connection, payloads: Payloads, run_ids: list[str]
) -> int:
    """Take their payloads from runs; return how many bytes that has freed."""
    nothing = ", ".join(f"{column} = NULL" for column in _PAYLOADS_OF_A_RUN)
    with writing(connection):
        connection.executemany(
            f"UPDATE runs SET {nothing}, is_trimmed = 1 WHERE id = ?",  # noqa: S608 -- words of ours only
            [(run_id,) for run_id in run_ids],
        )
        return _drop_unused(connection, payloads)


def _drop_unused(connection: sqlite3.Connection, payloads: Payloads) -> int:
    """Remove payloads that no run has any more; in a transaction that writes."""
    used = " UNION ".join(
        f"SELECT {column} FROM runs WHERE {column} IS NOT NULL"  # noqa: S608 -- words of ours only
        for column in _PAYLOADS_OF_A_RUN
    )
    unused = connection.execute(
        f"SELECT digest, size, content IS NULL FROM payloads WHERE digest NOT IN ({used})"  # noqa: S608 -- words of ours only
    ).fetchall()
    long_ago = time.time() - _NEW_FILE_S
    gone = [
        (digest, size)
        for digest, size, is_file in unused
        if not is_file or payloads.remove_file(digest, written_before=long_ago)
    ]
    connection.executemany(
        "DELETE FROM payloads WHERE digest = ?", [(digest,) for digest, _ in gone]
    )
    return sum(size for _, size in gone)


def _retry(connection: sqlite3.Connection, run_ids: Iterable[str] | None) -> int:
    again = f"UPDATE runs SET delivery = 'waiting', due_at = {AT_ONCE} WHERE "  # noqa: S608 -- words of ours only
    if run_ids is None:
        return connection.execute(again + "delivery = 'rejected'").rowcount
    return connection.executemany(
        again + "id = ? AND delivery IN ('rejected', 'waiting')",
        [(run_id,) for run_id in run_ids],
    ).rowcount


def _purgeable(
    connection: sqlite3.Connection, before: float, deliveries: Iterable[str]
) -> list[tuple[str]]:
    return connection.execute(
        "SELECT id FROM runs WHERE started_at < ? AND status <> 'running' AND "
        "claimed_by IS NULL AND delivery IN (SELECT value FROM json_each(?))",
        (before, json.dumps(list(deliveries))),
    ).fetchall()


def _remove(
    connection: sqlite3.Connection, payloads: Payloads, ids: list[tuple[str]]
) -> int:
    for table, column in (("logs", "run_id"), ("uploads", "run_id"), ("runs", "id")):
        connection.executemany(
            f"DELETE FROM {table} WHERE {column} = ?",  # noqa: S608 -- words of ours only
            ids,
        )
    return _drop_unused(connection, payloads)
