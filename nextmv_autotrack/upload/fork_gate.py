"""No store is open while the process forks: SQLite's locks do not survive that.

SQLite keeps count, in memory, of the locks its process holds on a database. A forked
child inherits the count and not the locks: what it then reads and writes, others may be
replacing. So the threads that have a store open are asked to close it before a fork, and
open it again after it. The same goes for the locks Python holds while it imports.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# A store is closed within milliseconds, and a fork is not held up for longer than a
# person would notice: a child that is forked all the same leaves the store to others.
FORK_WAIT_S = 1.0


class ForkGate:
    """Lets threads have a store open, and has them close it before a fork."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._forks = 0
        self.has_children = False
        """Whether this process has, or may have, children that track."""
        self._wakes: list[Callable[[], None]] = []

    @property
    def is_occupied(self) -> bool:
        """Whether anybody has a store open; takes no lock, for a forked child."""
        return self._inside > 0

    @property
    def is_closing(self) -> bool:
        """Whether whoever has a store open is to close it."""
        return self._forks > 0

    @contextmanager
    def inside(self, wake: Callable[[], None]) -> Iterator[None]:
        """Wait until no fork is under way, and keep the next one waiting.

        Args:
            wake: Called by another thread when `is_closing` has become true.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._forks)
            self._inside += 1
            self._wakes.append(wake)
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._wakes.remove(wake)
                self._changed.notify_all()

    def before_fork(self) -> None:
        """Have everybody leave; wait for it, but not for ever."""
        with self._changed:
            self._forks += 1
            self.has_children = True
            for wake in self._wakes:
                wake()
            self._changed.wait_for(lambda: not self._inside, FORK_WAIT_S)

    def after_fork_in_parent(self) -> None:
        """Let everybody in again."""
        with self._changed:
            self._forks -= 1
            self._changed.notify_all()
