"""Runs in the folders and files in which `nextmv.local` keeps its own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

import orjson

from nextmv_autotrack.cli.export.local_information import information, synced
from nextmv_autotrack.cli.export.workspace import workspace
from nextmv_autotrack.encode.formats import Format
from nextmv_autotrack.encode.unpacking import unpack
from nextmv_autotrack.errors import StoreError
from nextmv_autotrack.nextmv_api import Blob
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

# Where it looks for input and output of each format; files lie in a folder, and it reads
# no output that is a text.
_INPUTS: dict[Format, Path] = {
    "json": Path("inputs", "input.json"),
    "text": Path("inputs", "input"),
    "multi-file": Path("inputs"),
}
_SOLUTIONS = Path("outputs", "solutions")
_OUTPUTS: dict[Format, Path] = {
    "json": _SOLUTIONS / "solution.json",
    "multi-file": _SOLUTIONS,
}
_LOGS = Path("logs", "logs.log")


class Written(Enum):
    """What has become of a run."""

    NEW = "new"
    MENDED = "damaged there and written anew"
    FORGOTTEN = "without a readable document there and written anew"
    MARKED = "marked as synced"
    UNCHANGED = "already there"


class LocalRuns:
    """A folder that is an application of `nextmv.local`."""

    def __init__(self, runs: Path, workspace: Path) -> None:
        self._runs = runs
        self._workspace = workspace

    @classmethod
    @contextmanager
    def at(cls, folder: Path) -> Iterator[LocalRuns]:
        """Make a folder such an application if it is none.

        Raises:
            OSError: It cannot be written.
        """
        home = folder / ".nextmv"
        (home / "runs").mkdir(parents=True, exist_ok=True)
        _write_if_missing(home / ".gitignore", _GITIGNORE)
        _write_if_missing(folder / "app.yaml", _MANIFEST)
        with workspace(home) as own:
            yield cls(home / "runs", own)

    def write(self, store: Store, run: StoredRun) -> Written:
        """Write a run that has ended; one that is whole is marked as synced at most.

        Raises:
            StoreError: A payload cannot be read.
            OSError: The folder cannot be written.
        """
        place = self._runs / run.id
        is_there, told = place.exists(), _told(place)
        if told is not None and _is_whole(place, told):
            return _mark(place, run, told)
        # Whole or not at all: half a run stops the vendor's own sync for good.
        unfinished = self._workspace / secrets.token_hex(8)
        _fill(unfinished, store, run, told)
        try:
            if is_there:
                place.rename(self._workspace / secrets.token_hex(8))
            unfinished.rename(place)
        except OSError:
            told = _told(place)
            if told is None or not _is_whole(place, told):
                raise
            return Written.UNCHANGED  # another export was faster
        if not is_there:
            return Written.NEW
        return Written.FORGOTTEN if told is None else Written.MENDED


def _write_if_missing(path: Path, content: bytes) -> None:
    if not path.exists():
        path.write_bytes(content)


def _told(place: Path) -> dict[str, Any] | None:
    """Return the document that is there, which may be the vendor's; None if it is none."""
    try:
        told = orjson.loads((place / f"{place.name}.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def _is_whole(place: Path, told: dict[str, Any]) -> bool:
    """Whether the vendor's sync does not fail for what is missing."""
    # What the vendor says of outputs need not be so.
    try:
        about = told["metadata"]
        formats = about["format"]
        inputs = place / _INPUTS[formats["input"]["type"]]
        has_input = _bytes_in(inputs) == about["input_size"]
        output = place / _OUTPUTS[formats["output"]["type"]]
        has_output = any(output.iterdir()) if output.is_dir() else _bytes_in(output) > 0
        has_logs = (place / _LOGS).is_file()
    except (FileNotFoundError, LookupError, TypeError):
        return False
    return has_input and has_output and has_logs


def _bytes_in(path: Path) -> int:
    if not path.is_dir():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())


def _fill(
    folder: Path, store: Store, run: StoredRun, before: dict[str, Any] | None
) -> None:
    """Write all files of a run into a new folder; `before` is what was told of it."""
    packed = pack(store, run, takes_text=False)
    inputs, outputs = _INPUTS[packed.input_format], _OUTPUTS[packed.output_format]
    input_bytes = _write_as(
        packed.input_format, folder / inputs, _input_of(packed), store, run.input
    )
    output_bytes = _write_as(
        packed.output_format,
        folder / outputs,
        packed.output or _NOTHING,
        store,
        run.output,
    )
    # The reader wants one, if only an empty one.
    _write(folder / _LOGS, packed.logs or Blob.of())
    if run.metrics:
        metrics = Blob.of(orjson.dumps({"metrics": run.metrics}))
        _write(folder / "outputs" / "metrics.json", metrics)
    if run.assets is not None:
        assets = Blob.of(b'{"assets":', store.payload(run.assets), b"}")
        _write(folder / "outputs" / "assets.json", assets)
    told = information(run, packed, input_bytes, output_bytes)
    known = _synced_before(before)
    told["synced_runs"] = [*known, *_added(run, known)] or None
    _write_json(folder / f"{run.id}.json", told)


def _input_of(packed: Waiting) -> Blob:
    # The vendor's sync takes texts as they are, and stops at anything else.
    value = packed.input
    if value is None or packed.input_format != "json" or value.first() == b"{":
        return value or _NOTHING
    return Blob.of(b'{"input":', value, b"}")


def _write_as(
    kind: Format, path: Path, content: Blob, store: Store, digest: str | None
) -> int:
    """Write a payload where it is looked for; return how many bytes there are."""
    if kind != "multi-file" or digest is None:
        _write(path, content)
        return content.size
    try:
        with store.open_payload(digest).opened() as archive:
            unpack(archive, path)
    except ValueError as error:
        raise StoreError(f"payload {digest} cannot be unpacked: {error}") from error
    return _bytes_in(path)


def _write(path: Path, content: Blob) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.writelines(content.chunks())


def _synced_before(told: dict[str, Any] | None) -> list[dict[str, Any]]:
    known = told.get("synced_runs") if told is not None else None
    return [
        one
        for one in (known if isinstance(known, list) else [])
        if isinstance(one, dict) and "run_id" in one
    ]


def _added(run: StoredRun, known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return where the platform has it, unless that is known."""
    ids = {one["run_id"] for one in known}
    return [one for one in synced(run) if one["run_id"] not in ids]


def _mark(place: Path, run: StoredRun, told: dict[str, Any]) -> Written:
    """Add that the platform has it to what is there, which may be the vendor's by now."""
    known = _synced_before(told)
    added = _added(run, known)
    if not added:
        return Written.UNCHANGED
    told["synced_runs"] = [*known, *added]
    _write_json(place / f"{run.id}.json", told)
    return Written.MARKED


def _write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a file that is whole whenever somebody reads it."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        unfinished.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
