"""How much one value may cost: steps of the walk, and bytes of its JSON."""

from __future__ import annotations

# A step takes about a microsecond, on the thread of the user's model: this is one to
# two seconds in the worst case. What is encoded in bulk (rows of numbers, arrays) takes
# one step a row, so that data under the default bound of a payload seldom meets it.
MAX_STEPS = 1_000_000

# The shortest item of an array, such as `1,`.
SHORTEST_ITEM_BYTES = 2


class TooLargeError(Exception):
    """The JSON of the value is certain to be larger than allowed."""


class Budget:
    """What is left to spend on one value."""

    __slots__ = ("bytes_left", "steps_left")

    def __init__(self, max_bytes: int, *, steps: int = MAX_STEPS) -> None:
        self.bytes_left = max_bytes
        self.steps_left = steps

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
