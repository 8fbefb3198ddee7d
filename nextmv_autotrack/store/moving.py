"""From journals into the database: each stretch once, whoever moves it."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Any, NamedTuple

import orjson

from nextmv_autotrack.clock import NS_PER_S
from nextmv_autotrack.errors import JournalError
from nextmv_autotrack.journal import Frame, Segment, read_frames
from nextmv_autotrack.journal.process import end_of
from nextmv_autotrack.store import environments, predecessor
from nextmv_autotrack.store.connection import insert, writing
from nextmv_autotrack.store.frames_read import (
    COLUMNS,
    FROM_BEGIN,
    FROM_END,
    FROM_PART,
    FramesRead,
)
from nextmv_autotrack.store.payloads import Payloads
from nextmv_autotrack.store.redacting import Redactor
from nextmv_autotrack.store.removing import keep

_START = 0


class Moved(NamedTuple):
    """How far a segment has been moved."""

    position: int
    """Where the next move begins."""

    frames: int
    """Frames this move has read."""

    skipped: int
    """Those of them that made no sense and were left out."""

    finished: bool
    """Whether all that is written by now has been read."""


def _kept(condition: str, columns: tuple[str, ...]) -> str:
    return ", ".join(
        f"{column} = CASE WHEN {condition} THEN excluded.{column} ELSE {column} END"
        for column in columns
    )


# The first beginning and the first end stand, and the last of each part, in whatever
# order and however often they come.
_RUNS = f"INTO runs ({', '.join(COLUMNS)})"
_OR_ADD_TO_RUN = (
    "ON CONFLICT (id) DO UPDATE SET "
    + _kept("name IS NULL", FROM_BEGIN)
    + ", "
    + _kept("status = 'running'", FROM_END)
    + "".join(f", {part} = coalesce(excluded.{part}, {part})" for part in FROM_PART)
)


def move(
    connection: sqlite3.Connection,
    payloads: Payloads,
    segment: Segment,
    limit_bytes: int,
    known: tuple[bytes, ...] = (),
) -> Moved:
    """Move about `limit_bytes` of a segment, from where the last move ended.

    What is secret stays behind, as do the values in `known`.
    """
    noted = _position(connection, segment)
    start = _start(segment, noted)
    # Read, and payload files written, before the transaction: nobody waits for it.
    redactor = Redactor(known, partial(_last_lines, connection))
    said = FramesRead(segment.owner, payloads.keep, redactor)
    position, finished = _read(said, segment, start, limit_bytes)
    log_rows = said.log_rows()
    if said.count == 0:
        return Moved(start, 0, 0, finished)
    with writing(connection):
        if _position(connection, segment) != noted or not segment.path.exists():
            # Another process was faster. It may even have removed the file, and
            # forgotten it: then all of it has been moved.
            return Moved(start, 0, 0, finished=False)
        if not payloads.has_files(said.payloads.values()):
            # Somebody has just cleared one away that nobody seemed to need any more.
            return Moved(start, 0, 0, finished=False)
        _write(connection, said, log_rows)
        _note(connection, segment, position)
    return Moved(position, said.count, said.skipped, finished)


def _start(segment: Segment, noted: object) -> int:
    """Where to read on: at the beginning, if what was noted cannot be; runs bear it."""
    if not isinstance(noted, int) or noted < 0:
        return _START
    try:
        return noted if noted <= segment.path.stat().st_size else _START
    except FileNotFoundError:
        return noted


def forget(connection: sqlite3.Connection, segment: Segment) -> None:
    """Drop the position of a segment whose file is gone."""
    connection.execute(
        "DELETE FROM journals WHERE owner = ? AND number = ?",
        (segment.owner, segment.number),
    )


def fail_unfinished(connection: sqlite3.Connection, owner: str) -> int:
    """Let the runs that a dead owner has left running be failed; return how many."""
    last_seen = _last_seen(connection, owner)
    metrics: dict[str, float] = {}
    if peak_kib := _number(last_seen.get("peak_kib")):
        metrics["peak_memory_mib"] = round(peak_kib / 1024, 1)
    seen_at_ns = _number(last_seen.get("at_ns"))
    seen_at = seen_at_ns / NS_PER_S if seen_at_ns else None
    with writing(connection):
        # Not those without a beginning: they may belong to a living process, of which
        # the dead one was a fork. A run lasted at least until its process was seen.
        failed = connection.execute(
            "UPDATE runs SET status = 'failed', error = ?, metrics = ?, "
            "duration = max(0.0, ? - started_at) "
            "WHERE status = 'running' AND owner = ? AND name IS NOT NULL",
            (end_of(last_seen), orjson.dumps(metrics).decode(), seen_at, owner),
        ).rowcount
        connection.execute("DELETE FROM processes WHERE owner = ?", (owner,))
    return failed


def _number(value: object) -> float | None:
    return value if isinstance(value, (int, float)) else None


def _last_seen(connection: sqlite3.Connection, owner: str) -> dict[str, Any]:
    found = connection.execute(
        "SELECT last_seen FROM processes WHERE owner = ?", (owner,)
    ).fetchone()
    try:
        last_seen = orjson.loads(found[0]) if found else {}
    except ValueError:  # damaged: nothing is known
        return {}
    return last_seen if isinstance(last_seen, dict) else {}


def _read(
    said: FramesRead, segment: Segment, start: int, limit_bytes: int
) -> tuple[int, bool]:
    frames: list[Frame] = []
    position, finished = start, True
    try:
        for frame in read_frames(segment.path, start):
            frames.append(frame)
            position = frame.end
            if position - start >= limit_bytes:
                finished = False
                break
    except FileNotFoundError:
        # Removed by whoever moved the rest of it.
        pass
    except JournalError:
        if position == start:
            raise
        finished = False
    said.add_all(frames)
    return position, finished


def _last_lines(connection: sqlite3.Connection, run_id: str) -> bytes:
    found = connection.execute(
        "SELECT lines FROM logs WHERE run_id = ? ORDER BY number DESC LIMIT 1",
        (run_id,),
    ).fetchone()
    return found[0] if found and isinstance(found[0], bytes) else b""


def _write(
    connection: sqlite3.Connection,
    said: FramesRead,
    log_rows: list[tuple[str, bytes]],
) -> None:
    insert(connection, "OR IGNORE INTO payloads", said.payloads.values())
    keep(connection, said.payloads)
    insert(connection, _RUNS, said.rows(), _OR_ADD_TO_RUN)
    predecessor.doubt(connection, said.run_ids())
    insert(connection, "INTO logs (run_id, lines)", log_rows)
    environments.note(connection, said.environments)
    if said.last_seen is not None:
        connection.execute(
            "INSERT OR REPLACE INTO processes VALUES (?, ?)",
            (said.owner, said.last_seen),
        )


def _position(connection: sqlite3.Connection, segment: Segment) -> int | None:
    found = connection.execute(
        "SELECT position FROM journals WHERE owner = ? AND number = ?",
        (segment.owner, segment.number),
    ).fetchone()
    return found[0] if found else None


def _note(connection: sqlite3.Connection, segment: Segment, position: int) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO journals VALUES (?, ?, ?)",
        (segment.owner, segment.number, position),
    )
