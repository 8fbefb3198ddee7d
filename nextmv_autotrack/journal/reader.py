"""Reading a journal back, whatever happened to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

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
    """Yield every undamaged frame from `position` on.

    Damage costs the damaged frames only. A frame that is not all there yet ends the
    reading; it is read by a later call, once its writer has finished it.
    """
    with path.open("rb", buffering=_READ_BYTES) as file:
        file.seek(position)
        while True:
            data = file.read(HEADER_SIZE)
            if len(data) < HEADER_SIZE:
                return
            header = open_header(data)
            if header is None:
                position = _next_magic(file, position + 1)
                file.seek(position)
                continue
            frame = _read_body(file, header, position)
            if frame is None:
                return
            position = frame.end
            if is_whole(header, frame.meta, frame.payload):
                yield frame


def _read_body(file: BinaryIO, header: Header, position: int) -> Frame | None:
    meta = file.read(header.meta_size)
    payload = file.read(header.payload_size)
    if len(meta) < header.meta_size or len(payload) < header.payload_size:
        return None
    end = position + HEADER_SIZE + header.meta_size + header.payload_size
    return Frame(header.kind, meta, payload, end)


def _next_magic(file: BinaryIO, position: int) -> int:
    """Where the next frame may begin; the end of the file when nowhere."""
    file.seek(position)
    kept = b""
    while block := file.read(_READ_BYTES):
        found = (kept + block).find(MAGIC)
        if found >= 0:
            return position - len(kept) + found
        position += len(block)
        kept = (kept + block)[-(len(MAGIC) - 1) :]
    return position
