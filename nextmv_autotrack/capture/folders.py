"""Folders that are the input or the output of a run: packed, or a note in their place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from nextmv_autotrack import safely
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.resources.usage import usage
from nextmv_autotrack.encode import to_json
from nextmv_autotrack.encode.descriptions import text_of
from nextmv_autotrack.encode.folder import LeftOut, NotPackedError, Packed, pack
from nextmv_autotrack.journal import Body, Enclosure
from nextmv_autotrack.journal.enclosure import LEAST_BYTES

INPUT_DIR, OUTPUT_DIR = "input_dir", "output_dir"

# What the head of a frame can count.
_MOST_BYTES = 2**32 - 1

# The model waits for it. Some gigabytes take that long, on a disk that is quick; one
# that is not must not hold up a model for an hour.
MAX_PACK_S = 60

_MAX_NOTE_BYTES = 10_000
_FILES_SHOWN = 10


def folder_for(
    setting: str, given: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> object:
    """Return the folder of a call: fixed, or computed from its arguments; None: none."""
    if not callable(given):
        return given
    try:
        found = given(*args, **kwargs)
        return None if found is None else os.fspath(found)
    except BaseException as error:
        if not safely.is_meant_for_us(error):
            raise
        doing = f"the {setting} of a run"
        safely.warn(f"{doing}: {type(error).__name__}: {error}", doing)
        return None


def begin(opened: OpenRun, input_dir: object, output_dir: object) -> None:
    """Note the folders of a run that begins; that of the input is packed now."""
    if output_dir is not None:
        opened.output_dir = output_dir
    if input_dir is None:
        return
    opened.input_dir = input_dir
    record_input(opened)
    # The model has not begun before now.
    if opened.plan.resources:
        opened.usage_start = usage()
    opened.start_ns = opened.recorder.clock.steady_ns()


def record_input(opened: OpenRun) -> None:
    """Write down the files of the input folder, as they are now."""
    try:
        opened.add_part("input", _packed(opened, INPUT_DIR, opened.input_dir))
    except Exception as error:  # noqa: BLE001 -- the boundary
        safely.failed("recording an input", error)


def packed_output(opened: OpenRun, *, has_failed: bool) -> Body:
    """Return the files of the output folder, as they are now.

    Of a run that has failed before it wrote any, there is no output.
    """
    if has_failed and not _has_anything(opened.output_dir):
        return b""
    return _packed(opened, OUTPUT_DIR, opened.output_dir)


def _has_anything(folder: Any) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entries)
    except (OSError, ValueError, TypeError):
        return False


def _packed(opened: OpenRun, setting: str, given: object) -> Body:
    """Return the archive of a folder, or the note that stands for it."""
    try:
        path = os.fsdecode(cast("str", given))
    except BaseException as error:
        if not safely.is_meant_for_us(error):
            raise
        problem = f"it is no path: {text_of(error, str)}"
        return _note(setting, text_of(given), problem)
    if not path:
        # To the system that would be where the program runs, its secrets included.
        return _note(setting, path, "it is empty")
    folder = Path(path)
    try:
        archive, packed = _archive(opened, folder)
    except NotPackedError as beyond:
        problem = str(beyond)
    except (OSError, ValueError) as error:
        problem = _words(error)
    else:
        _tell(opened, setting, folder, packed.left_out, "left out")
        _tell(opened, setting, folder, packed.changed, "not as they were")
        if archive is not None:
            return archive
        problem = "it has no files"
    return _note(setting, str(folder), problem)


def _archive(opened: OpenRun, folder: Path) -> tuple[Body | None, Packed]:
    """Return the archive of a folder, if there are files, and what became of it."""
    home = opened.plan.settings.directory
    # What is large waits on the disk that is to have it anyway.
    file = cast(
        "BinaryIO",
        SpooledTemporaryFile(LEAST_BYTES, dir=str(home) if home.is_dir() else None),  # noqa: SIM115 -- it may outlive this
    )
    with ExitStack() as stack:
        stack.callback(file.close)
        packed = pack(
            folder,
            file,
            max_bytes=min(opened.plan.max_payload, _MOST_BYTES),
            max_s=MAX_PACK_S,
            now_ns=opened.recorder.clock.steady_ns,
        )
        size = file.tell()
        if packed.files and size > LEAST_BYTES:
            stack.pop_all()
            return Enclosure(file, size), packed
        file.seek(0)
        return (file.read() if packed.files else None), packed


def _words(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such folder"
    if isinstance(error, NotADirectoryError):
        return "it is no folder"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return f"it is no path: {error}"


def _note(setting: str, path: str, problem: str) -> bytes:
    """Return what stands for the files: readers know it as they know a summary."""
    safely.warn(f"{setting} {path!r:.300}: {problem}; the run says so", setting)
    # In this order: it is told by how it begins.
    told = {"truncated": True, "type": "folder", "head": None}
    return to_json({**told, "path": path, "reason": problem}, max_bytes=_MAX_NOTE_BYTES)


def _tell(
    opened: OpenRun, setting: str, folder: Path, files: list[LeftOut], become: str
) -> None:
    if not files:
        return
    shown = [
        f"{_inside(folder, one.path)!r} ({one.why})" for one in files[:_FILES_SHOWN]
    ]
    if len(files) > _FILES_SHOWN:
        shown.append("...")
    said = f"{setting}: {len(files)} files are {become}: {', '.join(shown)}"
    opened.add_last_lines(f"nextmv-autotrack: {said}")
    safely.warn(f"{said}; the logs of the run say so, too", f"{setting} in part")


def _inside(folder: Path, path: Path) -> str:
    return (
        path.relative_to(folder).as_posix()
        if path.is_relative_to(folder)
        else path.name
    )
