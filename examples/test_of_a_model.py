"""Tests of a tracked model: run them with `pytest examples/test_of_a_model.py`.

No key is needed, and none is used: nothing leaves the tests.
"""

from __future__ import annotations

import logging

import pytest

from nextmv_autotrack import Application, TrackedRun, tracked
from nextmv_autotrack.testing import FakePlatform, RecordedRuns, die_here, killed

logger = logging.getLogger("depots")


@tracked(options=["vehicles"])
def solve(demand: dict[str, int], vehicles: int = 2) -> dict:
    if not demand:
        raise ValueError("no demand")
    logger.warning("%d towns, %d vehicles", len(demand), vehicles)
    loads = [sum(list(demand.values())[at::vehicles]) for at in range(vehicles)]
    return {"loads": loads, "metrics": {"value": max(loads)}}


@tracked
def solve_on_a_machine_that_dies(demand: dict[str, int]) -> None:
    logger.warning("%d town(s)", len(demand))
    die_here()


def test_what_is_recorded(autotrack_runs: RecordedRuns):
    solve({"bonn": 4, "aachen": 12}, vehicles=1)
    run = autotrack_runs[0]
    assert (run.input, run.options) == ({"bonn": 4, "aachen": 12}, {"vehicles": "1"})
    assert (run.output, run.metrics) == ({"loads": [16]}, {"value": 16})
    assert run.logs[0].endswith("2 towns, 1 vehicles")


def test_a_failure_is_recorded_with_its_reason(autotrack_runs: RecordedRuns):
    with pytest.raises(ValueError, match="no demand"):
        solve({})
    assert autotrack_runs[0].error == "ValueError: no demand"


def test_a_run_arrives_once_though_the_answer_is_lost(autotrack_platform: FakePlatform):
    autotrack_platform.lose_next_answer(method="POST", path="/runs$")
    run = TrackedRun("succeeded", input={"stops": 3}, output={"routes": [[1, 2, 3]]})
    Application("routing").track_run(run)
    assert [run.input for run in autotrack_platform.runs] == [{"stops": 3}]


def test_a_run_is_not_lost_when_the_machine_dies_in_mid_solve():
    runs = killed(solve_on_a_machine_that_dies, {"bonn": 4})
    assert (runs[0].status, runs[0].input) == ("failed", {"bonn": 4})
    assert runs[0].logs[0].endswith("1 town(s)")
