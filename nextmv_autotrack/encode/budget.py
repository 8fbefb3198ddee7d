"""How much one value may cost: steps and time of the walk, and bytes of its JSON."""

from __future__ import annotations

import time
from collections.abc import Callable

# A step takes one to four microseconds, on the thread of the user's model: this is a
# few seconds in the worst case. What is encoded in bulk (rows of numbers, arrays) takes
# one step a row, so that data under the default bound of a payload seldom meets it.
MAX_STEPS = 1_000_000

# For steps that take longer: a `__repr__` or a property of the user's that computes
# something, a machine that has too much to do. What is in progress then is not
# interrupted.
MAX_WALK_NS = 10_000_000_000

# The clock is looked at so often, and after what ran code of the user's: reading it
# takes a twentieth of a step.
STEPS_BETWEEN_LOOKS = 1_000

# The shortest item of an array, such as `1,`.
SHORTEST_ITEM_BYTES = 2

NowNs = Callable[[], int]


class TooLargeError(Exception):
    """The JSON of the value is certain to be larger than allowed."""


class Budget:
    """What is left to spend on one value."""

    __slots__ = (
        "_later",
        "_limits",
        "_now_ns",
        "_until_ns",
        "bytes_left",
        "is_cyclic",
        "is_spent",
        "is_too_deep",
        "steps",
    )

    def __init__(
        self,
        max_bytes: int,
        *,
        steps: int = MAX_STEPS,
        max_ns: int = MAX_WALK_NS,
        now_ns: NowNs = time.monotonic_ns,
    ) -> None:
        self._limits = max_bytes, steps, max_ns
        self._now_ns = now_ns
        self.begin()

    def begin(self) -> None:
        """Begin a walk, with nothing spent."""
        self.bytes_left, self._later, max_ns = self._limits
        self.steps = 0
        """That can be taken before the next `renew`."""
        self.is_spent = False
        """Whether the walk has ended before the value did."""
        self.is_cyclic = self.is_too_deep = False
        """Whether something was met inside itself, or too deep inside others."""
        self._until_ns = self._now_ns() + max_ns

    def renew(self) -> bool:
        """Whether more steps can be taken, once those there were have been."""
        self.look_at_the_clock()
        self.steps = min(self._later, STEPS_BETWEEN_LOOKS)
        self._later -= self.steps
        return self.steps > 0

    def look_at_the_clock(self) -> None:
        """Take no more steps when the time is up."""
        if not self.has_time():
            self.steps = self._later = 0

    def has_time(self) -> bool:
        """Whether there is any left."""
        return self._now_ns() < self._until_ns

    def spend_bytes(self, least: int) -> None:
        """Note JSON that will be at least so long; raise when it cannot fit."""
        self.bytes_left -= least
        if self.bytes_left < 0:
            raise TooLargeError

    def need_bytes(self, least: int) -> None:
        """Raise when JSON so long cannot fit, before it is made."""
        if least > self.bytes_left:
            raise TooLargeError

    def need_room_for(self, items: int) -> None:
        """Raise when so many items cannot fit, before they are looked at."""
        self.need_bytes(items * SHORTEST_ITEM_BYTES)
