"""What pytest finds by itself: the fixtures `autotrack_runs` and `autotrack_platform`.

In an installed package it stands beside it, as `pytest_nextmv_autotrack`: pytest imports
it at every start, and the library only when a fixture is used: what measures coverage,
or patches modules, has begun by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nextmv_autotrack.testing import FakePlatform, RecordedRuns

# By test. Not in its stash, which not every pytest in use has.
_recorded: dict[object, RecordedRuns] = {}


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
        _recorded[request.node] = runs
        yield runs
    _recorded.pop(request.node, None)


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
        _recorded[request.node] = platform.runs
        yield platform
    _recorded.pop(request.node, None)


# The old way: plugins of the new one cannot be loaded by every pytest in use.
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Have a test that fails show its runs."""
    yield
    if _recorded and (runs := _recorded.get(item)):
        item.add_report_section("call", "tracked runs", str(runs))
