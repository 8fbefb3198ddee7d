"""What is about to be sent: which runs, how large, and what others may send, too."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping

from nextmv_autotrack.store import predecessor
from nextmv_autotrack.store.connection import writing
from nextmv_autotrack.store.outbox import WAITS

_THESE = "id IN (SELECT value FROM json_each(:ids))"
_FOR = f"{WAITS} AND (:endpoint IS NULL OR endpoint IS NULL OR endpoint = :endpoint)"

# One whose beginning is not known yet, from a journal that could not be read, would
# become local again when it is.
_MAY_GO = f"""{_THESE} AND delivery = 'local' AND status <> 'running'
AND name IS NOT NULL AND is_trimmed = 0 AND platform_run_id IS NULL
AND coalesce(app_id, :app_id) IS NOT NULL"""

_PAYLOAD_BYTES = " + ".join(
    f"coalesce((SELECT size FROM payloads WHERE digest = {column}), 0)"  # noqa: S608 -- words of ours only
    for column in ("coalesce(later_input, input)", "output", "assets")
)
_LOG_BYTES = """coalesce(
    (SELECT sum(length(lines)) FROM logs WHERE run_id = runs.id), 0
)"""


def waiting_ids(connection: sqlite3.Connection, endpoint: str | None) -> list[str]:
    """Return the ended runs that wait for a platform, or for any."""
    rows = connection.execute(f"SELECT id FROM runs WHERE {_FOR}", _named(endpoint))  # noqa: S608 -- words of ours only
    return [run_id for (run_id,) in rows]


def waiting_apps(connection: sqlite3.Connection, endpoint: str | None) -> list[str]:
    """Return the applications that runs wait for."""
    rows = connection.execute(
        f"SELECT DISTINCT app_id FROM runs WHERE {_FOR} AND app_id IS NOT NULL "  # noqa: S608 -- words of ours only
        "ORDER BY app_id",
        _named(endpoint),
    )
    return [app_id for (app_id,) in rows]


def _named(endpoint: str | None) -> dict[str, str | None]:
    return {"endpoint": endpoint}


def sizes(
    connection: sqlite3.Connection, run_ids: Collection[str]
) -> Mapping[str, int]:
    """Return how many bytes there are to send of each run."""
    rows = connection.execute(
        f"SELECT id, CAST({_PAYLOAD_BYTES} + {_LOG_BYTES} AS INTEGER) FROM runs "  # noqa: S608 -- words of ours only
        f"WHERE {_THESE}",
        {"ids": json.dumps(list(run_ids))},
    )
    return dict(rows.fetchall())


def deliveries(
    connection: sqlite3.Connection, run_ids: Collection[str]
) -> dict[str, str]:
    """Return how far each of these runs is on its way."""
    rows = connection.execute(
        f"SELECT id, delivery FROM runs WHERE {_THESE}",  # noqa: S608 -- words of ours only
        {"ids": json.dumps(list(run_ids))},
    )
    return dict(rows.fetchall())


def note_exported(
    connection: sqlite3.Connection, run_ids: Collection[str], now: float
) -> None:
    """Note that from now on others may send these runs, unless they are there."""
    with writing(connection):
        connection.execute(
            "UPDATE runs SET exported_at = :now WHERE exported_at IS NULL "  # noqa: S608 -- words of ours only
            f"AND platform_run_id IS NULL AND {_THESE}",
            {"ids": json.dumps(list(run_ids)), "now": now},
        )


def hand_over(
    connection: sqlite3.Connection,
    run_ids: Collection[str],
    *,
    endpoint: str,
    app_id: str | None,
    instance_id: str | None,
) -> int:
    """Let local runs wait for a platform, all of them at once; return how many do.

    Application and instance are for those that have no application. What may not go, or
    went already, stays as it is.
    """
    with writing(connection):
        handed_over = connection.execute(
            "UPDATE runs SET delivery = 'waiting', endpoint = :endpoint, "  # noqa: S608 -- words of ours only
            "instance_id = CASE WHEN app_id IS NULL "
            "THEN coalesce(instance_id, :instance_id) ELSE instance_id END, "
            "app_id = coalesce(app_id, :app_id), "
            "due_at = 0, attempts = 0, problem = NULL "
            f"WHERE {_MAY_GO}",
            {
                "ids": json.dumps(list(run_ids)),
                "endpoint": endpoint,
                "app_id": app_id,
                "instance_id": instance_id,
            },
        ).rowcount
        # A store before this one may have handed them over, too.
        predecessor.doubt(connection, run_ids)
    return handed_over
