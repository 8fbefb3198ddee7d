"""Time that passes for the store, without anybody waiting for it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from nextmv_autotrack.store import Store
from nextmv_autotrack.store.store import DATABASE_NAME
from nextmv_autotrack.whereabouts import CREATE_ENDS_S, CREATE_SETTLES_S

PATIENCE_S = 30.0


def create_calls_grow_older(directory: Path) -> None:
    """Let those of which nobody has heard have begun almost `CREATE_ENDS_S` earlier.

    The server of the tests answers at once: `CREATE_SETTLES_S` are left to it.
    """
    # Who was killed early has left no tables.
    Store.open(directory).close()
    passed_s = CREATE_ENDS_S - CREATE_SETTLES_S
    database = sqlite3.connect(directory / DATABASE_NAME, timeout=PATIENCE_S)
    with closing(database), database:
        database.execute(
            "UPDATE runs SET due_at = due_at - ?, create_begun_at = create_begun_at - ? "
            "WHERE create_begun_at IS NOT NULL",
            (passed_s, passed_s),
        )
