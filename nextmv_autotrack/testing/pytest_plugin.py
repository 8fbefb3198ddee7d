"""What pytest finds by itself: the fixtures `autotrack_runs` and `autotrack_platform`.

In an installed package it stands beside it, as `pytest_nextmv_autotrack`: pytest imports
it at every start, and the library only when a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nextmv_autotrack.testing import FakePlatform, RecordedRuns

_RUNS = pytest.StashKey["RecordedRuns"]()


@pytest.fixture
def autotrack_runs(request: pytest.FixtureRequest) -> Iterator[RecordedRuns]:
    """Record runs in memory during the test; nothing is written, and nothing is sent.

    Example:
        def test_the_objective_is_recorded(autotrack_runs):
            solve({"stops": 3})
            assert autotrack_runs[0].metrics == {"value": 42.0}
    """
    from nextmv_autotrack.testing import recording  # noqa: PLC0415 -- see above

    with recording() as runs:
        request.node.stash[_RUNS] = runs
        yield runs


@pytest.fixture
def autotrack_platform(request: pytest.FixtureRequest) -> Iterator[FakePlatform]:
    """Have runs sent to a platform in the process during the test.

    Example:
        def test_the_nightly_run_arrives(autotrack_platform):
            nightly()
            assert flush(timeout=10)
            assert autotrack_platform.runs[0].status == "succeeded"
    """
    from nextmv_autotrack.testing import FakePlatform  # noqa: PLC0415 -- see above

    with FakePlatform() as platform:
        request.node.stash[_RUNS] = platform.runs
        yield platform


# The old way: plugins of the new one cannot be loaded by every pytest in use.
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Have a test that fails show its runs."""
    yield
    runs = item.stash.get(_RUNS, None)
    if runs:
        item.add_report_section("call", "tracked runs", str(runs))
