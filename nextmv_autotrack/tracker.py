"""Joins the stages: what a call writes down is moved, and sent, in the background."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nextmv_autotrack import safely
from nextmv_autotrack.capture.context import open_roots
from nextmv_autotrack.capture.installed import install, recorder
from nextmv_autotrack.capture.lookout import Lookout
from nextmv_autotrack.capture.recorder import Recorder
from nextmv_autotrack.capture.resources.usage import CHILDREN
from nextmv_autotrack.clock import SYSTEM_CLOCK, Clock
from nextmv_autotrack.errors import NotDeliveredError
from nextmv_autotrack.handle import Handle
from nextmv_autotrack.ids import new_id_source
from nextmv_autotrack.journal import PROCESS, Body
from nextmv_autotrack.leaving import (
    end_by_ctrl_c_if_so,
    say_what_waits,
    send_what_is_left,
)
from nextmv_autotrack.settings import OF_THIS_PROCESS, Sources
from nextmv_autotrack.upload.fork_gate import ForkGate
from nextmv_autotrack.upload.front import Front
from nextmv_autotrack.upload.worker import Worker
from nextmv_autotrack.whereabouts import Whereabouts, whereabouts
from nextmv_autotrack.whereabouts import install as install_whereabouts


class Tracker:
    """The tracking of one process: begins with the first run, ends with the process."""

    kind_of_recorder = Recorder

    def __init__(self, sources: Sources, clock: Clock = SYSTEM_CLOCK) -> None:
        self.sources = sources
        self._clock = clock
        self._front: Front | None = None
        self._opening = threading.RLock()
        self._gate = ForkGate()
        self._may_work = True
        """Whether there may be a thread: not once the process ends, and not in a child
        that was forked while its parent had the store open."""
        self.is_of_tests = False
        """Whether another one has stood in for it: what others have left is theirs."""
        self._failures_told = safely.failures
        self.recorder = self._new_recorder()
        self._lookout = Lookout(self.recorder.timeline, sources, clock)
        self.handle: Whereabouts = Handle(
            sources, clock, looking_for=self.looking_for, at_work=self.at_work
        )

    def _new_recorder(self) -> Recorder:
        return self.kind_of_recorder(
            append=self._append_first,
            clock=self._clock,
            new_id=new_id_source(),
            sources=self.sources,
            settle=self.flush,
            forked=self.after_fork,
            beside=self._beside,
        )

    def _beside(self) -> str | None:
        return None if (front := self._front) is None else front.writer.beside

    def _append_first(self, kind: int, meta: bytes, payload: Body) -> None:
        """Open the journal of this process, and write its first frame."""
        with self._opening:
            front = self._front
            if front is None:
                # Whoever became this program by exec may have had children before.
                CHILDREN.begin_anew()
            if front is None or front.directory != self.sources.resolve().directory:
                front = self._front = Front(
                    self.sources, self._clock, self._gate, lookout=self._lookout
                )
            front.writer.append(PROCESS, *self._lookout.at_once())
            if self._may_work:
                front.at_work()
            # Straight to the journal from now on: every step in between costs.
            append = self.recorder.append = front.writer.append
        append(kind, meta, payload)

    @contextmanager
    def looking_for(self, run_id: str) -> Iterator[Callable[[], bool]]:
        """Let this thread have the store open; yields whether it is to give up.

        Raises:
            NotDeliveredError: Not any more, in this process.
        """
        if not self._may_work:
            raise NotDeliveredError(
                f"run {run_id} waits on disk, and cannot be waited for here: this process "
                "ends, or was forked while its parent had the store open",
                run_id=run_id,
            )
        gate = self._gate
        with gate.inside(lambda: None):
            yield lambda: gate.is_closing

    def at_work(self) -> Worker | None:
        """Have runs sent in the background; None where that is left to others."""
        with self._opening:
            front = self._front
            if front is None or front.pid != os.getpid() or not self._may_work:
                return None
            return front.at_work()

    def configure(self, settings: dict[str, Any]) -> None:
        """Set settings for the process."""
        self.sources.configure(**settings)
        front = self._front
        if front is not None and front.directory != self.sources.resolve().directory:
            self.shutdown()

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until what has ended so far is where it belongs."""
        if timeout_s is None:
            timeout_s = self.sources.resolve().flush_timeout
        self.recorder.write_late()
        done = self._flush_by(self._clock.steady() + timeout_s)
        # A run that could not be written down is nowhere.
        failures, self._failures_told = self._failures_told, safely.failures
        return done and safely.failures == failures

    def _flush_by(self, deadline_s: float) -> bool:
        while True:
            with self._opening:
                front = self._front
                if front is None or front.pid != os.getpid() or front.is_done:
                    return True
                if not self._may_work:
                    return False
                worker = front.at_work()
            done = worker.flush(deadline_s - self._clock.steady())
            if done or not worker.has_ended:
                return done
            # Another thread has shut down meanwhile: somebody else does the rest.

    def shutdown(self, timeout_s: float | None = None) -> bool:
        """Flush, then end the background thread; the next run begins another."""
        if timeout_s is None:
            timeout_s = self.sources.resolve().flush_timeout
        deadline_s = self._clock.steady() + timeout_s
        done = self.flush(timeout_s)
        with self._opening:
            front = self._front
            if front is None or front.pid != os.getpid():
                return done
            self.recorder.append = self._append_first
            worker = front.end_work(is_settled=done)
        if worker is not None:
            worker.stop(deadline_s)
        return done

    def before_fork(self) -> None:
        """Have the store closed."""
        self._gate.before_fork()

    def after_fork_in_parent(self) -> None:
        """Let the store be opened again."""
        self._gate.after_fork_in_parent()

    def after_fork(self) -> None:
        """Begin anew in a forked child; only resets, and takes no lock."""
        front, self._front = self._front, None
        self._opening = threading.RLock()
        if self._gate.is_occupied:
            self._may_work = False
        self._gate = ForkGate()
        open_roots.clear()
        self.recorder.begin_anew(self._append_first, new_id_source())
        self._lookout.begin_anew(self.recorder.timeline)
        if front is not None:
            front.writer.abandon()

    def at_exit(self) -> None:
        """Send what can be sent in the time there is; the rest waits on disk."""
        safely.hushed = safely.DELIVERY
        waits: tuple[int, str | None] = (0, None)
        try:
            if self._front is None or self._front.is_done:
                # Nothing of its own, but perhaps something of its children's.
                if self.recorder.has_functions and not self.is_of_tests:
                    waits = send_what_is_left(self.sources, self._clock, self._gate)
            else:
                self.shutdown()
        except (KeyboardInterrupt, SystemExit):
            pass  # somebody wants it to end now; a handler of signals may say it so
        except Exception as error:  # noqa: BLE001 -- the boundary
            safely.failed("the flush at exit", error)
        # Threads cannot be started any more. Python 3.11 waits for ever for one.
        self._may_work = False
        front = self._front
        if front is not None and front.pid == os.getpid() and not front.is_done:
            waits = front.left, front.problem
        say_what_waits(*waits)
        end_by_ctrl_c_if_so()


