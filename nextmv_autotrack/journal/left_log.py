"""The rest of the log of a run whose process was killed: its head and its tail."""

from __future__ import annotations

from nextmv_autotrack.journal.printed_lines import PrintedLines


class LeftLog:
    """Puts together what was printed and not written down.

    Args:
        max_bytes: How long the log of the run may be.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._streams: dict[str, PrintedLines] = {}
        self._head: list[bytes] = []
        self._tail: list[bytes] = []
        self._at_end = self._head
        self._lost_lines = 0

    def add(self, stream: str, piece: bytes) -> None:
        """Take in what was printed to one stream."""
        lines = self._streams.setdefault(stream, PrintedLines()).add(piece)
        self._at_end.append(lines)

    def leave_out(self, count: int) -> None:
        """Note that so many lines in all are not there."""
        self._lost_lines = max(self._lost_lines, count)

    def break_off(self) -> None:
        """Note that what follows stands behind lines that are not there."""
        self._at_end = self._tail
        # The end of such a line is among what is missing.
        self._streams.clear()

    def lines(self, there: int) -> bytes:
        """Return it, behind so many bytes that are written down."""
        self._at_end += [rest.rest() for rest in self._streams.values()]
        head, tail = b"".join(self._head), b"".join(self._tail)
        if not self._lost_lines and there + len(head) <= self._max_bytes:
            return head
        room = self._max_bytes // 2
        first = _first_lines(head, room - there)
        last = _last_lines(
            head[len(first) :] + tail, self._max_bytes - max(there, room)
        )
        left_out = (head + tail).count(b"\n") - (first + last).count(b"\n")
        if not self._lost_lines + left_out:
            return first + last
        note = (
            f"... {self._lost_lines + left_out} log lines were left out here, since "
            f"there were more than {self._max_bytes} bytes (max_log)\n"
        )
        return first + note.encode() + last


def _first_lines(text: bytes, room: int) -> bytes:
    return text[: text.rfind(b"\n", 0, max(0, room)) + 1]


def _last_lines(text: bytes, room: int) -> bytes:
    """Return the last whole lines there is room for."""
    if len(text) <= room:
        return text
    begin = len(text) - max(0, room)
    end = text.find(b"\n", begin - 1, len(text) - 1)
    return text[begin if end < 0 else end + 1 :]
