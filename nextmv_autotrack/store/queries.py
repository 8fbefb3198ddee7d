"""Reading runs back: one by its id, many newest first, and their logs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from nextmv_autotrack.errors import AmbiguousRunError, UnknownRunError
from nextmv_autotrack.store.faults import ContradictionError
from nextmv_autotrack.store.selection import Selection
from nextmv_autotrack.store.stored_run import COLUMNS, StoredRun, stored_run

# Enough to see which one was meant.
_MATCHES_NAMED = 5

# Above every character: what begins with a prefix sorts below prefix + this.
_LAST = "\U0010ffff"

# A run of which only a part has been read stays out of sight until its beginning, or
# its end, has been read too.
_IS_KNOWN = "(name IS NOT NULL OR status <> 'running')"


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
    # Whose they are is looked up in the table: the index may be damaged.
    rows = connection.execute(
        "SELECT run_id, lines FROM logs "
        "WHERE number IN (SELECT number FROM logs WHERE run_id = ?) ORDER BY number",
        (run_id,),
    ).fetchall()
    if any(found != run_id for found, _ in rows):
        raise ContradictionError(f"log lines of another run are found for {run_id}")
    text = b"".join(_as_bytes(lines) for _, lines in rows)
    return text.decode(errors="replace")


def _as_bytes(lines: object) -> bytes:
    # Damage may have made a text of it, or a number.
    return lines if isinstance(lines, bytes) else f"{lines}\n".encode()


def running(connection: sqlite3.Connection, owner: str) -> int:
    """Return how many runs of `owner` are in progress."""
    count: int = connection.execute(
        "SELECT count(*) FROM runs "
        "WHERE status = 'running' AND owner = ? AND name IS NOT NULL",
        (owner,),
    ).fetchone()[0]
    return count
