"""For the tests of those who track: runs recorded in memory, and a platform in the process.

pytest finds the fixture `autotrack_runs` by itself; elsewhere, `recording` does the same.
Nothing of this is needed, or imported, while a model runs for real.

Example:
    >>> from nextmv_autotrack import tracked
    >>> @tracked
    ... def solve(data: dict) -> dict:
    ...     return {"solution": sorted(data), "metrics": {"value": len(data)}}
    >>> def test_the_number_of_towns_is_recorded(autotrack_runs):
    ...     solve({"bonn": 4, "aachen": 12})
    ...     assert autotrack_runs[0].metrics == {"value": 2}
"""

from __future__ import annotations

from nextmv_autotrack.testing.death import die_here
from nextmv_autotrack.testing.fake_platform import FakePlatform, SeenRequest
from nextmv_autotrack.testing.killed import killed
from nextmv_autotrack.testing.recorded_run import RecordedRun, RecordedRuns
from nextmv_autotrack.testing.recording import recording

__all__ = [
    "FakePlatform",
    "RecordedRun",
    "RecordedRuns",
    "SeenRequest",
    "die_here",
    "killed",
    "recording",
]
