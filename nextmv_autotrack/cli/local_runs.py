"""Runs in the folders and files in which `nextmv.local` keeps its own."""

from __future__ import annotations

import secrets
import shutil
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Any

import orjson

from nextmv_autotrack.errors import AutotrackError
from nextmv_autotrack.nextmv_api import Blob
from nextmv_autotrack.nextmv_api.wire import described, duration_ms, error_message
from nextmv_autotrack.status import Status
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.upload.packing import pack
from nextmv_autotrack.upload.submission import Waiting

# All that an application needs to have its runs read. The file it names need not be
# there.
_MANIFEST = b"""\
# Made by nextmv-autotrack: the runs in here were solved elsewhere.
files:
  - main.py
"""

_GITIGNORE = b"*\n!.gitignore\n"

_NOTHING = Blob.of(b"{}")

_JSON = {"type": "json"}


class Written(Enum):
    """What has become of a run."""

    NEW = "new"
    MARKED = "marked as synced"
    UNCHANGED = "already there"


class LocalRuns:
    """A folder that is an application of `nextmv.local`, made one if it is none."""

    def __init__(self, folder: Path) -> None:
        self._home = folder / ".nextmv"
        self._runs = self._home / "runs"
        self._runs.mkdir(parents=True, exist_ok=True)
        _write_if_missing(self._home / ".gitignore", _GITIGNORE)
        _write_if_missing(folder / "app.yaml", _MANIFEST)

    def write(self, store: Store, run: StoredRun) -> Written:
        """Write a run that has ended; one that is there is marked as synced at most.

        Raises:
            StoreError: A payload cannot be read.
            OSError: The folder cannot be written.
        """
        place = self._runs / run.id
        if place.exists():
            return _mark(place, run)
        # Whole or not at all: half a run stops the vendor's own sync for good.
        unfinished = self._home / f"unfinished-{secrets.token_hex(8)}"
        try:
            _fill(unfinished, store, run)
            unfinished.rename(place)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return Written.NEW


def _write_if_missing(path: Path, content: bytes) -> None:
    if not path.exists():
        path.write_bytes(content)


def _fill(folder: Path, store: Store, run: StoredRun) -> None:
    """Write all files of a run into a new folder."""
    packed = pack(store, run)
    for inner in ("inputs", "logs", "outputs/solutions"):
        (folder / inner).mkdir(parents=True)
    inputs, output = packed.input or _NOTHING, packed.output or _NOTHING
    _write(folder / "inputs" / "input.json", inputs)
    _write(folder / "outputs" / "solutions" / "solution.json", output)
    # The reader wants one, if only an empty one.
    _write(folder / "logs" / "logs.log", packed.logs or Blob.of())
    if run.metrics:
        metrics = Blob.of(orjson.dumps({"metrics": run.metrics}))
        _write(folder / "outputs" / "metrics.json", metrics)
    if run.assets is not None:
        assets = Blob.of(b'{"assets":', store.payload(run.assets), b"}")
        _write(folder / "outputs" / "assets.json", assets)
    told = _information(run, packed, inputs.size, output.size)
    _write_json(folder / f"{run.id}.json", told)


def _write(path: Path, content: Blob) -> None:
    with path.open("wb") as file:
        file.writelines(content.chunks())


def _information(
    run: StoredRun, packed: Waiting, input_bytes: int, output_bytes: int
) -> dict[str, Any]:
    options = run.options
    duration = duration_ms(run.duration)
    return {
        "id": run.id,
        "name": run.name,
        # With our id: whoever sends it from here, it can be told on the platform.
        "description": described(packed),
        "user_email": "",
        "console_url": "",
        "metadata": {
            "application_id": run.app_id or "",
            "application_instance_id": run.instance_id or "",
            "application_version_id": "",
            "created_at": _moment(run.started_at),
            "initiated_at": _moment(run.started_at),
            "duration": duration,
            "execution_duration": duration,
            # The vendor's sync refuses a text on a run that has succeeded.
            "error": error_message(run.error) if run.status is Status.FAILED else "",
            "execution_class": "local",
            "runtime": "local",
            "input_size": input_bytes,
            "output_size": output_bytes,
            "format": {"input": _JSON, "output": _JSON},
            "options": {
                "active_options": options,
                "request_options": options,
                "options_summary": [
                    {"name": name, "source": "run", "value": value}
                    for name, value in options.items()
                ],
            },
            "run_type": {"type": "external", "definition_id": "", "reference_id": ""},
            "status_v2": run.status.value,
        },
        "synced_runs": _synced(run) or None,
    }


def _synced(run: StoredRun) -> list[dict[str, Any]]:
    """The run as the platform has it: what is marked so is not sent again."""
    if run.platform_run_id is None:
        return []
    found = {
        "run_id": run.platform_run_id,
        "app_id": run.app_id or "",
        "synced_at": _moment(run.started_at + (run.duration or 0.0)),
    }
    return [
        found if run.instance_id is None else {**found, "instance_id": run.instance_id}
    ]


def _mark(place: Path, run: StoredRun) -> Written:
    """Add that the platform has it to what is there, which may be the vendor's by now."""
    path = place / f"{run.id}.json"
    synced = _synced(run)
    try:
        told = orjson.loads(path.read_bytes())
        known = told["synced_runs"] = told.get("synced_runs") or []
        ids = {one["run_id"] for one in known}
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise AutotrackError(f"{path} cannot be read: {error}") from error
    added = [one for one in synced if one["run_id"] not in ids]
    if not added:
        return Written.UNCHANGED
    known += added
    _write_json(path, told)
    return Written.MARKED


def _write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a file that is whole whenever somebody reads it."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        unfinished.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _moment(seconds: float) -> str:
    """The time as it is written there, in UTC and to the microsecond."""
    text = datetime.fromtimestamp(seconds, timezone.utc).isoformat(
        timespec="microseconds"
    )
    return text.replace("+00:00", "Z")
