"""Files with what a process has printed, which are there when it is killed.

They lie beside its journal. The process takes them away as it writes what they hold
into its journal; what is left of a dead one becomes a segment of its journal.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from nextmv_autotrack.journal.frames import LOG, sealed
from nextmv_autotrack.journal.locks import try_lock
from nextmv_autotrack.journal.printed_lines import PrintedLines

SUFFIX = ".printed"

_PIECE = Struct("!cI")

# Far above what a process numbers its own segments by.
_FIRST_SEGMENT = 1_000_000_000


class PrintedFile(NamedTuple):
    """What one file holds."""

    run_ids: list[str]
    """Whose output it is."""

    pieces: list[tuple[str, bytes]]
    """What was printed, each with a letter for the stream."""


def first_line(run_ids: Iterable[str]) -> bytes:
    """Return what such a file begins with."""
    return json.dumps({"ids": list(run_ids)}).encode("ascii") + b"\n"


def read_printed(path: Path) -> PrintedFile:
    """Read a file; of one that is cut or damaged, what makes sense."""
    head, _, body = path.read_bytes().partition(b"\n")
    try:
        told = json.loads(head)["ids"]
    except (ValueError, LookupError, TypeError):
        return PrintedFile([], [])
    pieces, position = [], 0
    while position + _PIECE.size <= len(body):
        letter, size = _PIECE.unpack_from(body, position)
        position += _PIECE.size
        pieces.append((letter.decode("latin-1"), body[position : position + size]))
        position += size
    return PrintedFile([str(run_id) for run_id in told], pieces)


def left_by(base: str) -> list[Path]:
    """Return the files whose names begin so, in the order of printing."""
    begin = Path(base)
    return sorted(begin.parent.glob(f"{begin.name}.*{SUFFIX}"), key=_number)


def become_segments(folder: Path, owner: str) -> None:
    """Make of what a dead owner has left the last segment of its journal."""
    for path in sorted(folder.glob(f"{owner}.*{SUFFIX}"), key=_number):
        # Others may be about to do the same.
        with try_lock(path) as is_ours:
            if is_ours:
                _become_segment(
                    path, folder / f"{owner}.{_FIRST_SEGMENT + _number(path)}"
                )


def _become_segment(path: Path, segment: Path) -> None:
    printed = read_printed(path)
    lines: dict[str, PrintedLines] = {}
    found = b"".join(
        lines.setdefault(letter, PrintedLines()).add(piece)
        for letter, piece in printed.pieces
    )
    found += b"".join(rest.rest() for rest in lines.values())
    if found:
        new = segment.with_name(f"{segment.name}.{os.getpid()}.new")
        new.touch(0o600)
        metas = (
            json.dumps({"id": run_id}).encode("ascii") for run_id in printed.run_ids
        )
        new.write_bytes(b"".join(sealed(LOG, meta, found) for meta in metas))
        new.replace(segment.with_name(f"{segment.name}.journal"))
    path.unlink(missing_ok=True)


def _number(path: Path) -> int:
    number = path.name.removesuffix(SUFFIX).rpartition(".")[2]
    return int(number) if number.isdecimal() else 0
