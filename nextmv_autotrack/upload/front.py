"""What a process writes to, and what works behind it: its journal and its thread."""

from __future__ import annotations

import os
import time

from nextmv_autotrack.clock import Clock
from nextmv_autotrack.journal import Home, Writer
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.upload.duties import Lookout
from nextmv_autotrack.upload.fork_gate import ForkGate
from nextmv_autotrack.upload.worker import Worker


class Front:
    """The journal of this process, and the thread behind it while there is one."""

    def __init__(
        self, sources: Sources, clock: Clock, gate: ForkGate, *, lookout: Lookout
    ) -> None:
        self.pid = os.getpid()
        self.directory = sources.resolve().directory
        self._sources, self._clock, self._gate = sources, clock, gate
        self._lookout = lookout
        self._home = Home(self.directory)
        # The pid is for people who look into the folder; the rest makes it unique.
        owner = f"{self.pid}-{time.time_ns():x}-{os.urandom(3).hex()}"
        self.writer = Writer(self._home, owner)
        self._worker: Worker | None = None
        self._is_at_work = False
        self._was_settled = False

    @property
    def is_done(self) -> bool:
        """Whether everything is where it belongs, and nobody works any more."""
        return self._was_settled and self.writer.is_closed

    def at_work(self) -> Worker:
        """Return who does the work; begin it when nobody does."""
        if self._worker is None or not self._is_at_work:
            self._worker = Worker(
                directory=self.directory,
                home=self._home,
                writer=self.writer,
                sources=self._sources,
                clock=self._clock,
                gate=self._gate,
                lookout=self._lookout,
                before=self._worker,
            )
            self._is_at_work = True
            self._worker.start()
        return self._worker

    @property
    def left(self) -> int:
        """How many runs the platform was still to get when that was last counted."""
        return 0 if self._worker is None else self._worker.left

    @property
    def problem(self) -> str | None:
        """Why they were not sent, if that is known."""
        return None if self._worker is None else self._worker.problem

    def end_work(self, *, is_settled: bool) -> Worker | None:
        """Return who is to be stopped; the next run begins the work again."""
        self._is_at_work, self._was_settled = False, is_settled
        return self._worker
