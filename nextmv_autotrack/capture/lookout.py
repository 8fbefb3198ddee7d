"""Looks at this process for the background thread: what it uses, and where it runs."""

from __future__ import annotations

import math
from typing import Any

from nextmv_autotrack import safely
from nextmv_autotrack.capture.circumstances.gathered import Circumstances, News
from nextmv_autotrack.capture.context import open_roots
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.resources.sampler import Sampler
from nextmv_autotrack.capture.resources.timeline import Timeline
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.journal.process import seen
from nextmv_autotrack.settings import Sources


def _open_runs() -> list[OpenRun]:
    # In one step: runs begin and end meanwhile.
    return [*open_roots.values()]


class Lookout:
    """What is seen of this process; a forked child goes on with another timeline."""

    def __init__(self, timeline: Timeline, sources: Sources, clock: Clock) -> None:
        self._clock = clock
        self._sampler = Sampler(timeline, _open_runs, clock)
        self._circumstances = Circumstances(sources, clock)
        self._is_broken = False

    def begin_anew(self, timeline: Timeline) -> None:
        """Look at a forked child, which is where its parent was."""
        self._sampler = Sampler(timeline, _open_runs, self._clock)
        self._circumstances.begin_anew()

    def at_once(self) -> News:
        """Return what can be said of where the process runs without looking."""
        return self._circumstances.at_once()

    def seen(self) -> dict[str, Any] | None:
        """Return what the process uses now; None while no run is in progress."""
        if not open_roots:
            return None
        facts = seen()
        now_kib = facts["memory_bytes"] // 2**10
        return {**facts, "peak_kib": max(now_kib, self._sampler.peak_kib())}

    def wake(self) -> None:
        """Say that something has been written: a run may have begun."""
        self._sampler.wake()

    def sample(self) -> float:
        """Look at what is used, if it is time; return when to do so again."""
        try:
            return math.inf if self._is_broken else self._sampler.sample()
        except Exception as error:  # noqa: BLE001 -- the boundary
            # It would come back five times a second.
            self._is_broken = True
            safely.failed("looking at what a run uses", error)
            return math.inf

    def news(self, owner: str) -> News | None:
        """Return what a journal is to be told of where the process runs, if anything."""
        try:
            return self._circumstances.news(owner)
        except Exception as error:  # noqa: BLE001 -- the boundary
            safely.failed("looking at where the process runs", error)
            return None

    def compare(self, *, may_begin: bool) -> float:
        """Look whether the code has changed; return when to do so again."""
        try:
            return self._circumstances.compare(may_begin=may_begin)
        except Exception as error:  # noqa: BLE001 -- the boundary
            safely.failed("asking git", error)
            return math.inf

    def end(self) -> None:
        """Leave nothing behind: the program ends."""
        try:
            self._circumstances.end()
        except Exception as error:  # noqa: BLE001 -- the boundary
            safely.failed("ending git", error)
