"""What the process was seen using over time, for each run to take its part of."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from nextmv_autotrack.capture.circumstances.limits import Limits

# Neighbours that are together no longer than this share of the time since are made one:
# a run finds so many points of itself at least, however long it is, and a day of them is
# some thousand points.
_LEAST_SHARE = 1 / 200

# Looked at as often: half of what has been added by then can be made one.
_ADDED_BETWEEN = 64

# That of a process that is seen at the shortest interval for a year.
MAX_POINTS = 8192


class Child(NamedTuple):
    """A process that this one has started, or one that such a one has."""

    begun_at: float
    """Seconds since 1970."""
    memory_kib: int
    cpu_ns: int
    """With what children of its own have used that have ended."""


class Point(NamedTuple):
    """What was seen up to one moment, since the last one."""

    begin_ns: int
    """By the steady clock, as is the end."""
    end_ns: int
    memory_kib: int
    """The most there was."""
    children: tuple[Child, ...]
    """Those alive, when they took the most."""
    cpu_ns: int
    """Of the process so far."""
    waited_ns: int
    """CPU time of children so far that were waited for by then."""
    alive_ns: int
    """CPU time so far of those alive."""
    threads: int
    """The most there were."""

    def joined(self, later: Point) -> Point:
        """Return what was seen in this time and the next."""
        larger = max(
            self, later, key=lambda one: sum(c.memory_kib for c in one.children)
        )
        return later._replace(
            begin_ns=self.begin_ns,
            memory_kib=max(self.memory_kib, later.memory_kib),
            children=larger.children,
            threads=max(self.threads, later.threads),
        )


class Timeline:
    """Points in order, the finer the younger they are.

    The background thread adds them; any thread may read.
    """

    def __init__(self) -> None:
        self._points: list[Point] = []
        self._added = 0
        self.limits = Limits()
        """What the process may use at most."""

    def add(self, point: Point) -> None:
        """Add what has been seen since the last one."""
        self._points.append(point)
        self._added += 1
        if self._added >= _ADDED_BETWEEN:
            self._added = 0
            # Another list: who reads goes on with the one it has.
            self._points = thinned(self._points, point.end_ns)[-MAX_POINTS:]

    def clear(self) -> None:
        """Forget everything: no run is in progress any more."""
        self._points = []

    @property
    def last(self) -> Point | None:
        """The youngest."""
        points = self._points
        return points[-1] if points else None

    def all(self) -> list[Point]:
        """Return all of them."""
        return [*self._points]

    def between(self, begin_ns: int, end_ns: int) -> list[Point]:
        """Return what was seen in a time; what began before it is left out."""
        points = self._points
        first = bisect_left(points, begin_ns, key=lambda point: point.begin_ns)
        last = bisect_right(points, end_ns, key=lambda point: point.end_ns)
        return points[first:last]


def thinned(points: Sequence[Point], now_ns: int) -> list[Point]:
    """Return points with neighbours made one that are short beside their age."""
    kept: list[Point] = []
    for point in points:
        age_ns = now_ns - point.end_ns
        if kept and point.end_ns - kept[-1].begin_ns <= age_ns * _LEAST_SHARE:
            kept[-1] = kept[-1].joined(point)
        else:
            kept.append(point)
    return kept


def evenly(points: Sequence[Point], most: int) -> list[Point]:
    """Return no more than so many points, about equally far from each other."""
    if len(points) <= most:
        return [*points]
    begin_ns = points[0].begin_ns
    width_ns = max(1.0, (points[-1].end_ns - begin_ns) / most)
    kept: list[Point] = []
    slot = 0
    for point in points:
        its_slot = int((point.end_ns - 1 - begin_ns) / width_ns)
        if kept and its_slot == slot:
            kept[-1] = kept[-1].joined(point)
        else:
            kept.append(point)
            slot = its_slot
    return kept
