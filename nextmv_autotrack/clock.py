"""Time, as something that is handed in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple


class Clock(NamedTuple):
    """Where the time comes from, so that tests need neither sleeps nor patching."""

    wall: Callable[[], float]
    """Seconds since 1970, for what people read."""

    steady: Callable[[], float]
    """Seconds that never jump, for what is measured."""


# perf_counter rather than monotonic: on Windows monotonic ticks every 15 ms only.
SYSTEM_CLOCK = Clock(wall=time.time, steady=time.perf_counter)
