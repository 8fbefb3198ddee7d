"""`replay` holds a function against recorded runs, and its exit code says how it went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command, Said
from tests.cli.terminal import plain, seen
from tests.project.paths import python


def told(said: Said) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(said.out)
    return found


def test_scripts_get_both_outcomes(command: Command, plans: list[str]):
    said = command("replay", *plans, "--with", "amodel:dearer", "--json")
    assert said.code == 1
    first, second = told(said)
    assert (first["id"], first["name"], first["verdict"]) == (plans[0], "plan", "worse")
    assert (first["old"]["objective"], first["new"]["objective"]) == (4, 4.04)
    assert first["delta"] == pytest.approx(0.04)
    assert first["output_changed"] is False
    assert first["new"]["status"] == "succeeded"
    assert second["new"]["duration"] >= 0


@pytest.mark.parametrize(
    ("words", "verdict", "code"),
    [
        (["amodel:solve"], "same", 0),
        (["amodel:model.solve"], "same", 0),
        (["amodel:cheaper"], "better", 0),
        (["amodel:cheaper", "--maximize"], "worse", 1),
        (["amodel:cheaper", "--minimize"], "better", 0),
        (["amodel:dearer"], "worse", 1),
        (["amodel:dearer", "--tolerance", "0.02"], "same", 0),
        (["amodel:dearer", "--objective", "size"], "ran", 0),
    ],
)
def test_the_exit_code_says_whether_one_is_worse(
    command: Command, plans: list[str], words: list[str], verdict: str, code: int
):
    said = command("replay", "--last", "2", "--with", *words, "--json")
    assert [one["verdict"] for one in told(said)] == [verdict] * 2
    assert said.code == code


def test_what_the_model_prints_is_kept_out_of_the_way(plans: list[str]):
    words = ("replay", "--last", "1", "--with", "amodel:solve", "--json")
    done = python("-m", "nextmv_autotrack", *words)
    assert json.loads(done.stdout)[0]["verdict"] == "same"
    assert sorted(done.stderr.splitlines()) == [
        "a solver in C",
        "importing",
        "solving",
    ]


def test_people_get_a_line_a_run_and_a_summary(command: Command, plans: list[str]):
    said = command("replay", *plans, "--with", "amodel:dearer")
    heads, *rows, _, summary = said.lines
    assert heads.split() == [
        "RESULT",
        "ID",
        "OUTPUT",
        "OBJECTIVE",
        "DURATION",
        "STATUS",
    ]
    assert [row.split()[:3] for row in rows] == [
        ["worse", run_id[:16], "same"] for run_id in plans
    ]
    assert "4 -> 4.04 (+1 %)" in rows[0]
    assert summary.startswith("2 runs: 2 worse. A smaller objective is better")


def test_an_error_is_said_on_one_line(command: Command, models: Path, tracker: Tracker):
    with track_run("plan", input={"essen": 1}) as run:
        run.metrics["value"] = 1
    said = command("replay", run.id, "--with", "amodel:solve")
    assert said.code == 1
    assert said.lines[1].startswith("failed   ")
    assert said.lines[1].endswith("succeeded -> failed")
    assert said.lines[2] == "         ValueError: no way to essen"


def test_what_failed_before_and_fails_again_is_no_news(
    command: Command, models: Path, tracker: Tracker
):
    with track_run("plan", input={"essen": 1}) as run:
        run.fail("no way")
    said = command("replay", "--last", "1", "--with", "amodel:solve", "--json")
    assert (said.code, told(said)[0]["verdict"]) == (0, "failing")


def test_a_run_that_cannot_be_replayed_is_skipped_among_others(
    command: Command, plans: list[str]
):
    with track_run("another", input=None) as run:
        pass
    everything = command("replay", "--last", "3", "--with", "amodel:solve", "--json")
    assert everything.code == 0
    assert [one["verdict"] for one in told(everything)] == ["skipped", "same", "same"]
    assert "no input was recorded" in told(everything)[0]["problem"]
    alone = command("replay", run.id, "--with", "amodel:solve")
    assert alone.code == 1


def test_the_last_runs_can_be_chosen(command: Command, plans: list[str]):
    words = ("replay", "--with", "amodel:solve", "--json", "--last")
    assert [one["id"] for one in told(command(*words, "1"))] == plans[1:]
    assert [
        one["id"] for one in told(command(*words, "9", "--where", "value<5"))
    ] == plans[:1]
    said = command("replay", "--with", "amodel:solve", "--last", "9", "--name", "none")
    assert (said.code, said.lines) == (1, [*said.lines[:-1], "No run is like that."])


def test_the_calls_are_no_new_runs(plans: list[str], command: Command):
    words = ("replay", "--last", "2", "--with", "amodel:spawning")
    assert python("-m", "nextmv_autotrack", *words).returncode == 0
    assert len(command("list", "--json").json) == 2


def test_the_calls_are_new_runs_when_that_is_asked_for(
    plans: list[str], command: Command
):
    words = ("replay", "--last", "1", "--with", "amodel:spawning", "--track")
    assert python("-m", "nextmv_autotrack", *words).returncode == 0
    names = [run["name"] for run in command("list", "--json").json]
    assert sorted(names) == ["child", "plan", "plan", "spawning"]


@pytest.mark.parametrize(
    ("function", "code", "said"),
    [
        ("amodel", 2, "such as model:solve"),
        ("amodel:", 2, "such as model:solve"),
        ("nothere:solve", 2, "No module named 'nothere'"),
        ("amodel:nothing", 2, "amodel has no nothing"),
        ("amodel:model.nothing", 2, "amodel has no model.nothing"),
        ("amodel:broken", 2, "3 cannot be called"),
        ("amodel:Model", 2, "Model is a class"),
        ("faulty:solve", 1, "ZeroDivisionError"),
        ("lacking:solve", 1, "No module named 'nowhere'"),
    ],
)
def test_a_function_that_is_not_there_is_said(
    command: Command, plans: list[str], function: str, code: int, said: str
):
    result = command("replay", "--last", "1", "--with", function)
    assert (result.code, result.out) == (code, "")
    assert said in result.err.splitlines()[-1]
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say which runs"),
        (["--last", "0"], "--last 0 is no run"),
        (["0199", "--last", "3"], "--last goes without ids"),
        (["0199", "--last", "0"], "--last goes without ids"),
    ],
)
def test_it_has_to_be_said_which_runs(
    command: Command, plans: list[str], words: list[str], said: str
):
    found = command("replay", *words, "--with", "amodel:solve")
    assert (found.code, found.out) == (2, "")
    assert said in found.err


@pytest.mark.parametrize("share", ["-1", "inf", "nan", "some"])
def test_a_tolerance_that_is_no_share_is_refused(command: Command, share: str):
    said = command("replay", "--last", "1", "--with", "a:b", f"--tolerance={share}")
    assert said.code == 2
    assert "--tolerance" in said.err


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_the_lines_fit_their_terminal(plans: list[str], columns: int):
    words = ("replay", *plans, "--with", "amodel:dearer")
    screen = plain(seen(*words, COLUMNS=str(columns)))
    assert max(map(len, screen.splitlines())) <= columns
    assert "worse" in screen
    assert "4 -> 4.04 (+1 %)" in screen
