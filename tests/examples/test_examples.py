from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.project.paths import PYTEST_OPTIONS

EXAMPLES = Path(__file__).parents[2] / "examples"


def python(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def runs_of(example: str) -> list[dict[str, Any]]:
    """Run an example, and return its runs in the order in which they began."""
    python("-W", "error", str(EXAMPLES / f"{example}.py"))
    listed = json.loads(python("-m", "nextmv_autotrack", "list", "--json"))
    return [
        json.loads(python("-m", "nextmv_autotrack", "show", run["id"], "--json"))
        for run in reversed(listed)
    ]


def test_a_mip_is_one_run_with_model_solution_and_metrics():
    pytest.importorskip("highspy")
    (run,) = runs_of("mip_with_highs")
    assert (run["name"], run["status"], run["delivery"]) == (
        "solve",
        "succeeded",
        "local",
    )
    assert run["input"].startswith("*NAME:         flugpl")
    assert run["metrics"]["value"] == pytest.approx(1201500)
    assert run["metrics"]["status"] == "optimal"
    assert len(run["output"]["solution"]) == 18
    assert run["options"] == {"time_limit_s": "10.0"}


def test_a_block_records_routes_that_serve_every_customer_once():
    (run,) = runs_of("routing_block")
    assert (run["name"], run["status"]) == ("E-n22-k4", "succeeded")
    routes = run["output"]["routes"]
    assert sorted(stop for route in routes for stop in route) == list(range(2, 23))
    demands = run["input"]["demands"]
    assert all(
        sum(demands[str(stop)] for stop in route) <= run["input"]["capacity"]
        for route in routes
    )
    assert 375 <= run["metrics"]["value"] < 1.1 * 375
    assert run["metrics"]["activated_vehicles"] == 4
    assert run["logs"][-1].endswith(f"2-opt: {run['metrics']['value']}")


def test_an_infeasible_model_succeeds_and_a_missing_one_fails():
    pytest.importorskip("highspy")
    infeasible, missing, nightly = runs_of("infeasible_and_failing")
    assert infeasible["status"] == "succeeded"
    assert infeasible["metrics"]["status"] == "infeasible"
    assert infeasible["logs"] == ["HiGHS says: infeasible"]
    assert (missing["status"], missing["error"]) == (
        "failed",
        "ValueError: cannot read missing.mps",
    )
    assert any("Traceback" in line for line in missing["logs"])
    assert (nightly["status"], nightly["error"]) == (
        "failed",
        "no vehicles on a holiday",
    )


def test_requests_answered_together_keep_to_their_own_runs():
    runs = runs_of("async_service")
    assert [run["name"] for run in runs] == [f"tour {number}" for number in range(4)]
    for number, run in enumerate(runs):
        assert run["status"] == "succeeded"
        assert run["input"] == [*range(2, 23)][number::4]
        assert sorted(run["output"]["tour"]) == [1, *run["input"]]
        assert len(run["logs"]) == 2
        assert all(f"tours: request {number}: " in line for line in run["logs"])
        assert run["metrics"]["value"] > 0


def test_a_tour_has_a_map_and_a_chart():
    (run,) = runs_of("map_and_charts")
    assert run["status"] == "succeeded"
    assert [one["visual"]["schema"] for one in run["assets"]] == ["geojson", "chartjs"]
    assert [one["name"] for one in run["assets"]] == ["map", "Length of each leg"]
    assert run["metrics"]["leg.longest"] <= run["metrics"]["value"]
    assert run["output"][0] == run["output"][-1] == "Bonn"
    assert run["logs"] == []


def test_every_example_is_tested():
    source = Path(__file__).read_text("utf-8")
    for example in EXAMPLES.glob("*.py"):
        assert f'"{example.stem}' in source


def test_the_tests_of_a_model_pass():
    path = str(EXAMPLES / "test_of_a_model.py")
    assert "4 passed" in python("-m", "pytest", *PYTEST_OPTIONS, path)
