"""Payloads removed while others move, claim and send: in steps that need no pause.

1. Payloads are doomed: they get into a table of their own. Whoever refers to one from
   then on takes it out again, in the same transaction (see `moving`).
2. Who has referred to one before is found by reading all runs, which keeps nobody from
   writing. These runs let go of it, unless one has been claimed, or is needed more than
   was thought: then the payload is doomed no more.
3. What is doomed still is used by nobody, and is removed. Its file goes first: a process
   that dies here leaves a payload that nobody uses, and that is found the next time.

A file needs no time of grace: whoever has written one, and is about to refer to it,
looks in its transaction whether it is there, and writes it again if not.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from nextmv_autotrack.store.connection import insert, writing
from nextmv_autotrack.store.payloads import Payloads

PAYLOADS_OF_A_RUN = ("input", "later_input", "output", "assets")

# Runs that let go of payloads in one transaction, and payloads that are removed in one:
# some milliseconds each. To remove a file of 100 MB takes as long as many small ones.
_RUNS_AT_ONCE = 500
_PAYLOADS_AT_ONCE = 100
_BYTES_AT_ONCE = 256 * 1024 * 1024

LAST_USE = """(CASE
    WHEN status = 'running' OR claimed_by IS NOT NULL THEN '9'
    WHEN delivery = 'delivered' THEN '1'
    WHEN delivery = 'local' THEN '2'
    WHEN delivery = 'rejected' THEN '3'
    ELSE '4'
END || id)"""
"""What sorts runs by how soon they may lose their payloads, the oldest first.

Those go first that the platform has, then those that stay here anyway, then what the
platform has said no to, and last what it still has to get.
"""
OF_WAITING = "4"
"""Sorts before all runs that wait."""
IN_USE = "9"
"""Sorts before all runs that may not lose anything now."""

_USES_DOOMED = " OR ".join(f"{column} IN doomed" for column in PAYLOADS_OF_A_RUN)
_WITHOUT_DOOMED = ", ".join(
    f"{column} = CASE WHEN {column} IN doomed THEN NULL ELSE {column} END"
    for column in ("later_input", "output", "assets")
)
# An input that was replaced by one that goes must not stand in its place.
_LET_GO = f"""UPDATE runs SET is_trimmed = 1, {_WITHOUT_DOOMED}, input =
CASE WHEN input IN doomed OR later_input IN doomed THEN NULL ELSE input END"""  # noqa: S608 -- words of ours only
_THESE = "(SELECT value FROM json_each(:these))"


class Removed(NamedTuple):
    """What was removed."""

    runs: int
    """Runs that have let go of payloads."""
    waiting: int
    """Those of them that wait for the platform."""
    payload_bytes: int


def remove(
    connection: sqlite3.Connection,
    payloads: Payloads,
    digests: Iterable[str],
    *,
    last_use: str,
) -> Removed:
    """Remove payloads, also from runs that may lose them up to `last_use`.

    For one process at a time; all others may do what they like meanwhile.
    """
    with writing(connection):
        connection.execute("DELETE FROM doomed")
        insert(connection, "INTO doomed", [(digest,) for digest in digests])
    runs = waiting = payload_bytes = 0
    after = ""
    while users := _users(connection, after):
        after = users[-1]
        let_go, of_waiting = _let_go(connection, users, last_use)
        runs, waiting = runs + let_go, waiting + of_waiting
    while (removed_bytes := _remove_doomed(connection, payloads)) is not None:
        payload_bytes += removed_bytes
    return Removed(runs, waiting, payload_bytes)


def keep(connection: sqlite3.Connection, digests: Iterable[str]) -> None:
    """Let payloads be doomed no more; in the transaction that refers to them."""
    connection.execute(
        f"DELETE FROM doomed WHERE digest IN {_THESE}",  # noqa: S608 -- words of ours only
        {"these": json.dumps(list(digests))},
    )


def _users(connection: sqlite3.Connection, after: str) -> list[str]:
    """Return the next of the runs that use what is doomed."""
    rows = connection.execute(
        f"SELECT id FROM runs WHERE id > ? AND ({_USES_DOOMED}) ORDER BY id LIMIT ?",  # noqa: S608 -- words of ours only
        (after, _RUNS_AT_ONCE),
    )
    return [run_id for (run_id,) in rows]


def _let_go(
    connection: sqlite3.Connection, run_ids: list[str], last_use: str
) -> tuple[int, int]:
    """Let runs have no payload that is doomed; return how many, and how many wait."""
    given = {"these": json.dumps(run_ids), "last_use": last_use}
    may = f"id IN {_THESE} AND {LAST_USE} <= :last_use AND ({_USES_DOOMED})"
    used = " UNION ALL ".join(
        f"SELECT {column} FROM runs WHERE id IN {_THESE}"  # noqa: S608 -- words of ours only
        for column in PAYLOADS_OF_A_RUN
    )
    with writing(connection):
        # A few statements, however many runs (see `insert`).
        (waiting,) = connection.execute(
            f"SELECT count(*) FROM runs WHERE {may} AND delivery = 'waiting'",  # noqa: S608 -- words of ours only
            given,
        ).fetchone()
        runs = connection.execute(f"{_LET_GO} WHERE {may}", given).rowcount
        connection.execute(f"DELETE FROM doomed WHERE digest IN ({used})", given)  # noqa: S608 -- words of ours only
    return runs, waiting


def _remove_doomed(connection: sqlite3.Connection, payloads: Payloads) -> int | None:
    """Remove some of what is doomed; return its size, or None when there is no more."""
    with writing(connection):
        # One row, however many payloads (see `insert`).
        (found,) = connection.execute(
            "SELECT json_group_array(json_array(digest, size, is_file)) FROM ("
            "SELECT digest, size, content IS NULL AS is_file "
            "FROM doomed CROSS JOIN payloads USING (digest) LIMIT ?)",
            (_PAYLOADS_AT_ONCE,),
        ).fetchone()
        tried, gone, removed_bytes = [], [], 0
        for digest, size, is_file in json.loads(found):
            if removed_bytes > _BYTES_AT_ONCE:
                break
            tried.append(digest)
            if not is_file or payloads.remove_file(digest):
                gone.append(digest)
                removed_bytes += size
        if not tried:
            # Of these the store has nothing but the name.
            connection.execute("DELETE FROM doomed")
            return None
        connection.execute(
            f"DELETE FROM payloads WHERE digest IN {_THESE}",  # noqa: S608 -- words of ours only
            {"these": json.dumps(gone)},
        )
        keep(connection, tried)
    return removed_bytes