TRACKER = Tracker(OF_THIS_PROCESS)
"""The tracking of this process."""

_present = [TRACKER]
"""It, and whoever stands in for it: what they have open, a fork has to know of."""


def _each(do: Callable[[Tracker], None]) -> Callable[[], None]:
    def do_each() -> None:
        for one in _present:
            do(one)

    return do_each


install(TRACKER.recorder)
install_whereabouts(TRACKER.handle)
atexit.register(TRACKER.at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_each(Tracker.before_fork),
        after_in_parent=_each(Tracker.after_fork_in_parent),
        after_in_child=_each(Tracker.after_fork),
    )


@contextmanager
def standing_in(tracker: Tracker) -> Iterator[None]:
    """Let another tracker do the tracking of this process, within the block."""
    global TRACKER  # noqa: PLW0603 -- there is one for the process
    usual = TRACKER, recorder(), whereabouts()
    TRACKER.is_of_tests = True
    TRACKER = tracker
    _present.append(tracker)
    install(tracker.recorder)
    install_whereabouts(tracker.handle)
    try:
        yield
    finally:
        TRACKER = usual[0]
        _present.remove(tracker)
        install(usual[1])
        install_whereabouts(usual[2])


def configure(**settings: Any) -> None:
    """Set settings for every run of this process.

    What is set here goes before the environment and the project file, and behind what
    a decorator or a block sets for itself.

    Example:
        >>> from nextmv_autotrack import configure
        >>> configure(max_log=200_000, resources=False)

    Raises:
        SettingsError: A setting is unknown or wrong; none of them is set then.
    """
    TRACKER.configure(settings)


def flush(timeout: float | None = None) -> bool:
    """Wait until every run so far is where it belongs.

    That is the platform or the local store. Nothing is lost by not waiting: what is
    left is on disk, and is sent by this process later or by the next one.

    Example:
        >>> from nextmv_autotrack import flush
        >>> flush(timeout=10)
        True

    Args:
        timeout: Seconds to wait at most; the setting `flush_timeout` when left out.

    Returns:
        Whether everything was where it belongs in time.
    """
    return TRACKER.flush(timeout)


def shutdown(timeout: float | None = None) -> bool:
    """Flush, then end the background thread.

    Done by itself when the process ends. A run that begins later begins a new thread.

    Args:
        timeout: Seconds to wait at most; the setting `flush_timeout` when left out.

    Returns:
        Whether everything was where it belongs in time.
    """
    return TRACKER.shutdown(timeout)
