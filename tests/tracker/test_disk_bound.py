"""A folder that reaches its bound while programs go on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nextmv_autotrack import tracked
from nextmv_autotrack.capture import installed
from nextmv_autotrack.clock import NS_PER_S, Clock
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import Store
from nextmv_autotrack.tracker import Tracker
from nextmv_autotrack.upload.duties import FIRST_TRIM_S, TRIM_INTERVAL_S
from tests.platform_server.handle import Platform

PATIENCE_S = 20
MB = 1_000_000
MAX_DISK = 18 * MB


@tracked(destination="cloud", app_id="routing")
def solve(number: int, data: str):
    return number


class ClockThatIsSetAhead:
    def __init__(self) -> None:
        self.ahead_s = 0.0
        self.clock = Clock(wall_ns=time.time_ns, steady_ns=self._steady_ns)

    def _steady_ns(self) -> int:
        return time.perf_counter_ns() + int(self.ahead_s * NS_PER_S)


@contextmanager
def program(home: Path, clock: Clock, **given: object) -> Iterator[Tracker]:
    """Track as a program does from its start to its end."""
    before = installed.recorder()
    environment = {"NEXTMV_AUTOTRACK_DIRECTORY": str(home)}
    sources = Sources(environment, home, complain=pytest.fail)
    tracker = Tracker(sources, clock)
    installed.install(tracker.recorder)
    tracker.configure({"max_disk": MAX_DISK, **given})
    yield tracker
    tracker.shutdown(PATIENCE_S)
    installed.install(before)


def look_again(tracker: Tracker) -> None:
    """Wait for a round of the worker that has begun after this call has."""
    for _ in range(2):
        solve(20, "")
        tracker.flush(PATIENCE_S)


def with_data(store: Store) -> Counter[Delivery]:
    """Count the runs that still have their large input."""
    return Counter(
        run.delivery
        for run in store.runs(limit=99)
        if run.input and store.open_payload(run.input).size > MB
    )


def test_runs_that_wait_keep_what_they_have_while_delivered_ones_make_room(
    tmp_path: Path, platform: Platform
):
    home = tmp_path / "home"
    time_of = ClockThatIsSetAhead()
    access = {"endpoint": platform.endpoint, "api_key": platform.key}
    with program(home, time_of.clock, **access) as tracker:
        for number in range(10):
            solve(number, "x" * MB)
        assert tracker.flush(PATIENCE_S)
    platform.reset()
    with (
        program(home, time_of.clock, endpoint=platform.endpoint) as tracker,
        Store.open(home) as store,
    ):
        for number in range(10, 20):
            solve(number, "x" * MB)
        assert not tracker.flush(PATIENCE_S)
        assert store.upkeep.usage().of_store > MAX_DISK
        assert with_data(store) == {Delivery.DELIVERED: 10, Delivery.WAITING: 10}
        time_of.ahead_s += FIRST_TRIM_S
        look_again(tracker)
        assert store.upkeep.usage().of_store <= MAX_DISK
        left = with_data(store)
        assert left[Delivery.WAITING] == 10
        assert 0 < left[Delivery.DELIVERED] < 10
        time_of.ahead_s += TRIM_INTERVAL_S
        look_again(tracker)
        assert with_data(store) == left
    with program(home, time_of.clock, **access) as tracker:
        solve(20, "")
        assert tracker.flush(PATIENCE_S)
    sent = [run.given for run in platform.runs()]
    large = [one["number"] for one in sent if one["data"] == "x" * MB]
    assert sorted(large) == [*range(10, 20)]
    assert len(sent) == 10 + 5
