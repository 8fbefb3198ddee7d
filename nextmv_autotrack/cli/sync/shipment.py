"""What `sync` has to send, how far that is, and a line that says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from nextmv_autotrack.cli.sync.progress_bar import Line, Show
from nextmv_autotrack.cli.words import duration, number, one_line, size
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.lane import Lane

# Often enough to look live; where looking takes long, it takes this share of the time.
_SHOW_S = 0.2
_SHOW_SHARE = 0.05

# What is on its way comes back in bursts; what was longer ago says little of the pace.
PACE_S = 30.0

# A shorter wait is over before anybody has read of it.
_WORTH_A_WORD_S = 0.5

# In the messages of what went wrong with a request.
_BEFORE_THE_ESSENCE = (" was refused with ", " failed: ")

_MINUTE_S, _HOUR_S = 60.0, 3600.0


class Amount(NamedTuple):
    """Runs, and how large they are."""

    runs: int
    bytes: int


class Shipment:
    """The runs that waited when it was made, whoever sends them."""

    def __init__(self, store: Store, endpoint: str) -> None:
        self._store = store
        self.endpoint = endpoint
        """Of the platform."""
        self._sizes = store.sizes(store.waiting_ids(endpoint))
        self.whole = self._amount(self._sizes)

    def left(self) -> Amount:
        """Return what still waits."""
        ids = self._store.waiting_ids(self.endpoint)
        return self._amount(run_id for run_id in ids if run_id in self._sizes)

    def those(self, what: Delivery) -> Amount:
        """Return those of which this has become by now."""
        found = self._store.deliveries(self._sizes)
        return self._amount(
            run_id for run_id, is_now in found.items() if is_now == what
        )

    def _amount(self, ids: Iterable[str]) -> Amount:
        sizes = [self._sizes[run_id] for run_id in ids]
        return Amount(len(sizes), sum(sizes))


class Pace:
    """How fast it goes, by what has become less lately."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def left_s(self, now_s: float, left: int) -> float | None:
        """Return how long it will take; None as long as nobody can say.

        Args:
            now_s: When this is asked, by a clock that never jumps.
            left: How many are left then.
        """
        self._seen.append((now_s, left))
        # Two stay, however long ago the first was.
        while len(self._seen) > 2 and self._seen[1][0] <= now_s - PACE_S:
            self._seen.popleft()
        began_s, before = self._seen[0]
        done = before - left
        return (now_s - began_s) * left / done if done > 0 else None


class Watch:
    """Looks now and then how far a shipment is, and shows it."""

    def __init__(
        self, store: Store, shipment: Shipment, show: Show, clock: Clock
    ) -> None:
        self._store, self._shipment = store, shipment
        self._show, self._clock = show, clock
        self._pace = Pace()
        self._look_at = 0.0

    def look(self) -> None:
        """Show how far it is, unless that was shown a moment ago."""
        now_s = self._clock.steady()
        if now_s < self._look_at:
            return
        whole, left = self._shipment.whole, self._shipment.left()
        lane = self._store.lane(self._shipment.endpoint)
        left_s = self._pace.left_s(now_s, left.runs)
        line = progress_line(whole, left, lane, self._clock.wall(), left_s)
        self._show(1 - left.runs / whole.runs, line)
        took_s = self._clock.steady() - now_s
        self._look_at = now_s + max(_SHOW_S, took_s / _SHOW_SHARE)


def progress_line(
    whole: Amount, left: Amount, lane: Lane, now: float, left_s: float | None
) -> Line:
    """Return how far it is, what it waits for, and when it will be over.

    Args:
        whole: All that there was to send.
        left: What there still is.
        lane: The way to the platform.
        now: The time.
        left_s: How long it will take, if anybody can say.
    """
    runs = f"{whole.runs - left.runs} of {whole.runs} runs"
    weight = f"{size(whole.bytes - left.bytes)} of {size(whole.bytes)}"
    waits = []
    if left.runs:
        waits += [f"{_rough(left_s)} left"] if left_s is not None else []
        waits += _waits_for(lane, now)
    return Line(", ".join([runs, weight, *waits]), ", ".join([runs, *waits]))


def _rough(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{max(1, round(seconds))} s"
    return duration(seconds) if seconds >= _HOUR_S else f"{seconds / _MINUTE_S:.0f} min"


def _waits_for(lane: Lane, now: float) -> list[str]:
    wait_s = lane.opens_at(now) - now
    if wait_s < _WORTH_A_WORD_S:
        return []
    if lane.problem is None:
        return [f"rate limit {number(round(lane.rate, 1))} calls/s"]
    return [f"waits {wait_s:.0f} s: {one_line(_essence(lane.problem))}"]


def _essence(problem: str) -> str:
    # What was done, and where, is told by a warning, and there is little room.
    for words in _BEFORE_THE_ESSENCE:
        problem = problem.partition(words)[2] or problem
    return problem
