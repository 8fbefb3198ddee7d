from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nextmv_autotrack import track_run, tracked
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.changes import Rejected
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command
from tests.cli.test_list import MEMBERS

MORE_MEMBERS = {
    "description",
    "parent_id",
    "instance_id",
    "input",
    "output",
    "options",
    "assets",
    "logs",
    "host",
    "environment",
}


@pytest.fixture
def ids(command: Command, three_runs: None) -> dict[str, str]:
    """The id of each of the three runs, by its name."""
    return {
        run["name"].rpartition(".")[2]: run["id"]
        for run in command("list", "--json").json
    }


def test_json_has_the_members_of_the_list_and_more(
    command: Command, ids: dict[str, str]
):
    run = command("show", ids["solve"], "--json").json
    assert set(run) == MEMBERS | MORE_MEMBERS
    assert run["input"] == {"a": 1, "b": 2}
    assert run["output"] == {"solution": ["a", "b"]}
    assert run["options"] == {"limit": "3"}
    assert (run["assets"], run["logs"]) == ([], [])


def test_numbers_come_back_as_they_were_stored(command: Command, tracker: Tracker):
    with track_run(input=[2**63 - 1, 0.1, 1e300]) as run:
        pass
    said = command("show", run.id, "--json")
    assert said.json["input"] == [2**63 - 1, 0.1, 1e300]


def test_a_run_names_the_run_it_is_inside(command: Command, tracker: Tracker):
    with track_run(name="outer") as outer, track_run(name="inner") as inner:
        pass
    assert command("show", inner.id, "--json").json["parent_id"] == outer.id
    assert outer.id in command("show", inner.id).out


def test_the_page_says_what_went_in_and_what_came_out(
    command: Command, ids: dict[str, str]
):
    page = command("show", ids["solve"]).out
    assert f"run       {ids['solve']}" in page
    assert "status    succeeded" in page
    for words in (
        "Metrics",
        "  value",
        "7.5",
        "Options",
        "  limit  3",
        "Input (",
        '"a": 1',
    ):
        assert words in page
    assert "\x1b" not in page


def test_metrics_with_structure_are_on_one_line(command: Command, tracker: Tracker):
    with track_run(resources=False) as run:
        run.output = {"metrics": {"per_vehicle": {"a": [1, 2]}}}
    assert '  per_vehicle  {"a":[1,2]}' in command("show", run.id).out


def test_a_long_output_is_shown_by_its_first_lines(command: Command, tracker: Tracker):
    with track_run() as run:
        run.output = {"routes": list(range(50))}
    assert "... 42 more lines with --json" in command("show", run.id).out


def test_the_page_of_a_failed_run_has_the_error_and_the_traceback(
    command: Command, ids: dict[str, str]
):
    page = command("show", ids["fail"]).out
    assert "error     ValueError: no vehicles" in page
    assert "  Traceback (most recent call last):" in page


def test_the_page_has_the_last_lines_of_a_long_log(
    command: Command, ids: dict[str, str]
):
    page = command("show", ids["talkative"]).out
    assert "Logs, the last 10 of 30 lines" in page
    assert "  line 29" in page
    assert "line 19\n" not in page
    assert f"nextmv-autotrack logs {ids['talkative']}" in page


def test_an_input_that_is_one_text_is_shown_by_its_lines(
    command: Command, tracker: Tracker
):
    with track_run(input="NAME model\nROWS\n N  cost") as run:
        pass
    assert "  NAME model\n  ROWS\n   N  cost\n" in command("show", run.id).out


def test_a_large_payload_is_shown_by_its_beginning(command: Command, tracker: Tracker):
    with track_run(input=list(range(400_000))) as run:
        pass
    page, _, _ = command("show", run.id).out.partition("Environment")
    assert "Input (2.7 MB)" in page
    assert "  [0,1,2,3," in page
    assert all(len(line) <= 110 for line in page.splitlines())


def test_a_payload_that_was_lost_leaves_the_rest_of_the_page(
    command: Command, tracker: Tracker, home: Path
):
    with track_run(name="large", input="x" * 100_000) as run:
        run.output = [1]
    command("list")
    for file in (home / "payloads").rglob("*.json"):
        file.unlink()
    page = command("show", run.id)
    assert page.code == 0
    assert "lost" in page.out
    assert "Output (3 bytes)" in page.out
    said = command("show", run.id, "--json")
    assert (said.code, len(said.err.splitlines())) == (0, 1)
    shown = json.loads(said.out)
    assert (shown["input"], shown["output"]) == (None, [1])


