"""What is uploaded: bytes and pieces of files, of known size, read when it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nextmv_autotrack.errors import StoreError

# Measured over TLS and without, 1 MB and 10 MB: larger is not faster, smaller takes more
# time of the processor (16 KiB: half as much again). Bytes as a whole are at best a
# tenth faster, and a file would have to be in memory for it.
CHUNK_BYTES = 256 * 1024


class FilePart(NamedTuple):
    """A file from one place on."""

    path: Path
    start: int
    size: int
    """Bytes from `start` to the end, as they were counted when the part was made."""


class Blob:
    """Bytes and files one after another.

    A file is opened only while it is sent, and is never in memory as a whole.

    Example:
        >>> Blob.of(b'{"solution":', b"[1,2]", b"}")
        <Blob of 18 bytes>
    """

    __slots__ = ("parts", "size")

    def __init__(self, parts: tuple[bytes | FilePart, ...]) -> None:
        self.parts = parts
        self.size = sum(
            part.size if isinstance(part, FilePart) else len(part) for part in parts
        )
        """Bytes in all."""

    @classmethod
    def of(cls, *parts: bytes | Path | Blob) -> Blob:
        """Return the blob of these parts, one after another.

        Raises:
            StoreError: A file cannot be found.
        """
        flat: list[bytes | FilePart] = []
        for part in parts:
            if isinstance(part, Blob):
                flat.extend(part.parts)
            elif isinstance(part, Path):
                flat.append(FilePart(part, 0, _size_of(part)))
            else:
                flat.append(part)
        return cls(tuple(flat))

    def __repr__(self) -> str:
        # Not the bytes: they are the user's, and may be many.
        return f"<Blob of {self.size} bytes>"

    def first(self) -> bytes:
        """Return the first byte, or nothing when there is none."""
        for chunk in self.chunks(1):
            return chunk[:1]
        return b""

    def rest(self) -> Blob:
        """Return the blob without its first byte."""
        parts = [part for part in self.parts if _has_bytes(part)]
        if not parts:
            return self
        head = parts[0]
        if isinstance(head, FilePart):
            parts[0] = FilePart(head.path, head.start + 1, head.size - 1)
        else:
            parts[0] = head[1:]
        return Blob(tuple(parts))

    def but_last(self) -> Blob:
        """Return the blob without its last byte."""
        parts = [part for part in self.parts if _has_bytes(part)]
        if not parts:
            return self
        tail = parts[-1]
        if isinstance(tail, FilePart):
            parts[-1] = FilePart(tail.path, tail.start, tail.size - 1)
        else:
            parts[-1] = tail[:-1]
        return Blob(tuple(parts))

    def chunks(self, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Give the bytes in chunks of at most `chunk_bytes`; small parts are joined.

        Raises:
            StoreError: A file cannot be read, or is shorter than it was.
        """
        small = b""
        for piece in self._pieces(chunk_bytes):
            if len(small) + len(piece) <= chunk_bytes:
                small += piece
            else:
                yield small
                small = piece
        if small:
            yield small

    def _pieces(self, chunk_bytes: int) -> Iterator[bytes]:
        for part in self.parts:
            if isinstance(part, FilePart):
                yield from _read(part, chunk_bytes)
            else:
                for start in range(0, len(part), chunk_bytes):
                    yield part[start : start + chunk_bytes]


def _has_bytes(part: bytes | FilePart) -> bool:
    return part.size > 0 if isinstance(part, FilePart) else bool(part)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error


def _read(part: FilePart, chunk_bytes: int) -> Iterator[bytes]:
    left = part.size
    try:
        # Unbuffered: the chunks are larger than any buffer.
        with part.path.open("rb", buffering=0) as file:
            file.seek(part.start)
            while left:
                chunk = file.read(min(chunk_bytes, left))
                if not chunk:
                    break
                left -= len(chunk)
                yield chunk
    except OSError as error:
        raise _unreadable(part.path, error) from error
    if left:
        msg = f"payload {part.path} is {left} bytes shorter than it was; it is damaged"
        raise StoreError(msg)


def _unreadable(path: Path, error: OSError) -> StoreError:
    reason = error.strerror or type(error).__name__
    return StoreError(f"payload {path} cannot be read: {reason}; it is tried again")
