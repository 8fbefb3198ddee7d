"""A gate in front of a release: it is not green when nothing was compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nextmv_autotrack import track_run
from tests.cli.conftest import Command

pytestmark = pytest.mark.usefixtures("tracker")


def record(output: object = None, **metrics: object) -> str:
    """Record a run that `amodel` can be called for; its metric `value` would be 4."""
    with track_run("plan", input={"bonn": 4}) as run:
        run.output = {"solution": ["bonn"]} if output is None else output
        run.metrics.update(metrics)
    return run.id


def test_an_objective_that_no_run_has_is_refused_and_those_there_are_named(
    command: Command, plans: list[str]
):
    words = ("--last", "2", "--with", "amodel:dearer", "--objective", "valeu")
    said = command("replay", *words)
    assert (said.code, said.out) == (2, "")
    assert "--objective valeu: no run has it; there are: value, size" in said.err


def test_an_objective_that_is_in_older_outputs_is_found(command: Command, models: Path):
    record({"statistics": {"value": 4}})
    words = ("--last", "1", "--with", "amodel:solve", "--json")
    said = command("replay", *words, "--objective", "statistics.value")
    assert json.loads(said.out)[0]["old"]["objective"] == 4
    said = command("replay", *words, "--objective", "statistics.valeu")
    assert said.code == 2
    assert "there are: statistics.value, cpu_s" in said.err


def test_runs_that_all_failed_need_not_have_the_objective(
    command: Command, models: Path
):
    with track_run("plan", input={"bonn": 4}) as run:
        run.fail("no way")
    words = (run.id, "--with", "amodel:solve", "--objective", "value")
    assert command("replay", *words).code == 0


def test_without_any_objective_it_is_not_green(command: Command, models: Path):
    record({"solution": ["bonn", "aachen"]}, weight=3)
    words = ("--last", "1", "--with", "amodel:heavier")
    said = command("replay", *words)
    assert said.code == 1
    assert (
        "No objective was found in 1 run; give --objective NAME (metrics there: "
        "weight, cpu_s" in said.out
    )
    assert "tolerance" not in said.out
    assert "is better" not in said.out
    in_json = command("replay", *words, "--json")
    assert in_json.code == 1
    assert "No objective was found" in in_json.err


def test_the_same_output_is_enough(command: Command, models: Path):
    record(weight=3)
    said = command("replay", "--last", "1", "--with", "amodel:heavier")
    assert (said.code, said.lines[1].split()[:3:2]) == (0, ["ran", "same"])
    assert "No objective was found in 1 run" in said.out


def test_how_many_runs_were_skipped_is_said_and_why(command: Command, models: Path):
    record(value=4)
    for _ in range(3):
        with track_run("another"):
            pass
    with track_run("cut", input={"data": "x" * 2000}, max_payload=1024):
        pass
    said = command("replay", "--last", "9", "--with", "amodel:solve")
    assert said.code == 0
    *_, summary, most, rest = said.lines
    assert summary.startswith("5 runs: 4 skipped, 1 same.")
    assert most.startswith("Skipped 3: no input was recorded")
    assert rest.startswith("Skipped 1: only a summary of its input was recorded")


def test_where_all_were_skipped_nothing_is_said_of_tolerance(
    command: Command, models: Path
):
    with track_run("another"):
        pass
    said = command("replay", "--last", "1", "--with", "amodel:solve")
    assert said.code == 1
    assert "better" not in said.out


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("None", "metric value is now null: NaN, infinite or None"),
        ("float('nan')", "metric value is now missing, or not finite"),
        ("float('inf')", "metric value is now missing, or not finite"),
        ("'12'", 'metric value is now "12": no number'),
        ("True", "metric value is now true: no number"),
        ("10**400", "metric value is now missing, or not finite"),
        (None, "metric value is now missing, or not finite"),
    ],
)
def test_why_there_is_no_objective_now_stands_below_the_row(
    command: Command, models: Path, value: str | None, reason: str
):
    record(value=4)
    metrics = "{}" if value is None else f"{{'value': {value}}}"
    (models / "odd.py").write_text(
        f"def solve(demand):\n    return {{'metrics': {metrics}}}\n"
    )
    words = ("replay", "--last", "1", "--with", "odd:solve")
    said = command(*words)
    assert said.code == 1
    assert said.lines[1].split()[0] == "worse"
    assert said.lines[2].strip().startswith(reason)
    assert json.loads(command(*words, "--json").out)[0]["problem"].startswith(reason)


def test_why_there_was_none_is_said_too(command: Command, models: Path):
    record(value="4")
    said = command("replay", "--last", "1", "--with", "amodel:solve")
    assert said.lines[2].strip() == 'metric value was "4": no number'


def test_an_output_that_was_not_recorded_is_not_compared(
    command: Command, models: Path
):
    with track_run("plan", input={"bonn": 4}) as run:
        run.metrics["value"] = 4
    words = ("replay", run.id, "--with", "amodel:solve")
    said = command(*words)
    assert (said.code, said.lines[1].split()[:3:2]) == (0, ["same", "-"])
    assert json.loads(command(*words, "--json").out)[0]["output_changed"] is None


def test_without_a_run_scripts_get_an_empty_list(command: Command, models: Path):
    record()
    words = ("--last", "1", "--name", "none", "--with", "amodel:solve", "--json")
    said = command("replay", *words)
    assert (said.code, json.loads(said.out)) == (1, [])
