"""The runs of a platform in the process, read back for a test."""

from __future__ import annotations

import json
from typing import Any

from nextmv_autotrack.status import Status
from nextmv_autotrack.testing.read_back import read_back
from nextmv_autotrack.testing.recorded_run import RecordedRun
from nextmv_autotrack.testing.service import CreatedRun, Service


def as_recorded(service: Service) -> list[RecordedRun]:
    """Return the runs that a platform has, in the order in which they came."""
    return [_as_recorded(service, run) for run in tuple(service.runs.values())]


def _as_recorded(service: Service, run: CreatedRun) -> RecordedRun:
    body, result = run.body, run.body["result"]
    output, metrics, assets = _output(service, run)
    return RecordedRun(
        id=run.id,
        name=body.get("name", ""),
        description=body.get("description"),
        status=Status(result["status"]),
        input=_read(service, run, "input"),
        output=output,
        metrics=metrics,
        options=body.get("options", {}),
        assets=assets,
        logs=service.blob(run, "logs").decode("utf-8", "replace").splitlines(),
        error=result.get("error_message"),
        duration=result["execution_duration"] / 1000,
        app_id=run.app_id,
        instance_id=run.instance_id,
    )


def _output(service: Service, run: CreatedRun) -> tuple[Any, dict[str, Any], list[Any]]:
    """The output of a run, and what stands apart: in it, or uploaded beside it."""
    output = _read(service, run, "output")
    apart: dict[str, Any] = {}
    if isinstance(output, dict):
        apart = {name: output.pop(name, None) for name in ("metrics", "assets")}
    metrics = json.loads(service.blob(run, "metrics") or b"null")
    assets = json.loads(service.blob(run, "assets") or b"{}").get("assets")
    return (
        output or None,
        metrics or apart.get("metrics") or {},
        assets or apart.get("assets") or [],
    )


def _read(service: Service, run: CreatedRun, part: str) -> Any:
    """One document: of JSON, a text, or the files of a folder."""
    formats = run.body.get("configuration", {}).get("format", {})
    kind = formats.get(part, {}).get("type", "json")
    blob = service.blob(run, part)
    if kind == "json":
        return json.loads(blob or b"null")
    return blob.decode() if kind == "text" else read_back(blob)
