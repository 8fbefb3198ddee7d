"""What one run has printed so far, put together as lines of its log."""

from __future__ import annotations

import threading
from collections.abc import Callable

from nextmv_autotrack import safely
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.journal.printed_lines import PrintedLines


class Printed:
    """The printed output of one run."""

    def __init__(self, opened: OpenRun, take: Callable[[], None]) -> None:
        self._opened = opened
        self._take = take
        self._streams: dict[str, PrintedLines] = {}
        # Threads that share a context share its run. Re-entrant: a signal handler may
        # print while this thread is in here.
        self._lock = threading.RLock()
        self._generation = opened.generation
        self._thread = threading.get_ident()
        self.by_descriptor = False
        """Whether what arrives at the descriptors of the process is this run's, too."""

    @property
    def is_begun_here(self) -> bool:
        """Whether the run began in this thread."""
        return self._thread == threading.get_ident()

    def catch_up(self) -> None:
        """Take in what C code has printed by now, before a line of another kind."""
        if self.by_descriptor:
            self._take()

    def add(self, stream: str, piece: bytes) -> None:
        """Take in what was printed to one stream; never raise."""
        try:
            with self._lock_of_this_process():
                lines = self._streams.setdefault(stream, PrintedLines()).add(piece)
                if lines:
                    self._opened.add_printed(lines)
        except Exception as error:  # noqa: BLE001 -- the boundary
            safely.failed("recording a printed line", error)

    def end(self) -> None:
        """Write down what has no end of line yet."""
        with self._lock_of_this_process():
            for lines in self._streams.values():
                if rest := lines.rest():
                    self._opened.add_printed(rest)

    def _lock_of_this_process(self) -> threading.RLock:
        generation = self._opened.recorder.generation
        if self._generation != generation:
            # A thread of the parent may have held it at the fork.
            self._lock, self._generation = threading.RLock(), generation
        return self._lock


def is_of_this_process(opened: OpenRun) -> bool:
    """Whether a run began here, and not in the process that has forked this one."""
    return opened.generation == opened.recorder.generation
