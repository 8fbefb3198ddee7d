"""How fast, and whether at all, the processes of a machine may call one platform."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass, replace

# What a run costs: a place for its input, its output and its logs each, and the call
# that creates it. The uploads themselves go to storage, which has no such limit.
CALLS_A_RUN = 4

# The least the platform has been known to allow: 180 calls a minute, 30 at once.
FIRST_RATE = 3.0
BURST_CALLS = 30.0

# With two calls a minute a backlog still moves, and nobody minds them.
LEAST_RATE = 1 / 30
MOST_RATE = 10_000.0

# As long as nobody has asked for fewer calls, each that was taken lets one more a second
# be made: plans differ by a factor of fifty, and the fastest way to find out is to double
# the rate again and again. Twice as fast would be refused twice as often.
FIRST_GROWTH = 1.0

# Afterwards: a tenth more for each minute of calls.
LATER_GROWTH = 1 / 600

# What is left of the rate when the platform asks for fewer calls: by then it was doubled
# once or twice too often; later it has but crept past what is allowed. Eight processes
# with a thousand runs (see the tests) are refused least with these two.
FIRST_CUT = 0.25
LATER_CUT = 0.7

# Whoever tries first after an outage is alone for so long; longer than any call takes.
PROBE_S = 120.0

# It mostly takes far less, and nobody tells the others when it is over.
PROBE_LOOK_S = 1.0

# Nothing asks for more. A hold that ends later was set by a clock that has jumped.
LONGEST_HOLD_S = 7200.0

# An outage of centuries, at a try every five minutes.
MOST_TROUBLES = 10**8

# Two processes may write in another order than they looked at the clock, seconds apart
# when the disk is slow. Further ahead it is a clock that has jumped.
LATE_S = 60.0


@dataclass(frozen=True)
class Lane:
    """The state that all processes share; times are of the wall clock."""

    held_until: float = 0.0
    """No call before it."""
    troubles: int = 0
    """Troubles since the last success: above 0, one run at a time is tried."""
    is_probed: bool = False
    """Whether that one is on its way."""
    problem: str | None = None
    """The last trouble."""
    rate: float = FIRST_RATE
    """Calls a second."""
    was_slowed: bool = False
    """Whether the platform has ever asked for fewer calls."""
    calls: float = BURST_CALLS
    """Calls that may be made at once, as of `stamped_at`."""
    stamped_at: float = 0.0

    def opens_at(self, now: float) -> float:
        """Return when the next run may be sent: `now` or later."""
        if self._is_held(now):
            look_at = now + PROBE_LOOK_S if self.is_probed else self.held_until
            return min(self.held_until, look_at)
        missing = CALLS_A_RUN - self._calls(now)
        return now + max(0.0, missing / self.rate)

    def grant(self, now: float, wanted: int) -> int:
        """Return how many runs may be sent now."""
        if self.opens_at(now) > now:
            return 0
        affordable = max(1, int(self._calls(now) / CALLS_A_RUN))
        return min(wanted, 1 if self.troubles else affordable)

    def taken(self, now: float, runs: int) -> Lane:
        """Return the lane once so many runs are on their way."""
        lane = replace(
            self, calls=self._calls(now) - runs * CALLS_A_RUN, stamped_at=now
        )
        if not self.troubles:
            return lane
        return replace(lane, is_probed=True, held_until=now + PROBE_S)

    def succeeded(self, now: float, runs: int) -> Lane:
        """Return the lane once so many runs have been taken by the platform."""
        if self._is_held(now) and not self.is_probed:
            # They were on their way before the trouble, and say nothing of its end.
            return self
        growth = LATER_GROWTH if self.was_slowed else FIRST_GROWTH
        rate = min(self.rate + runs * CALLS_A_RUN * growth, MOST_RATE)
        return replace(
            self, rate=rate, troubles=0, is_probed=False, problem=None, held_until=0.0
        )

    def troubled(
        self,
        now: float,
        hold_s: float,
        problem: str,
        *,
        too_fast: bool,
        troubles: int | None = None,
    ) -> Lane:
        """Return the lane after a trouble that is not one run's.

        Args:
            now: The time.
            hold_s: How long nothing is tried.
            problem: The trouble, in words.
            too_fast: Whether the platform has asked for fewer calls.
            troubles: How many it counts as, in a row; one more by default.
        """
        if self._is_held(now) and not self.is_probed:
            # What was on its way together fails together, and counts once.
            return replace(self, held_until=max(self.held_until, now + hold_s))
        # One run at a time is not too fast: it only came too soon.
        is_slowed = too_fast and not self.troubles
        return replace(
            self._slower() if is_slowed else self,
            troubles=self.troubles + 1 if troubles is None else troubles,
            is_probed=False,
            problem=problem,
            held_until=now + hold_s,
        )

    def unprobed(self) -> Lane:
        """Return the lane when whoever tried has learned nothing: others may try."""
        return (
            replace(self, is_probed=False, held_until=0.0) if self.is_probed else self
        )

    def _slower(self) -> Lane:
        rate = self.rate * (LATER_CUT if self.was_slowed else FIRST_CUT)
        return replace(self, rate=max(rate, LEAST_RATE), calls=0.0, was_slowed=True)

    def _is_held(self, now: float) -> bool:
        return now < self.held_until <= now + LONGEST_HOLD_S

    def _calls(self, now: float) -> float:
        most = max(BURST_CALLS, self.rate)
        if self.stamped_at > now + LATE_S:
            return most
        gained = max(0.0, now - self.stamped_at) * self.rate
        return min(self.calls + gained, most)


_COLUMNS = ", ".join(Lane.__dataclass_fields__)


def load(connection: sqlite3.Connection, endpoint: str) -> Lane:
    """Return the lane to a platform; a new one when it was never called."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM lanes WHERE endpoint = ?",  # noqa: S608 -- words of ours only
        (endpoint,),
    ).fetchone()
    return Lane() if row is None else _sound(Lane(*row))


def _sound(kept: Lane) -> Lane:
    """Return what was kept; a new lane when it makes no sense, since it may be damaged."""
    lane = replace(
        kept, was_slowed=bool(kept.was_slowed), is_probed=bool(kept.is_probed)
    )
    bounds: tuple[tuple[object, float, float], ...] = (
        (lane.rate, LEAST_RATE, MOST_RATE),
        (lane.calls, -BURST_CALLS, MOST_RATE),
        (lane.troubles, 0, MOST_TROUBLES),
        (lane.held_until, -math.inf, math.inf),
        (lane.stamped_at, -math.inf, math.inf),
    )
    is_sound = all(
        isinstance(value, (int, float)) and least <= value <= most
        for value, least, most in bounds
    )
    # What is declared here is what was meant to be there.
    told: object = lane.problem
    is_told = told is None or isinstance(told, str)
    return lane if is_sound and is_told else Lane()


def save(connection: sqlite3.Connection, endpoint: str, lane: Lane) -> None:
    """Keep the lane, for all processes."""
    connection.execute(
        "INSERT OR REPLACE INTO lanes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (endpoint, *vars(lane).values()),
    )
