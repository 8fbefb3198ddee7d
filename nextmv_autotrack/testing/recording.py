"""Recording in memory: for the length of a block, no run leaves the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nextmv_autotrack.testing.apart import NothingLeaves, set_apart, tracking_by
from nextmv_autotrack.testing.memory import MemoryTracker
from nextmv_autotrack.testing.recorded_run import RecordedRuns


@contextmanager
def recording() -> Iterator[RecordedRuns]:
    """Record the runs of this process in memory, for as long as the block lasts.

    Nothing is written to a disk, no thread is started, and nothing is sent, whatever
    the environment, a `pyproject.toml` or `~/.nextmv` say: only what code sets holds.
    Processes that are started meanwhile record nothing. In pytest, the fixture
    `autotrack_runs` does it.

    Example:
        >>> from nextmv_autotrack import tracked
        >>> from nextmv_autotrack.testing import recording
        >>> @tracked(options=["vehicles"])
        ... def solve(stops: list, vehicles: int = 2) -> dict:
        ...     return {"routes": [stops], "metrics": {"value": len(stops)}}
        >>> with recording() as runs:
        ...     _ = solve(["bonn", "aachen"], vehicles=1)
        >>> runs[0].input, runs[0].options, runs[0].output, runs[0].metrics
        (['bonn', 'aachen'], {'vehicles': '1'}, {'routes': [['bonn', 'aachen']]}, {'value': 2})
    """
    with set_apart(NothingLeaves()) as sources:
        tracker = MemoryTracker(sources)
        with tracking_by(tracker):
            yield RecordedRuns(tracker.runs)
