"""Time, as something that is handed in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

NS_PER_S = 1_000_000_000


class Clock(NamedTuple):
    """Where the time comes from, so that tests need neither sleeps nor patching.

    Whole nanoseconds, because that is what a call writes down: to write a float takes
    five times as long.
    """

    wall_ns: Callable[[], int]
    """Nanoseconds since 1970, for what people read."""

    steady_ns: Callable[[], int]
    """Nanoseconds that never jump, for what is measured."""

    def wall(self) -> float:
        """Return the seconds since 1970."""
        return self.wall_ns() / NS_PER_S

    def steady(self) -> float:
        """Return seconds that never jump."""
        return self.steady_ns() / NS_PER_S


# perf_counter rather than monotonic: on Windows monotonic ticks every 15 ms only.
SYSTEM_CLOCK = Clock(wall_ns=time.time_ns, steady_ns=time.perf_counter_ns)
