"""What was printed, as lines of a log: whole, in UTF-8, and as they were last seen."""

from __future__ import annotations

import re

# A text without an end of line is no line for ever: it is cut into lines of this size.
MAX_LINE_BYTES = 64 * 1024

# Colours, movements of the cursor, titles of windows: what a terminal does and a log
# cannot. An unknown one is two letters.
_ESCAPES = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"
)


class PrintedLines:
    """Makes lines of one stream, whose pieces come as they are printed.

    What a carriage return goes back over is left out, so that of a progress bar the
    last state remains. So are colours and the like.
    """

    def __init__(self) -> None:
        self._pending = b""

    def add(self, piece: bytes) -> bytes:
        """Take in what was printed; return the lines that are complete by it."""
        if b"\n" not in piece:
            self._pending = _last_state(self._pending + piece)
            if len(self._pending) < MAX_LINE_BYTES:
                return b""
            return self.rest()
        whole, _, rest = (self._pending + piece).rpartition(b"\n")
        self._pending = _last_state(rest)
        return _as_log(whole + b"\n")

    def rest(self) -> bytes:
        """Return what has no end of line, as a line; nothing when there is none."""
        rest, self._pending = self._pending, b""
        return _as_log(rest + b"\n") if rest.strip(b"\r") else b""


def as_lines(printed: bytes) -> bytes:
    """Return all that was printed as lines."""
    lines = PrintedLines()
    return lines.add(printed) + lines.rest()


def _last_state(pending: bytes) -> bytes:
    """Keep of an unfinished line what the next piece may still show."""
    if b"\r" not in pending:
        return pending
    shown = pending.rstrip(b"\r")
    ending = pending[len(shown) :][:1]
    return shown.rpartition(b"\r")[2] + ending


def _as_log(lines: bytes) -> bytes:
    if b"\x1b" in lines:
        lines = _ESCAPES.sub(b"", lines)
    if b"\r" in lines:
        shown = (_last_state(line).rstrip(b"\r") for line in lines.split(b"\n"))
        lines = b"\n".join(shown)
    try:
        lines.decode()
    except UnicodeDecodeError:
        return lines.decode("utf-8", "backslashreplace").encode()
    return lines
