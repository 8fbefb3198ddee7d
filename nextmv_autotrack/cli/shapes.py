"""The JSON that scripts read: its members do not change within a major version."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import orjson

from nextmv_autotrack.cli import streams
from nextmv_autotrack.cli.words import one_line, timestamp
from nextmv_autotrack.encode import unpacking
from nextmv_autotrack.encode.unpacking import PackedFile
from nextmv_autotrack.errors import StoreError
from nextmv_autotrack.store import Payload, Store, StoredRun


def listed(run: StoredRun) -> dict[str, Any]:
    """Return what `list` says of a run."""
    return {
        "id": run.id,
        "name": run.name,
        "app_id": run.app_id,
        "status": run.status,
        "started_at": timestamp(run.started_at),
        "duration": run.duration,
        "error": run.error,
        "delivery": run.delivery,
        "platform_run_id": run.platform_run_id,
        "metrics": run.metrics,
    }


def shown(run: StoredRun, store: Store) -> dict[str, Any]:
    """Return what `show` says of a run."""
    return {
        **listed(run),
        "description": run.description,
        "parent_id": run.parent_id,
        "instance_id": run.instance_id,
        "input": _payload(store, run.input),
        "output": _payload(store, run.output),
        "options": run.options,
        "assets": _payload(store, run.assets) or [],
        "logs": lines(store.log_text(run.id)),
        "host": run.host,
        "environment": store.environment(run).content,
    }


def files_of(found: Payload) -> list[PackedFile] | None:
    """Return the files that a payload is; None when it is a document.

    Raises:
        ValueError: It is damaged.
    """
    if found.format != "multi-file":
        return None
    with found.opened() as archive:
        return unpacking.listed(archive)


def lines(text: str) -> list[str]:
    """Return log text as lines: what ends one is the line feed, and nothing else."""
    return text.removesuffix("\n").split("\n") if text else []


def _payload(store: Store, digest: str | None) -> orjson.Fragment | None:
    """The payload as it was stored: no number in it passes through a float.

    Of the files of a folder, what they are: they themselves are for `export`.
    """
    if digest is None:
        return None
    try:
        files = files_of(store.open_payload(digest))
        if files is not None:
            told = [{"name": one.name, "size": one.size} for one in files]
            return orjson.Fragment(orjson.dumps({"files": told}))
        body = store.payload(digest)
        orjson.loads(body)
    except (StoreError, ValueError) as error:
        # The rest of the run is there all the same.
        left_out = one_line(str(error))
        streams.complain(f"warning: a payload is left out: {left_out}")
        return None
    return orjson.Fragment(body)


def write(document: dict[str, Any] | Sequence[Any]) -> None:
    """Print JSON."""
    sys.stdout.write(encoded(document).decode())


def encoded(document: dict[str, Any] | Sequence[Any]) -> bytes:
    """Return JSON as it is printed."""
    return orjson.dumps(
        document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    )


def write_line(document: dict[str, Any] | str) -> None:
    """Print JSON on a line of its own, at once: one of many that come over time."""
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE).decode())
    sys.stdout.flush()
