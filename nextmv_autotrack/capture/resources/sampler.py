"""Looks at the process now and then, in the background, while runs are in progress."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

from nextmv_autotrack.capture.circumstances.limits import limits
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.resources.timeline import Child, Point, Timeline
from nextmv_autotrack.capture.resources.usage import (
    CHILDREN,
    MARKS_A_KIB,
    cpu_ns,
    high_water_kib,
    usage,
)
from nextmv_autotrack.clock import NS_PER_S, Clock

# Shorter runs are not looked at: what the system counts is all that is known of them.
FIRST_SAMPLE_S = 0.3

# A run that goes on is looked at rarely: this often in the time it has lasted by then,
# but not so often that it would be felt, nor so rarely that a peak goes unseen.
_SAMPLES_A_RUN = 60
SHORTEST_INTERVAL_S = 0.2
LONGEST_INTERVAL_S = 2.0

# To look at children takes longer the more processes the machine has. A sample that took
# a millisecond is followed by a pause of a tenth of a second.
_PAUSE_FOR_TIME_TAKEN = 100
_LONGEST_PAUSE_S = 10.0

# The largest are kept apart, and all others as one: a day of points with sixteen each
# takes some 4 MB.
_MOST_CHILDREN = 16

# Threads of ours are named so, all of them.
_OURS = "nextmv-autotrack"


class Sampler:
    """Adds to a timeline while there are runs that want it."""

    def __init__(
        self,
        timeline: Timeline,
        open_runs: Callable[[], Collection[OpenRun]],
        clock: Clock,
        spent_s: Callable[[], float] = time.thread_time,
    ) -> None:
        """Take what is looked at, and how much time this thread has spent so far."""
        self._timeline = timeline
        self._spent_s = spent_s
        self._open_runs = open_runs
        self._clock = clock
        self._due_s = math.inf
        self._process: Any = None
        self._mark_kib = 0
        self._skew_s = 0.0

    def wake(self) -> None:
        """A run may have begun: look soon."""
        self._due_s = min(self._due_s, self._clock.steady() + FIRST_SAMPLE_S)

    def sample(self) -> float:
        """Look at the process if it is time; return when to do so again.

        By the steady clock, and never while no run is in progress.
        """
        now_s = self._clock.steady()
        if now_s < self._due_s:
            return self._due_s
        begun_ns = [run.start_ns for run in self._open_runs() if run.plan.resources]
        if not begun_ns:
            self._timeline.clear()
            self._due_s = math.inf
            return self._due_s
        if self._timeline.last is None:
            self._timeline.limits = limits()
        process = self._of_this_process()
        begun_s = self._spent_s()
        self._timeline.add(self._look(process))
        pause_s = (self._spent_s() - begun_s) * _PAUSE_FOR_TIME_TAKEN
        age_s = now_s - max(begun_ns) / NS_PER_S
        self._due_s = now_s + max(interval_s(age_s), min(pause_s, _LONGEST_PAUSE_S))
        return self._due_s

    def peak_kib(self) -> int:
        """Return the most memory seen since the oldest run in progress began."""
        return max((point.memory_kib for point in self._timeline.all()), default=0)

    def _look(self, process: Any) -> Point:
        end_ns = self._clock.steady_ns()
        last = self._timeline.last
        with process.oneshot():
            resident_kib = process.memory_info().rss // 2**10
            threads = process.num_threads() - _threads_of_ours()
        # What was the most at some moment since the last sample shows by the mark.
        mark_kib, before_kib = self._mark(process), self._mark_kib
        has_risen = last is not None and mark_kib > before_kib
        self._mark_kib = mark_kib
        children = _children_of(process, self._skew_s)
        return Point(
            begin_ns=end_ns if last is None else last.end_ns,
            end_ns=end_ns,
            memory_kib=max(resident_kib, mark_kib if has_risen else 0),
            children=together(children),
            cpu_ns=cpu_ns(),
            waited_ns=CHILDREN.now().cpu_ns,
            alive_ns=sum(child.cpu_ns for child in children),
            threads=max(1, threads),
        )

    def _of_this_process(self) -> Any:
        # Not at the top: it takes milliseconds to import, and this is not the caller's
        # thread. A forked child has another sampler.
        import psutil  # noqa: PLC0415 -- see above

        if self._process is None:
            self._process = psutil.Process()
            self._skew_s = skew_s()
        return self._process

    @staticmethod
    def _mark(process: Any) -> int:
        if sys.platform == "win32":
            return int(process.memory_info().peak_wset // 2**10)
        return high_water_kib() or int(usage()[2]) // MARKS_A_KIB


def interval_s(age_s: float) -> float:
    """Return the time to the next sample where the youngest run is so old."""
    wanted_s = age_s / _SAMPLES_A_RUN
    return min(max(wanted_s, SHORTEST_INTERVAL_S), LONGEST_INTERVAL_S)


def _threads_of_ours() -> int:
    return sum(one.name.startswith(_OURS) for one in threading.enumerate())


def skew_s() -> float:
    """Return how far the begin of a process, as psutil tells it, is before the clock.

    Linux counts it from the start of the machine, which it tells in whole seconds.
    """
    import psutil  # noqa: PLC0415 -- loaded by then

    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    told_s = psutil.boot_time() + time.clock_gettime(time.CLOCK_BOOTTIME)
    return float(time.time() - told_s)


def _children_of(process: Any, skew_s: float) -> list[Child]:
    """Return the children that are alive, and theirs, the largest first."""
    if not has_children():
        return []
    import psutil  # noqa: PLC0415 -- loaded by then

    found: list[Child] = []
    with suppress(psutil.Error):
        for child in process.children(recursive=True):
            with suppress(psutil.Error):
                found.append(_child(child, skew_s))
    found.sort(key=lambda one: one.memory_kib, reverse=True)
    return found


def together(children: Sequence[Child]) -> tuple[Child, ...]:
    """Return no more than so many, the last of them for all the smaller ones."""
    if len(children) <= _MOST_CHILDREN:
        return tuple(children)
    rest = children[_MOST_CHILDREN - 1 :]
    # A run counts those that have begun since it did: not too many.
    others = Child(
        min(child.begun_at for child in rest),
        sum(child.memory_kib for child in rest),
        sum(child.cpu_ns for child in rest),
    )
    return (*children[: _MOST_CHILDREN - 1], others)


def _child(process: Any, skew_s: float) -> Child:
    with process.oneshot():
        times = process.cpu_times()
        # Only some systems count those of its own children.
        spent_s = times.user + times.system
        spent_s += getattr(times, "children_user", 0.0)
        spent_s += getattr(times, "children_system", 0.0)
        memory_kib = process.memory_info().rss // 2**10
        begun_at = process.create_time() + skew_s
        return Child(begun_at, memory_kib, int(spent_s * NS_PER_S))


def has_children() -> bool:
    """Whether this process may have any: to look for them is costly."""
    if not hasattr(os, "waitid"):
        return True
    try:
        # Nobody is waited for, and who has ended can still be waited for by others.
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    except OSError:
        return True
    return True
