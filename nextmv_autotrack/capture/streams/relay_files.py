"""What the relay keeps of what is printed: a part of its program."""

from __future__ import annotations

import os
from struct import Struct

_PIECE = Struct("!cI")

# In place of a letter: how many lines there was no room for before this file.
_LOST = b"-"
_LOST_LINES = Struct("!Q")

# Of what nobody takes, the first file is kept, and the last two.
_FILES_KEPT = 3


class Files:
    """What is printed, in files that the other process takes away."""

    def __init__(self) -> None:
        self.base = self.begin = b""
        self.most_bytes = 0
        self._fd = -1
        self._bytes = 0
        self._number = 0
        self._lines = 0
        self._there: list[tuple[int, int]] = []
        """Number and lines of each."""
        self._lost_lines = 0

    def keep(self, letter: bytes, piece: bytes) -> None:
        """Keep a piece, once it is known where."""
        if not self.base:
            return
        try:
            if self._fd < 0 or self._bytes >= self.most_bytes:
                self._next()
            os.write(self._fd, _PIECE.pack(letter, len(piece)) + piece)
            self._bytes += len(piece)
            self._lines += piece.count(b"\n")
        except OSError:
            # A full disk: it still reaches the terminal.
            self._lost_lines += piece.count(b"\n")

    def taken(self) -> tuple[int, int, int]:
        """Return what files there are, which are the other process's from now on."""
        self.complete()
        first = self._there[0][0] if self._there else self._number
        lost, self._lost_lines = self._lost_lines, 0
        self._there.clear()
        return first, self._number, lost

    def complete(self) -> None:
        """End the file that is being written, if there is one."""
        if self._fd >= 0:
            os.close(self._fd)
            self._there[-1] = (self._number - 1, self._lines)
        self._fd, self._bytes, self._lines = -1, 0, 0

    def _next(self) -> None:
        self.complete()
        if len(self._there) == _FILES_KEPT:
            left_out, lines = self._there.pop(1)
            self._lost_lines += lines
            os.unlink(self._path(left_out))  # noqa: PTH108 -- pathlib takes milliseconds
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        number, self._number = self._number, self._number + 1
        self._fd = os.open(self._path(number), flags, 0o600)
        self._there.append((number, 0))
        # For who reads it when nobody can be asked any more.
        lost = _LOST_LINES.pack(self._lost_lines)
        os.write(self._fd, self.begin + _PIECE.pack(_LOST, len(lost)) + lost)

    def _path(self, number: int) -> bytes:
        return self.base + b".%d.printed" % number
