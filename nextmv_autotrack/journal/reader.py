"""Reading a journal back, whatever happened to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nextmv_autotrack.errors import JournalError
from nextmv_autotrack.journal.frames import (
    HEADER_SIZE,
    MAGIC,
    Frame,
    Header,
    is_whole,
    open_header,
)

# Frames of small runs are some 300 bytes: one read serves hundreds of them.
_READ_BYTES = 256 * 1024


def read_frames(path: Path, position: int = 0) -> Iterator[Frame]:
    """Yield every undamaged frame from `position` on that is there by now.

    Damage costs the damaged frames only. A frame that is not all there yet is read by a
    later call, once its writer has finished it.

    Raises:
        JournalError: The file cannot be read, or a newer version has written what
            comes next.
        FileNotFoundError: There is none, or none any more.
    """
    try:
        with path.open("rb", buffering=_READ_BYTES) as file:
            yield from _frames(file, position)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror}") from error


def _frames(file: BinaryIO, position: int) -> Iterator[Frame]:
    # What is written from now on may be the rest of a frame that is half there, which
    # must not be taken for a damaged one.
    size = os.fstat(file.fileno()).st_size
    file.seek(position)
    while position + HEADER_SIZE <= size:
        header = open_header(file.read(HEADER_SIZE))
        body_at = position + HEADER_SIZE
        body = None if header is None else _read_body(file, header, size - body_at)
        if header is None or body is None:
            position = _next_magic(file, position + 1, size)
            file.seek(position)
            continue
        if header.kind is None:
            raise JournalError(
                f"{file.name} was written by a newer version of nextmv-autotrack: "
                "upgrade the package to see its runs"
            )
        position = body_at + header.meta_size + header.payload_size
        yield Frame(header.kind, *body, position)


def _read_body(
    file: BinaryIO, header: Header, there: int
) -> tuple[bytes, bytes] | None:
    """Return meta and payload; None when they are damaged or not all there."""
    if header.meta_size + header.payload_size > there:
        return None
    meta, payload = file.read(header.meta_size), file.read(header.payload_size)
    return (meta, payload) if is_whole(header, meta, payload) else None


def _next_magic(file: BinaryIO, position: int, end: int) -> int:
    """Where the next frame may begin; `end` when nowhere before it."""
    file.seek(position)
    kept = b""
    while position < end and (block := file.read(min(_READ_BYTES, end - position))):
        found = (kept + block).find(MAGIC)
        if found >= 0:
            return position - len(kept) + found
        position += len(block)
        kept = (kept + block)[-(len(MAGIC) - 1) :]
    return end
