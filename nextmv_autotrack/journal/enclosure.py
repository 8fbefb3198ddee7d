"""A payload that is too large to be in memory: it comes in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

# A frame up to here is written in one piece, so its payload must be bytes.
LEAST_BYTES = 64 * 1024

_CHUNK_BYTES = 1024 * 1024


class Enclosure:
    """The bytes of an open file, which is closed with it.

    Args:
        file: Nobody else uses it.
        size: Its bytes, more than `LEAST_BYTES`.
    """

    __slots__ = ("_file", "_size")

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size

    def __repr__(self) -> str:
        return f"<Enclosure of {self._size} bytes>"

    def __len__(self) -> int:
        return self._size

    def __del__(self) -> None:
        self._file.close()

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes, from the beginning."""
        left = self._size
        self._file.seek(0)
        while left and (chunk := self._file.read(min(left, _CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk

    def read(self) -> bytes:
        """Return the bytes."""
        return b"".join(self.chunks())


Body = bytes | Enclosure
"""A payload as it is written down."""
