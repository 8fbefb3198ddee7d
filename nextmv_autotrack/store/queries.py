"""Reading runs back: one by its id, many newest first, and their logs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from nextmv_autotrack.errors import AmbiguousRunError, UnknownRunError
from nextmv_autotrack.run import Delivery, Status
from nextmv_autotrack.store.selection import Selection

# What a run is called whose beginning was lost.
UNKNOWN_NAME = "(unknown)"

# Enough to see which one was meant.
_MATCHES_NAMED = 5

# Above every character: what begins with a prefix sorts below prefix + this.
_LAST = "\U0010ffff"

# A run of which only a part has been read stays out of sight until its beginning, or
# its end, has been read too.
_IS_KNOWN = "(name IS NOT NULL OR status <> 'running')"

COLUMNS = f"""
    id, coalesce(name, '{UNKNOWN_NAME}'), description, parent_id, status, started_at,
    duration, error, host, owner, app_id, instance_id, endpoint, delivery,
    platform_run_id, attempts, problem, metrics, options, coalesce(later_input, input),
    output, assets, output_is_document, create_begun_at,
    is_trimmed
"""


@dataclass(frozen=True)
class StoredRun:
    """One run as the store has it."""

    id: str
    name: str
    description: str | None
    parent_id: str | None
    status: Status
    started_at: float
    """Seconds since 1970."""
    duration: float | None
    """Seconds; None while it runs, or when its process died."""
    error: str | None
    host: str | None
    owner: str
    """The process whose journal it came from."""
    app_id: str | None
    instance_id: str | None
    endpoint: str | None
    delivery: Delivery
    platform_run_id: str | None
    attempts: int
    """How often its delivery was tried."""
    problem: str | None
    """Why the last try did not deliver it."""
    metrics: dict[str, Any]
    options: dict[str, str]
    input: str | None
    """The digest of a payload, as are output and assets."""
    output: str | None
    assets: str | None
    output_is_document: bool
    create_begun_at: float | None
    """When the platform was asked to create it, if it may have; see `outbox`."""
    is_trimmed: bool
    """Whether its payloads had to go for the store to stay within its bounds."""


def stored_run(row: tuple[Any, ...]) -> StoredRun:
    """Make a run of a row of `COLUMNS`."""
    values = dict(zip(StoredRun.__dataclass_fields__, row, strict=True))
    values.update(
        status=Status(values["status"]),
        delivery=Delivery(values["delivery"]),
        metrics=orjson.loads(values["metrics"]),
        options=orjson.loads(values["options"]),
        output_is_document=bool(values["output_is_document"]),
        is_trimmed=bool(values["is_trimmed"]),
    )
    return StoredRun(**values)


def run(connection: sqlite3.Connection, id_or_prefix: str) -> StoredRun:
    """Return the one run whose id begins so."""
    prefix = id_or_prefix.strip().lower()
    if not prefix or not prefix.isascii():
        raise UnknownRunError(
            f"{prefix!a} is no id: `nextmv-autotrack list` shows those there are"
        )
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM runs WHERE id >= ? AND id < ? AND {_IS_KNOWN} "  # noqa: S608 -- words of ours only
        "ORDER BY id LIMIT ?",
        (prefix, prefix + _LAST, _MATCHES_NAMED + 1),
    ).fetchall()
    if not rows:
        raise UnknownRunError(
            f"no run has an id that begins with {prefix!r}: "
            "`nextmv-autotrack list` shows those there are"
        )
    if len(rows) > 1 and rows[0][0] != prefix:
        raise AmbiguousRunError(_ambiguous(prefix, [row[0] for row in rows]))
    return stored_run(rows[0])


def _ambiguous(prefix: str, ids: list[str]) -> str:
    named = ", ".join(ids[:_MATCHES_NAMED])
    more = " and more" if len(ids) > _MATCHES_NAMED else ""
    return f"several runs have an id that begins with {prefix!r}: {named}{more}"


def runs(connection: sqlite3.Connection, limit: int) -> list[StoredRun]:
    """Return the newest runs, newest first."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM runs WHERE {_IS_KNOWN} ORDER BY id DESC LIMIT ?",  # noqa: S608 -- words of ours only
        (limit,),
    )
    return [stored_run(row) for row in rows]


def each(connection: sqlite3.Connection, selection: Selection) -> Iterator[StoredRun]:
    """Yield the runs that are asked for, newest first, one at a time."""
    condition, values = selection.condition()
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM runs WHERE {_IS_KNOWN} AND {condition} "  # noqa: S608 -- words of ours only
        "ORDER BY id DESC",
        values,
    )
    return map(stored_run, rows)


def log_text(connection: sqlite3.Connection, run_id: str) -> str:
    """Return all log lines of a run, in the order they were written."""
    rows = connection.execute(
        "SELECT lines FROM logs WHERE run_id = ? ORDER BY number", (run_id,)
    )
    return b"".join(lines for (lines,) in rows).decode(errors="replace")


def running(connection: sqlite3.Connection, owner: str) -> int:
    """Return how many runs of `owner` are in progress."""
    count: int = connection.execute(
        "SELECT count(*) FROM runs "
        "WHERE status = 'running' AND owner = ? AND name IS NOT NULL",
        (owner,),
    ).fetchone()[0]
    return count
