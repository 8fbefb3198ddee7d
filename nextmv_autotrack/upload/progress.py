"""How far the background thread has come, for those who wait for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue

_UNKNOWN = -1


class Wake:
    """Wakes a thread, whoever does so, and whatever that interrupts.

    A handler of a signal, or a finalizer, may run while its thread is in `set`. With an
    Event of the standard library it would wait for ever for that thread to go on.
    """

    def __init__(self) -> None:
        # The one primitive that may be interrupted by itself.
        self._calls: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Wake the thread, or keep it from sleeping."""
        self._calls.put(None)

    def wait(self, timeout_s: float) -> None:
        """Sleep until woken, or for so long."""
        with suppress(Empty):
            self._calls.get(timeout=timeout_s)
        self.clear()

    def clear(self) -> None:
        """Forget that anybody was to be woken so far."""
        with suppress(Empty):
            while True:
                self._calls.get_nowait()


class Progress:
    """What is moved and what is unsettled, told by the worker to whoever waits."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting = 0
        self._moved = 0
        self._unsettled = _UNKNOWN
        self._next_try_s = 0.0
        self.doubts = 0
        """How often what had been told by then was no longer to be believed."""
        self._doubts_met = 0
        self._hopeless = False
        self.has_ended = False
        """Whether nobody tells anything any more."""

    @property
    def is_awaited(self) -> bool:
        """Whether anybody waits: the worker then hurries."""
        return self._waiting > 0

    @property
    def unsettled(self) -> int:
        """How many runs still wait, as far as was told."""
        return max(0, self._unsettled)

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Mark that somebody waits, for as long as the block lasts."""
        with self._changed:
            self._waiting += 1
            self._hopeless = False
        try:
            yield
        finally:
            with self._changed:
                self._waiting -= 1

    def doubt(self) -> None:
        """Believe nothing that was told so far: others may have left runs since."""
        with self._changed:
            self.doubts += 1

    def tell(
        self, moved: int, unsettled: int, next_try_s: float, *, doubts: int
    ) -> None:
        """Say what is moved, how many runs still wait, and when they are tried.

        Args:
            moved: How many frames.
            unsettled: How many runs.
            next_try_s: When, by the steady clock.
            doubts: How many there were before anybody looked.
        """
        with self._changed:
            self._doubts_met = doubts
            self._moved, self._unsettled = moved, unsettled
            self._next_try_s = next_try_s
            self._changed.notify_all()

    def give_up(self) -> None:
        """Say that nothing is moved for now."""
        with self._changed:
            self._hopeless = True
            self._changed.notify_all()

    def end(self) -> None:
        """Say that this was the last word."""
        with self._changed:
            self.has_ended = True
            self._changed.notify_all()

    def wait(self, wanted: int, deadline_s: float, timeout_s: float) -> bool:
        """Wait for `wanted` frames to be moved and every run of them to be settled.

        It ends early when nothing more can happen before the deadline.
        """
        doubts = self.doubts

        def is_known() -> bool:
            is_told = self._unsettled != _UNKNOWN and self._doubts_met >= doubts
            return is_told and self._moved >= wanted

        def is_over() -> bool:
            if self._hopeless or self.has_ended:
                return True
            if not is_known():
                return False
            return self._unsettled == 0 or self._next_try_s > deadline_s

        with self._changed:
            self._changed.wait_for(is_over, timeout_s)
            return not self._hopeless and is_known() and self._unsettled == 0
