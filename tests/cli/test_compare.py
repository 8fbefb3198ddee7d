"""`compare` tells what differs between runs, for people and for scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nextmv_autotrack import track_run, tracked
from nextmv_autotrack.cli.differences import (
    MAX_DIFFERENCES,
    MISSING,
    Difference,
    differences,
    in_words,
)
from nextmv_autotrack.objective import flat, objective
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command
from tests.cli.terminal import plain, seen


@pytest.fixture
def ids(tracker: Tracker, command: Command) -> list[str]:
    """Three runs of one model: with one vehicle, with two, and without any."""

    @tracked(name="route", options=["vehicles"])
    def route(stops: list[str], capacity: int = 10, *, vehicles: int) -> dict[str, Any]:
        if not vehicles:
            raise ValueError("no vehicles")
        return {
            "routes": [stops[at::vehicles] for at in range(vehicles)],
            "plan": {"used": vehicles, "depot": "bonn"},
            "metrics": {"value": 12.5 * vehicles, "solver": {"gap": 0.0}},
        }

    route(["a", "b", "c"], vehicles=1)
    route(["a", "c", "d", "e"], vehicles=2)
    with pytest.raises(ValueError, match="no vehicles"):
        route(["a", "b", "c"], vehicles=0)
    return [run["id"] for run in command("list", "--json", "--reverse").json]


def rows(command: Command, *words: str) -> dict[str, list[str]]:
    said = command("compare", *words)
    assert (said.code, said.err) == (0, "")
    found = [line.split("  ") for line in said.lines]
    parts = [[part.strip() for part in row if part.strip()] for row in found]
    return {row[0]: row[1:] for row in parts if row}


def test_what_differs_is_shown_side_by_side(command: Command, ids: list[str]):
    found = rows(command, *ids[:2])
    assert found["objective (value)"] == ["12.5", "25 (+100 %)"]
    assert found["vehicles"] == ["1", "2"]
    assert found["stops"] == ["3 items", "4 items (+1)"]
    assert found["plan.used"] == ["1", "2 (+100 %)"]
    assert found["routes"] == ["1 item", "2 items (+1)"]
    assert found["name"] == ["route", "route"]


def test_what_is_the_same_is_left_out(command: Command, ids: list[str]):
    found = rows(command, *ids[:2])
    assert not {"capacity", "plan.depot", "solver.gap", "error"} & set(found)


def test_a_run_that_failed_has_its_error_and_no_output(
    command: Command, ids: list[str]
):
    found = rows(command, ids[0], ids[2])
    assert found["status"] == ["succeeded", "failed"]
    assert found["error"] == ["-", "ValueError: no vehicles"]
    assert found["objective (value)"] == ["12.5", "-"]
    assert found["the same"] == ["37 bytes", "37 bytes"]


def test_scripts_get_values_and_deltas_from_the_first(command: Command, ids: list[str]):
    told = command("compare", "--json", *ids).json
    assert [run["id"] for run in told["runs"]] == ids
    assert told["objective"] == {
        "names": ["value", "value", None],
        "values": [12.5, 25.0, None],
        "deltas": [0.0, 12.5, None],
    }
    assert told["options"] == {"vehicles": ["1", "2", "0"]}
    assert told["metrics"]["value"] == [12.5, 25.0, None]
    assert told["input"]["same"] == [True, False, True]
    assert told["input"]["differences"] == {
        "stops": [{"items": 3}, {"items": 4}, {"items": 3}]
    }
    assert told["output"]["bytes"][2] is None
    assert len(told["duration"]["deltas"]) == 3


def test_the_objective_can_be_another_metric(command: Command, ids: list[str]):
    words = ("compare", "--json", "--objective", "solver.gap", *ids[:2])
    assert command(*words).json["objective"]["values"] == [0.0, 0.0]


def test_one_run_is_not_enough(command: Command, ids: list[str]):
    said = command("compare", ids[0])
    assert (said.code, said.out) == (2, "")
    assert "two runs or more" in said.err


def test_a_run_that_is_not_there_is_named(command: Command, ids: list[str]):
    said = command("compare", ids[0], "ffff")
    assert (said.code, said.out) == (1, "")
    assert "'ffff'" in said.err


@pytest.mark.parametrize("columns", [50, 60, 80, 140])
def test_the_runs_that_do_not_fit_come_below(
    ids: list[str], tracker: Tracker, columns: int
):
    assert tracker.flush(10)
    screen = plain(seen("compare", *ids, COLUMNS=str(columns)))
    assert max(map(len, screen.splitlines())) <= columns
    assert screen.count("12.5") == (4 if columns < 80 else 2)
    assert "25 (+100 %)" in screen


def test_a_hostile_name_is_not_obeyed(command: Command, tracker: Tracker):
    for name in ("\x1b[2J", "two\nlines"):
        with track_run(name, input={name: 1}):
            pass
    ids = [run["id"] for run in command("list", "--json").json]
    said = command("compare", *ids)
    assert "\x1b" not in said.out
    assert "two lines" in said.out


def test_differences_are_found_by_their_path():
    one = {"a": {"b": 1, "c": [1, 2]}, "d": True}
    other = {"a": {"b": 1, "c": [1, 3]}, "d": 1, "e": None}
    assert differences([one, other]) == [
        Difference("a.c", [[1, 2], [1, 3]]),
        Difference("d", [True, 1]),
        Difference("e", [MISSING, None]),
    ]
    assert differences([[1], {"a": 1}]) == [Difference("(itself)", [[1], {"a": 1}])]
    assert differences([one, one, one]) == []


def test_differences_are_bounded():
    wide = {str(at): at for at in range(1000)}
    assert len(differences([wide, dict.fromkeys(wide, -1)])) == MAX_DIFFERENCES
    deep: Any = 1
    for _ in range(500):
        deep = {"a": deep}
    (found,) = differences([deep, {"a": {"a": {"a": {"a": {"a": 2}}}}}])
    assert found.path == "a.a.a.a"


@pytest.mark.parametrize(
    ("value", "first", "words"),
    [
        (MISSING, 1, "-"),
        ([1, 2], [1, 2], "2 items"),
        ([1, 3], [1, 2], "2 items (1 changed)"),
        ([1], [1, 2], "1 item (-1)"),
        ({"a": 1}, 3, "1 member"),
        (True, 1, "true"),
        (3, 0, "3 (+3)"),
        (0, 3, "0 (-3)"),
        (-3, -2, "-3 (-50 %)"),
        ("x" * 50, "y", "x" * 37 + "..."),
        (None, 1, "null"),
    ],
)
def test_values_in_words(value: object, first: object, words: str):
    assert in_words(value, first) == words


def test_the_objective_is_the_first_of_the_usual_names():
    assert objective({"cost": 3, "value": 2}, None) == ("value", 2.0)
    assert objective({"result": {"value": 4}}, None) == ("result.value", 4.0)
    assert objective({}, {"statistics": {"result": {"value": 5}}}) == (
        "statistics.result.value",
        5.0,
    )
    assert objective({"value": "optimal", "cost": True}, [1]) is None
    assert objective({"cost": 10**400}, None) is None


def test_metrics_in_metrics_have_one_name_each():
    assert flat({"a": {"b": 1, "c": {}}, "d": 2}) == {"a.b": 1, "a.c": {}, "d": 2}


def test_where_an_output_is_lost_the_rest_is_compared(
    command: Command, tracker: Tracker, home: Path
):
    for number in (1, 2):
        with track_run("large", input=number) as run:
            run.output = str(number) * 100_000
    ids = [run["id"] for run in command("list", "--json").json]
    for path in (home / "payloads").rglob("*.json"):
        path.unlink()
    said = command("compare", *ids)
    assert said.code == 0
    assert "is missing or damaged" in said.out
    told = command("compare", "--json", *ids).json
    assert told["output"]["differences"] == {}
    assert "is missing or damaged" in told["output"]["problem"]
    assert told["input"]["differences"] == {"(itself)": [2, 1]}


def test_what_is_too_large_is_not_looked_into(
    command: Command, ids: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("nextmv_autotrack.cli.comparing.LARGEST_READ", 10)
    told = command("compare", "--json", *ids[:2]).json
    assert told["input"]["problem"] == "over 10 bytes: not looked into"
    assert told["input"]["bytes"][0] == 37


def test_only_the_first_differences_are_on_the_page(command: Command, tracker: Tracker):
    for number in (1, 2):
        with track_run("wide", input={f"town {at}": at * number for at in range(20)}):
            pass
    ids = [run["id"] for run in command("list", "--json").json]
    assert "  ... 7 more with --json" in command("compare", *ids).lines
    assert len(command("compare", "--json", *ids).json["input"]["differences"]) == 19


def test_runs_of_several_applications_say_so(command: Command, tracker: Tracker):
    for app_id in ("routing", "packing"):
        with track_run(app_id=app_id):
            pass
    ids = [run["id"] for run in command("list", "--json").json]
    assert rows(command, *ids)["application"] == ["packing", "routing"]
