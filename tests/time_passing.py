"""Time that passes for the store, without anybody waiting for it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from nextmv_autotrack.whereabouts import CREATE_ENDS_S, CREATE_SETTLES_S


def create_calls_grow_older(directory: Path) -> None:
    """Let those of which nobody has heard have begun almost `CREATE_ENDS_S` earlier.

    The server of the tests answers at once: `CREATE_SETTLES_S` are left to it.
    """
    passed_s = CREATE_ENDS_S - CREATE_SETTLES_S
    with (
        closing(sqlite3.connect(directory / "store.sqlite3", timeout=30)) as store,
        store,
    ):
        store.execute(
            "UPDATE runs SET due_at = due_at - ?, create_begun_at = create_begun_at - ? "
            "WHERE create_begun_at IS NOT NULL",
            (passed_s, passed_s),
        )
