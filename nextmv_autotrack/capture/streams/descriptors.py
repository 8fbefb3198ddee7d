"""What arrives at the descriptors 1 and 2 of this process, which C code prints to.

Each is replaced by a pipe to the relay, which passes on all of it, as it comes, to where
it went before. Threads of this process could not: a solver that holds Python's lock
would wait for them for ever, once the pipe is full.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.streams import c_buffers
from nextmv_autotrack.capture.streams.relay import (
    DESCRIPTORS,
    Answer,
    Relay,
    RelayError,
)
from nextmv_autotrack.capture.streams.same_file import is_same_file, is_same_place
from nextmv_autotrack.journal.descriptors import close, is_open, out_of_the_way
from nextmv_autotrack.journal.printed_files import (
    SUFFIX,
    first_line,
    left_by,
    read_printed,
)

# Of what nobody takes away, as while a solver holds Python's lock for long, the first file
# and the last two are kept. Each of them fills a log; smaller ones would be many.
_LEAST_FILE_BYTES = 1_000_000


class Redirected(NamedTuple):
    """One descriptor while it leads to the relay."""

    number: int
    before: int
    """Another descriptor of where it led."""
    pipe: int
    """The end of the pipe that is printed to."""
    channel: int
    """The first of those that lead into this pipe."""


class Descriptors:
    """What is printed to the descriptors, from now until the end.

    Args:
        relay: Passes it on.
        beside: What the names of the files begin with that it is kept in; None where
            nobody would look for them.
    """

    def __init__(self, relay: Relay, beside: str | None) -> None:
        self._relay = relay
        self._base = f"{beside or Path(tempfile.gettempdir(), 'nextmv')}.{relay.name}"
        self._lock = threading.RLock()
        self._is_taking = False
        self._runs: list[OpenRun] = []
        self._redirected: list[Redirected] = []

    def redirect(self) -> None:
        """Have what is printed go through the relay.

        Raises:
            OSError: It cannot be done here.
        """
        c_buffers.flush()
        c_buffers.stay_line_buffered()
        told: list[tuple[str, int, int]] = []
        try:
            for number in printed_to():
                self._redirected.append(self._pipe_for(number, told))
            self._relay.pass_on(told)
        finally:
            for _, pipe, _ in told:
                os.close(pipe)
        for one in self._redirected:
            os.dup2(one.pipe, one.number)

    def _pipe_for(self, number: int, told: list[tuple[str, int, int]]) -> Redirected:
        before = out_of_the_way(os.dup(number))
        for other in self._redirected:
            if is_same_place(before, other.before):
                # Such as a terminal: both go through one pipe, and stay in order.
                pipe = out_of_the_way(os.dup(other.pipe))
                return Redirected(number, before, pipe, other.channel)
        end, begin = os.pipe()
        told.append((str(number), end, before))
        return Redirected(number, before, out_of_the_way(begin), number)

    def set_runs(self, runs: Iterable[OpenRun]) -> None:
        """Give what is printed from now on to these runs, each all of it."""
        c_buffers.flush()
        now = list(runs)
        begin = first_line({opened.id: opened.plan.max_log for opened in now})
        size = max([_LEAST_FILE_BYTES, *(opened.plan.max_log for opened in now)])
        with self._lock:
            self._ask(partial(self._relay.keep_in, self._base, size, begin))
            self._runs = now

    def take(self, *, passed_on_to: int | None = None) -> None:
        """Give what was printed by now to the runs.

        Args:
            passed_on_to: Wait until what goes the way of this descriptor is where it
                goes, as long as it is read there.
        """
        with self._lock:
            if self._is_taking:
                return  # a signal handler prints, or a finalizer
            channel = self._channel_of(passed_on_to)
            if self._relay.has_all((one.pipe for one in self._redirected), channel):
                return
            self._is_taking = True
            try:
                self._ask(partial(self._relay.drain, *[channel] if channel else []))
            finally:
                self._is_taking = False

    def _channel_of(self, number: int | None) -> int | None:
        for one in self._redirected:
            if one.number == number:
                return one.channel
        return None

    def _ask(self, ask: Callable[[], Answer]) -> None:
        try:
            answer = ask()
        except RelayError:
            # What it has kept by its end is there.
            self._give(left_by(self._base), 0)
            raise
        numbers = range(answer.first, answer.end)
        paths = [Path(f"{self._base}.{number}{SUFFIX}") for number in numbers]
        self._give(paths, answer.lost_lines)

    def _give(self, paths: list[Path], lost_lines: int) -> None:
        for path in paths:
            with suppress(FileNotFoundError):  # left out, since there were too many
                pieces = read_printed(path).pieces
                self._give_pieces(pieces)
                path.unlink()
        if lost_lines:
            for opened in self._runs:
                opened.leave_out_lines(lost_lines)

    def _give_pieces(self, pieces: list[tuple[str, bytes]]) -> None:
        for opened in self._runs:
            printed = opened.printed
            if printed is not None:
                for letter, piece in pieces:
                    printed.add(letter, piece)

    def end(self) -> None:
        """Have it all as before, and give the runs the last of it."""
        c_buffers.flush()
        self.restore()
        with self._lock:
            if not self._is_taking:
                self._ask(partial(self._relay.drain, *DESCRIPTORS, is_end=True))

    def restore(self) -> None:
        """Have what is printed go where it went; what others have changed stays."""
        while self._redirected:
            number, before, pipe, _ = self._redirected.pop()
            if is_open(number) and is_same_file(number, pipe):
                os.dup2(before, number)
            close(pipe)
            _retire(before)

    def way_past(self, number: int) -> int | None:
        """Where a descriptor led before; None when it does not lead to the relay now."""
        for one in self._redirected:
            if one.number == number and is_same_file(number, one.pipe):
                return one.before
        return None


_retired: list[int] = []


def _retire(fd: int) -> None:
    """Close a descriptor that another thread may just be writing to, somewhat later."""
    if threading.active_count() > 1:
        _retired.append(fd)
        fd = _retired.pop(0) if len(_retired) > len(DESCRIPTORS) else -1
    if fd >= 0:
        close(fd)


def printed_to() -> list[int]:
    """Return which of the descriptors children print to, too.

    Where one was closed, its number is soon that of another file, such as a database's;
    those are not handed on to children.

    Raises:
        OSError: None.
    """
    found = [one for one in DESCRIPTORS if is_open(one) and os.get_inheritable(one)]
    if not found:
        raise OSError("the descriptors 1 and 2 are closed")
    return found
