"""The last lines of a log that has grown too long: what is kept once its head is full."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

# What comes in one piece, as a solver's output does, goes in pieces of this size, or of
# this share of the room: so much more than needed is left out at most.
_PIECE_BYTES = 1024
_PIECES = 16


class LogTail:
    """Keeps the last lines, up to so many bytes, and counts the others.

    They are in memory until the run ends. Of a run whose process is killed the head is
    there, which was written at once, and with it everything of a log that is not longer.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bodies: deque[bytes] = deque()
        self._bytes = 0
        self.lines_left_out = 0
        """Lines between the head and these."""

    def add(self, body: bytes) -> None:
        """Add lines at the end."""
        if len(body) > self._max_bytes:
            body = self._end_of(body)
        self._bodies.extend(
            _pieces(body, min(_PIECE_BYTES, self._max_bytes // _PIECES))
        )
        self._bytes += len(body)
        while self._bytes > self._max_bytes:
            dropped = self._bodies.popleft()
            self._bytes -= len(dropped)
            self.lines_left_out += dropped.count(b"\n")

    def lines(self) -> bytes:
        """Return them all."""
        return b"".join(self._bodies)

    def _end_of(self, body: bytes) -> bytes:
        """Return the last whole lines there is room for; the end of one if it has none."""
        cut = body[-self._max_bytes :]
        is_whole = body[-self._max_bytes - 1 : -self._max_bytes] == b"\n"
        begin = 0 if is_whole else cut.find(b"\n", 0, -1) + 1
        kept = cut[begin:]
        self.lines_left_out += body.count(b"\n") - kept.count(b"\n")
        return kept


def head_of(body: bytes, room: int) -> bytes:
    """Return the first whole lines of `body` that `room` bytes hold."""
    return body[: body.rfind(b"\n", 0, max(0, room)) + 1]


def _pieces(body: bytes, size: int) -> Iterator[bytes]:
    begin = 0
    while len(body) - begin > size:
        end = body.find(b"\n", begin + size) + 1
        yield body[begin : end or None]
        if not end:
            return
        begin = end
    if begin < len(body):
        yield body[begin:]