def test_what_names_hold_is_not_obeyed_by_the_terminal(
    command: Command, tracker: Tracker
):
    with track_run() as run:
        run.metrics["m\x1b[31m"] = 1
        run.options["o\x1b[5m"] = 2
        run.log("line \x1b[2J of log")
    assert "\x1b" not in command("show", run.id).out


@pytest.mark.parametrize("given", ["", "  ", "ä", "\udcff"])
def test_what_is_no_id_is_said_in_one_line(command: Command, tracker: Tracker, given):
    with track_run():
        pass
    said = command("show", given)
    assert (said.code, len(said.err.splitlines())) == (1, 1)
    assert "is no id" in said.err


def test_a_rejected_run_says_why(command: Command, tracker: Tracker, home: Path):
    with track_run(destination="cloud", app_id="my-app") as run:
        pass
    command("list")
    with Store.open(home) as store:
        store.settle("", [Rejected(run.id, "the application does not exist")])
    page = command("show", run.id).out
    assert "the application does not exist" in page
    assert "my-app" in page


def test_logs_prints_the_lines_and_nothing_else(command: Command, ids: dict[str, str]):
    said = command("logs", ids["talkative"])
    assert said.lines == [f"line {number}" for number in range(30)]
    assert command("logs", ids["talkative"], "--json").json == said.lines


def test_a_run_without_logs_has_none(command: Command, ids: dict[str, str]):
    assert command("logs", ids["solve"]).out == ""
    assert command("logs", ids["solve"], "--json").json == []


def test_what_is_no_line_feed_ends_no_line(command: Command, tracker: Tracker):
    with track_run() as run:
        run.log("one\x0bline\u2028only")
    assert command("logs", run.id, "--json").json == ["one\x0bline\u2028only"]


@pytest.mark.parametrize("name", ["show", "logs"])
@pytest.mark.parametrize("more", [[], ["--json"]], ids=["human", "json"])
def test_an_unknown_id_is_exit_code_1_and_one_line(
    command: Command, ids: dict[str, str], name: str, more: list[str]
):
    said = command(name, "ffff", *more)
    assert (said.code, said.out) == (1, "")
    assert len(said.err.splitlines()) == 1
    assert "ffff" in said.err


def test_an_unknown_id_in_an_empty_home_says_that_it_is_empty(
    command: Command, home: Path
):
    said = command("show", "ffff")
    assert (said.code, len(said.err.splitlines())) == (1, 1)
    assert "no runs" in said.err
    assert not home.exists()


def test_an_id_of_several_runs_names_them(command: Command, ids: dict[str, str]):
    said = command("show", ids["solve"][:3])
    assert said.code == 1
    assert len(said.err.splitlines()) == 1
    assert all(run_id in said.err for run_id in ids.values())


def test_a_running_run_has_a_page(command: Command, tracker: Tracker):
    with track_run(name="slow") as run:
        assert "status    running" in command("show", run.id).out


def test_names_in_any_script_are_printed(command: Command, tracker: Tracker):
    @tracked(name="Größe 計画")
    def plan(amount: int) -> dict[str, Any]:
        return {"Lösung": amount}

    plan(3)
    (run,) = command("list", "--json").json
    assert run["name"] == "Größe 計画"
    said = command("show", run["id"], "--json")
    assert json.loads(said.out)["output"] == {"Lösung": 3}


def test_the_page_names_each_asset_in_a_line(command: Command, tracker: Tracker):
    with track_run() as run:
        run.assets = [
            {"name": "table", "content_type": "json", "content": {"rows": [1] * 500}},
            {
                "name": "map",
                "content_type": "json",
                "content": [{"type": "FeatureCollection", "features": []}],
                "visual": {"schema": "geojson", "type": "custom-tab", "label": "Map"},
            },
        ]
    page = command("show", run.id).out
    assert "\nAssets\n  table  json, 1.0 kB\n  map    geojson, " in page
    assert "FeatureCollection" not in page


def test_the_page_names_the_runs_inside(command: Command, tracker: Tracker):
    with track_run(name="outer") as outer:
        with track_run(name="first") as first, track_run(name="innermost"):
            pass
        for number in range(13):
            with track_run(name=f"part {number}"):
                pass
    page = command("show", outer.id).out
    _, _, inside = page.partition("\nRuns inside\n")
    lines = inside.splitlines()
    assert first.id.startswith(lines[0].split()[0])
    assert "first, succeeded, " in lines[0]
    assert "part 10, succeeded, " in lines[11]
    assert lines[12].strip() == "2 more"
    assert "innermost" not in page
    assert command("show", lines[0].split()[0], "--json").json["name"] == "first"
