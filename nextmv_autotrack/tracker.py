"""Joins the stages: what a call writes down is moved, and sent, in the background."""

from __future__ import annotations

import atexit
import os
import threading
import time
from typing import Any

from nextmv_autotrack import safely
from nextmv_autotrack.capture.context import open_roots
from nextmv_autotrack.capture.installed import install
from nextmv_autotrack.capture.recorder import Recorder
from nextmv_autotrack.clock import SYSTEM_CLOCK, Clock
from nextmv_autotrack.ids import new_id_source
from nextmv_autotrack.journal import Home, Writer
from nextmv_autotrack.settings import Sources, from_environment
from nextmv_autotrack.upload.worker import Worker


class Front:
    """The journal of this process and the thread behind it."""

    def __init__(self, sources: Sources, clock: Clock) -> None:
        self.pid = os.getpid()
        self.directory = sources.resolve().directory
        home = Home(self.directory)
        # The pid is for people who look into the folder; the rest makes it unique.
        owner = f"{self.pid}-{time.time_ns():x}-{os.urandom(3).hex()}"
        self.writer = Writer(home, owner)
        self.worker = Worker(self.directory, home, self.writer, sources, clock)
        self.worker.start()


class Tracker:
    """The tracking of one process: begins with the first run, ends with the process."""

    def __init__(self, sources: Sources, clock: Clock = SYSTEM_CLOCK) -> None:
        self.sources = sources
        self._clock = clock
        self._front: Front | None = None
        self._opening = threading.RLock()
        self.recorder = self._new_recorder()

    def _new_recorder(self) -> Recorder:
        return Recorder(
            append=self._append_first,
            clock=self._clock,
            new_id=new_id_source(),
            sources=self.sources,
            settle=self.flush,
            forked=self.after_fork,
        )

    def _append_first(self, kind: int, meta: bytes, payload: bytes) -> None:
        """Open the journal of this process, and write its first frame."""
        with self._opening:
            if self._front is None:
                self._front = Front(self.sources, self._clock)
            # Straight to the journal from now on: every step in between costs.
            append = self.recorder.append = self._front.writer.append
        append(kind, meta, payload)

    def configure(self, settings: dict[str, Any]) -> None:
        """Set settings for the process."""
        self.sources.configure(**settings)
        front = self._front
        if front is not None and front.directory != self.sources.resolve().directory:
            self.shutdown()

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until what has ended so far is where it belongs."""
        front = self._front
        if front is None or front.pid != os.getpid():
            return True
        if timeout_s is None:
            timeout_s = self.sources.resolve().flush_timeout
        return front.worker.flush(timeout_s)

    def shutdown(self, timeout_s: float | None = None) -> bool:
        """Flush, then end the background thread; the next run begins another."""
        done = self.flush(timeout_s)
        with self._opening:
            front, self._front = self._front, None
            self.recorder.append = self._append_first
        if front is not None and front.pid == os.getpid():
            front.worker.stop()
        return done

    def after_fork(self) -> None:
        """Begin anew in a forked child; only resets, and takes no lock."""
        front, self._front = self._front, None
        self._opening = threading.RLock()
        open_roots.clear()
        self.recorder.begin_anew(self._append_first, new_id_source())
        if front is not None:
            front.writer.abandon()

    def at_exit(self) -> None:
        """Send what can be sent in the time there is; the rest waits on disk."""
        try:
            self.shutdown()
        except Exception as error:  # noqa: BLE001 -- the boundary
            safely.failed("the flush at exit", error)


def _complain(message: str) -> None:
    safely.warn(message)


TRACKER = Tracker(from_environment(_complain))
"""The tracking of this process."""

install(TRACKER.recorder)
atexit.register(TRACKER.at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=TRACKER.after_fork)


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
