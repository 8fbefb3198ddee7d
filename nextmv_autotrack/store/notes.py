"""What has become of runs on their way: noted, all of it or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from nextmv_autotrack.store import lane as lanes
from nextmv_autotrack.store.changes import (
    Change,
    Delivered,
    Postponed,
    Rejected,
    Uploaded,
)
from nextmv_autotrack.store.connection import writing
from nextmv_autotrack.store.lane import Lane
from nextmv_autotrack.store.outbox import UPLOAD_LIFE_S


def settle(
    connection: sqlite3.Connection,
    endpoint: str,
    changes: Iterable[Change],
    change_lane: Callable[[Lane], Lane],
) -> set[str]:
    """Keep what has become of runs, and of the way to the platform: all or nothing.

    Returns:
        The runs of which nothing could be kept: they are not here, or not claimed by
        whoever is about to create them. Nothing more may be sent of them.
    """
    with writing(connection):
        lost = {change.run_id for change in changes if not _is_kept(connection, change)}
        before = lanes.load(connection, endpoint)
        after = change_lane(before)
        if after != before:
            lanes.save(connection, endpoint, after)
    return lost


def _is_kept(connection: sqlite3.Connection, change: Change) -> bool:
    if isinstance(change, Uploaded):
        return _uploaded(connection, change)
    # It may be delivered already, by another process that took this one for dead.
    return _is_changed(connection, change) or _is_there(connection, change.run_id)


def _is_changed(
    connection: sqlite3.Connection, change: Delivered | Postponed | Rejected
) -> bool:
    match change:
        case Delivered():
            return _delivered(connection, change)
        case Postponed():
            return _postponed(connection, change)
        case Rejected():
            return _rejected(connection, change)


def _is_there(connection: sqlite3.Connection, run_id: str) -> bool:
    found = connection.execute("SELECT 1 FROM runs WHERE id = ?", (run_id,))
    return found.fetchone() is not None


def _uploaded(connection: sqlite3.Connection, change: Uploaded) -> bool:
    if change.create_begins_at is None:
        is_ours = _is_there(connection, change.run_id)
    else:
        # A store that took the place of a damaged one may have it for anybody to claim.
        is_ours = bool(
            connection.execute(
                "UPDATE runs SET create_begun_at = ? WHERE id = ? AND claimed_by IS ?",
                (change.create_begins_at, change.run_id, change.owner),
            ).rowcount
        )
    if is_ours:
        _keep_uploads(connection, change)
    return is_ours


def _keep_uploads(connection: sqlite3.Connection, change: Uploaded) -> None:
    # One that is used again is no younger for it.
    connection.executemany(
        "INSERT INTO uploads VALUES (?, ?, ?, ?) "
        "ON CONFLICT (run_id, part) DO UPDATE "
        "SET upload_id = excluded.upload_id, uploaded_at = excluded.uploaded_at "
        "WHERE upload_id <> excluded.upload_id",
        [
            (change.run_id, part, upload_id, change.begun_at)
            for part, upload_id in change.uploads.items()
        ],
    )


def _delivered(connection: sqlite3.Connection, change: Delivered) -> bool:
    # Whatever was noted meanwhile: it has it.
    noted = connection.execute(
        "UPDATE runs SET delivery = 'delivered', platform_run_id = ?, delivered_at = ?, "
        "problem = NULL, "
        "attempts = coalesce(attempts, 0) + 1, claimed_by = NULL, create_begun_at = NULL "
        "WHERE id = ? AND delivery <> 'delivered'",
        (change.platform_run_id, change.at, change.run_id),
    )
    _forget_uploads(connection, change.run_id)
    return noted.rowcount > 0


def _postponed(connection: sqlite3.Connection, change: Postponed) -> bool:
    noted = connection.execute(
        "UPDATE runs SET due_at = ?, problem = ?, "
        "attempts = coalesce(attempts, 0) + 1, claimed_by = NULL, "
        "create_begun_at = CASE WHEN ? THEN NULL ELSE coalesce(?, create_begun_at) END "
        "WHERE id = ? AND delivery = 'waiting'",
        (
            change.due_at,
            change.problem,
            change.is_surely_not_created,
            change.create_begun_at,
            change.run_id,
        ),
    )
    if change.is_uploaded_anew:
        _forget_uploads(connection, change.run_id)
    return noted.rowcount > 0


def _rejected(connection: sqlite3.Connection, change: Rejected) -> bool:
    noted = connection.execute(
        "UPDATE runs SET delivery = 'rejected', problem = ?, "
        "attempts = coalesce(attempts, 0) + 1, claimed_by = NULL, create_begun_at = NULL "
        "WHERE id = ? AND delivery = 'waiting'",
        (change.problem, change.run_id),
    )
    _forget_uploads(connection, change.run_id)
    return noted.rowcount > 0


def _forget_uploads(connection: sqlite3.Connection, run_id: str) -> None:
    connection.execute("DELETE FROM uploads WHERE run_id = ?", (run_id,))


def uploads(connection: sqlite3.Connection, run_id: str, now: float) -> dict[str, str]:
    """Return the upload id of each part that the platform has, and still knows."""
    rows = connection.execute(
        "SELECT part, upload_id FROM uploads "
        "WHERE run_id = ? AND uploaded_at BETWEEN ? AND ?",
        (run_id, now - UPLOAD_LIFE_S, now),
    )
    # What is damaged is uploaded anew.
    return {part: id_ for part, id_ in rows if isinstance(id_, str) and id_.isascii()}
