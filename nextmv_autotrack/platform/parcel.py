"""From a `TrackedRun` to what is sent of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nextmv_autotrack import nextmv_objects, safely
from nextmv_autotrack.encode.formats import Format
from nextmv_autotrack.nextmv_api import Blob
from nextmv_autotrack.nextmv_api.wire import error_message
from nextmv_autotrack.platform.archive import pack_folder
from nextmv_autotrack.platform.redaction import Redaction, redaction
from nextmv_autotrack.platform.tracked_run import TrackedRun
from nextmv_autotrack.status import Status

# What the platform takes from its customers for one upload, by its older pages; what is
# longer becomes a summary that says so.
MAX_PAYLOAD_BYTES = 500_000_000

_NO_INPUT: dict[str, Any] = {}


@dataclass(frozen=True)
class Parcel:
    """All that is uploaded of one run."""

    input_format: Format
    output_format: Format
    parts: dict[str, Blob]
    """By the names of `create_body`, without their `_id`."""
    managed_input_id: str | None = None
    """Of an input that the platform has already, in place of one that is uploaded."""


def pack(run: TrackedRun, folder: Path) -> Parcel:
    """Return what is uploaded of a run; archives are written into `folder`.

    Raises:
        InvalidRunError: A folder of the run cannot be read.
    """
    hide = redaction()
    output_format, outcome = _output(run, folder, hide)
    logs = {"logs": Blob.of(hide.text(text))} if (text := _logs(run)) else {}
    managed = nextmv_objects.managed_input_id(run.input)
    if managed is not None:
        return Parcel("json", output_format, {**outcome, **logs}, managed)
    input_format, given = _input(run, folder, hide)
    return Parcel(input_format, output_format, {"input": given, **outcome, **logs})


def _input(run: TrackedRun, folder: Path, hide: Redaction) -> tuple[Format, Blob]:
    if run.input_dir is not None:
        return "multi-file", _archive(run.input_dir, folder, "input_dir")
    if isinstance(run.input, str):
        return "text", Blob.of(hide.text(run.input))
    return "json", _json(_NO_INPUT if run.input is None else run.input, hide)


def _output(
    run: TrackedRun, folder: Path, hide: Redaction
) -> tuple[Format, dict[str, Blob]]:
    aside: dict[str, Any] = {
        "metrics": run.metrics,
        "statistics": run.statistics,
        "assets": run.assets,
    }
    aside = {name: value for name, value in aside.items() if value}
    if run.output_dir is not None:
        archive = _archive(run.output_dir, folder, "output_dir")
        # The platform wants two of them under their names, and metrics as they are.
        wrapped = {
            name: _json(value if name == "metrics" else {name: value}, hide)
            for name, value in aside.items()
        }
        return "multi-file", {"output": archive, **wrapped}
    if isinstance(run.output, str) and not aside:
        return "text", {"output": Blob.of(hide.text(run.output))}
    # Of a text the platform would take no metrics: with some, it goes into a document.
    if run.output is None and not aside:
        return "json", {}
    return "json", {"output": _json(_document(run.output, aside), hide)}


def _document(output: object, aside: Mapping[str, Any]) -> Mapping[Any, Any]:
    """Return the one document in which the platform looks for all of it."""
    if output is None:
        return aside
    if not (isinstance(output, Mapping) and _can_be_joined(output, aside)):
        return {"solution": output, **aside}
    joined = {
        name: [*(output.get(name) or ()), *value]
        if name == "assets"
        else {**(output.get(name) or {}), **value}
        for name, value in aside.items()
    }
    return {**output, **joined}


def _can_be_joined(output: Mapping[Any, Any], aside: Mapping[str, Any]) -> bool:
    return all(
        output.get(name) is None or isinstance(output[name], kind)
        for name, kind in (
            ("metrics", Mapping),
            ("statistics", Mapping),
            ("assets", list),
        )
        if name in aside
    )


def _logs(run: TrackedRun) -> str:
    has_failed = run.status is Status.FAILED
    if not run.error or (has_failed and error_message(run.error) == run.error):
        return run.logs
    if not has_failed:
        safely.warn(
            f"the error text of {run!r} is kept as a line of its logs: on the platform,"
            " a run that succeeded has no error",
            "error texts of runs that succeeded",
        )
    # The platform takes an error as a short plain line: the whole of it is not lost.
    lines = run.logs if not run.logs or run.logs.endswith("\n") else f"{run.logs}\n"
    return lines + run.error


def _archive(source: Path, folder: Path, field: str) -> Blob:
    path = folder / f"{field}.tar.gz"
    pack_folder(source, path, field=field)
    return Blob.of(path)


def _json(value: object, hide: Redaction) -> Blob:
    return Blob.of(hide.json(value, max_bytes=MAX_PAYLOAD_BYTES))
