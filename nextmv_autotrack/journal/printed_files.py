"""Files with what a process has printed, which are there when it is killed.

They lie beside its journal. The process takes them away as it writes what they hold
into its journal; what is left of a dead one becomes a segment of its journal.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from nextmv_autotrack.errors import JournalError
from nextmv_autotrack.journal.frames import LOG, sealed
from nextmv_autotrack.journal.left_log import LeftLog
from nextmv_autotrack.journal.locks import try_lock
from nextmv_autotrack.journal.reader import read_frames

SUFFIX = ".printed"

_PIECE = Struct("!cI")

# A piece of this letter says how many lines were left out before the file.
_LOST = b"-"

# Far above what a process numbers its own segments by.
_FIRST_SEGMENT = 1_000_000_000


class PrintedFile(NamedTuple):
    """What one file holds."""

    runs: dict[str, int]
    """Whose output it is, and how long the log of each may be."""

    pieces: list[tuple[str, bytes]]
    """What was printed, each with a letter for the stream."""

    lost_lines: int = 0
    """What there was no room for before it, since somebody has taken some."""


def first_line(runs: Mapping[str, int]) -> bytes:
    """Return what such a file begins with."""
    return json.dumps({"runs": dict(runs)}).encode("ascii") + b"\n"


def read_printed(path: Path) -> PrintedFile:
    """Read a file; of one that is cut or damaged, what makes sense."""
    head, _, body = path.read_bytes().partition(b"\n")
    try:
        told = json.loads(head)["runs"]
        runs = {str(run_id): int(most) for run_id, most in told.items()}
    except (ValueError, LookupError, TypeError, AttributeError):
        return PrintedFile({}, [])
    pieces, position, lost_lines = [], 0, 0
    while position + _PIECE.size <= len(body):
        letter, size = _PIECE.unpack_from(body, position)
        position += _PIECE.size
        piece = body[position : position + size]
        if letter == _LOST:
            lost_lines = int.from_bytes(piece, "big")
        else:
            pieces.append((letter.decode("latin-1"), piece))
        position += size
    return PrintedFile(runs, pieces, lost_lines)


def owner_of(path: Path) -> str:
    """Return whose file it is, by its name: the relay's and a number stand behind."""
    return path.stem.rsplit(".", 2)[0]


def left_by(base: str) -> list[Path]:
    """Return the files whose names begin so, in the order of printing."""
    begin = Path(base)
    relays: dict[str, list[tuple[int, int, Path]]] = {}
    for path in begin.parent.glob(f"{begin.name}.*{SUFFIX}"):
        with suppress(FileNotFoundError):
            found = _number(path), path.stat().st_mtime_ns, path
            relays.setdefault(_relay(path), []).append(found)
    # A process that has had several has had one after the other.
    groups = sorted(map(sorted, relays.values()), key=lambda files: files[0][1])
    return [path for files in groups for *_, path in files]


def become_segments(folder: Path, owner: str) -> None:
    """Make of what a dead owner has left the last segment of its journal."""
    base = str(folder / owner)
    first = next(iter(left_by(base)), None)
    if first is None:
        return
    # Others may be about to do the same. The first one is removed last.
    with try_lock(first) as is_ours:
        if is_ours:
            paths = left_by(base)
            _write_segment(folder, owner, _as_log_of_each(paths))
            for path in reversed(paths):
                path.unlink(missing_ok=True)


def _as_log_of_each(paths: list[Path]) -> dict[str, LeftLog]:
    logs: dict[str, LeftLog] = {}
    before: Path | None = None
    for path in paths:
        printed = read_printed(path)
        if before is not None and _is_behind_a_gap(path, before):
            for log in logs.values():
                log.break_off()
        before = path
        for run_id, max_log in printed.runs.items():
            log = logs.setdefault(run_id, LeftLog(max_log))
            if printed.lost_lines:
                log.leave_out(printed.lost_lines)
            for letter, piece in printed.pieces:
                log.add(letter, piece)
    return logs


def _is_behind_a_gap(path: Path, before: Path) -> bool:
    is_same_relay = _relay(path) == _relay(before)
    return is_same_relay and _number(path) != _number(before) + 1


def _write_segment(folder: Path, owner: str, logs: dict[str, LeftLog]) -> None:
    there = _log_bytes(folder, owner, logs)
    frames = []
    for run_id, log in logs.items():
        if found := log.lines(there[run_id]):
            meta = json.dumps({"id": run_id}).encode("ascii")
            frames.append(sealed(LOG, meta, found))
    if not frames:
        return
    number = _FIRST_SEGMENT
    while (segment := folder / f"{owner}.{number}.journal").exists():
        number += 1
    new = folder / f"{owner}.{number}.{os.getpid()}.new"
    new.touch(0o600)
    new.write_bytes(b"".join(frames))
    new.replace(segment)


def _log_bytes(folder: Path, owner: str, runs: Iterable[str]) -> dict[str, int]:
    """Return how long the logs of runs are that the journal still has."""
    there = dict.fromkeys(runs, 0)
    for path in folder.glob(f"{owner}.*.journal"):
        # What cannot be read is told by who moves it.
        with suppress(JournalError, FileNotFoundError):
            for frame in read_frames(path):
                if frame.kind == LOG:
                    run_id = _run_id(frame.meta)
                    if run_id in there:
                        there[run_id] += len(frame.payload)
    return there


def _run_id(meta: bytes) -> str:
    try:
        return str(json.loads(meta)["id"])
    except (ValueError, LookupError, TypeError):
        return ""


def _relay(path: Path) -> str:
    return path.stem.rpartition(".")[0]


def _number(path: Path) -> int:
    number = path.name.removesuffix(SUFFIX).rpartition(".")[2]
    return int(number) if number.isdecimal() else 0
