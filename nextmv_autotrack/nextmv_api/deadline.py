"""When a call is to be over, whatever its time is spent on."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from nextmv_autotrack.clock import SYSTEM_CLOCK, Clock
from nextmv_autotrack.errors import UnreachableError


class Deadline:
    """The time that one call has, all its requests together.

    Args:
        doing: What is done, for messages.
        time_s: How long it may take.
        clock: Tells how long it has taken.
    """

    def __init__(self, doing: str, time_s: float, clock: Clock = SYSTEM_CLOCK) -> None:
        self._doing, self._time_s, self._clock = doing, time_s, clock
        self._over_at_s = clock.steady() + time_s
        self.is_sent = False
        """Whether a request is on its way, or with the other side."""

    @property
    def left_s(self) -> float:
        """How much of it is left."""
        return self._over_at_s - self._clock.steady()

    def patience_s(self, most_s: float) -> float:
        """Return how long the other side may be silent.

        Raises:
            UnreachableError: The time is over.
        """
        self.check()
        return min(most_s, self.left_s)

    def check(self) -> None:
        """Raise when the time is over.

        Raises:
            UnreachableError: It is.
        """
        if self.left_s <= 0:
            raise self.missed()

    def missed(self) -> UnreachableError:
        """Return the error for a call that was not over in time."""
        return UnreachableError(
            f"{self._doing} failed: it was not over after {self._time_s:.3g} s",
            may_have_acted=self.is_sent,
            may_be_at_work=self.is_sent,
        )

    @contextmanager
    def holds(self) -> Iterator[None]:
        """Let it hold for what is asked in the block by those who know nothing of it."""
        before = _HOLDS.set(self)
        try:
            yield
        finally:
            _HOLDS.reset(before)


_HOLDS: ContextVar[Deadline] = ContextVar("nextmv_autotrack_deadline")


def left_here_s() -> float:
    """Return how much time there is here; without end where nothing is said of it."""
    holds = _HOLDS.get(None)
    return math.inf if holds is None else holds.left_s


def pause_here(seconds: float) -> None:
    """Sleep, but not beyond the time that there is here."""
    time.sleep(max(min(seconds, left_here_s()), 0.0))
