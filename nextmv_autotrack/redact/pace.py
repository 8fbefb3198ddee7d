"""How long the scan of one text may take."""

from __future__ import annotations

import time
from collections.abc import Callable

# Twice what a hundred megabytes take with something to look at in each of their texts.
# Meanwhile, other processes wait for the store.
MAX_SCAN_S = 30.0

# The clock is asked this seldom, as it costs as much as a small hit.
_STEPS = 64


class TooSlowError(Exception):
    """A scan takes longer than it may, so that nothing is known of its text."""


class Pace:
    """The time that a scan has; its steps are counted here.

    Example:
        >>> Pace(1.0).step()
    """

    __slots__ = ("_clock", "_left", "_until")

    def __init__(
        self, limit_s: float = MAX_SCAN_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._until = clock() + limit_s
        self._left = _STEPS

    def step(self) -> None:
        """Count one step.

        Raises:
            TooSlowError: There is no time left.
        """
        self._left -= 1
        if self._left <= 0:
            self._left = _STEPS
            if self._clock() > self._until:
                raise TooSlowError
