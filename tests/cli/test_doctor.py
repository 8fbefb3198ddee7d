"""`doctor` finds what is wrong on the way of a run, and says what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.changes import Rejected
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import DOCTORS_CHECKS, Command, found, states
from tests.cli.terminal import plain, seen
from tests.platform_server.handle import Platform


def test_all_is_well(command: Command, connected: Platform, tracker: Tracker):
    with track_run(destination="local"):
        pass
    assert states(command, 0) == dict.fromkeys(DOCTORS_CHECKS, "ok")
    assert connected.runs() == []
    assert [one.method for one in connected.requests()] == ["GET", "POST", "HEAD"]


def test_nothing_is_left_behind(command: Command, connected: Platform, home: Path):
    assert states(command, 0)["store"] == "ok"
    assert not home.exists()


def test_without_a_key_it_says_how_to_set_one(command: Command):
    told = found(command, 0)
    assert told["key"]["state"] == "note"
    assert "NEXTMV_API_KEY" in told["key"]["advice"]
    assert told["upload"]["state"] == "skipped"


def test_without_a_key_runs_that_wait_for_one_are_a_problem(
    command: Command, tracker: Tracker
):
    with track_run(destination="cloud", app_id="routing"):
        pass
    command("list")
    told = found(command, 1)
    assert told["key"]["state"] == "problem"
    assert "1 run" in told["key"]["text"]


def test_a_key_that_is_none(command: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NEXTMV_API_KEY", "two words")
    said = command("doctor")
    assert said.code == 1
    assert "copy the key again" in said.out
    assert "two words" not in said.out + said.err


def test_the_key_is_never_shown(command: Command, connected: Platform):
    connected.fail_next(1, status=401, body=f"bad key {connected.key}")
    for words in (("doctor",), ("doctor", "--json"), ("config",), ("config", "--json")):
        said = command(*words)
        assert connected.key not in said.out + said.err


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("NEXTMV_AUTOTRACK_ENABLED=false", "nothing is recorded"),
        ("NEXTMV_AUTOTRACK_DESTINATION=local", "nothing is sent"),
        ("NEXTMV_AUTOTRACK_SAMPLE=0.5", "sample is 0.5"),
    ],
)
def test_a_setting_by_which_nothing_arrives_is_noted_though_all_else_is_well(
    command: Command,
    connected: Platform,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    words: str,
):
    variable, _, value = setting.partition("=")
    monkeypatch.setenv(variable, value)
    told = found(command, 0)
    assert told["tracking"]["state"] == "note"
    assert variable in told["tracking"]["text"]
    assert words in told["tracking"]["text"]
    assert variable in told["tracking"]["advice"]
    assert told["upload"]["state"] == "ok"


def test_where_runs_are_meant_to_stay_no_key_is_missed(
    command: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NEXTMV_AUTOTRACK_DESTINATION", "local")
    told = found(command, 0)
    assert told["key"]["state"] == "note"
    assert told["key"]["advice"] is None


def test_an_endpoint_that_only_a_project_names_is_what_is_wrong(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "pyproject.toml").write_text(
        "[tool.nextmv-autotrack]\nendpoint = 'https://platform.example'\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEXTMV_API_KEY", "a-key")
    told = found(command, 1)
    assert told["key"]["state"] == "skipped"
    assert "NEXTMV_API_KEY" in told["key"]["text"]
    assert told["endpoint"]["state"] == "problem"
    assert "pyproject.toml" in told["endpoint"]["text"]
    wanted = "set NEXTMV_ENDPOINT=https://platform.example"
    assert wanted in told["endpoint"]["advice"]
    assert told["clock"]["state"] == "skipped"


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_texts_hang_below_their_beginning(columns: int):
    screen = plain(seen("doctor", COLUMNS=str(columns)))
    assert max(map(len, screen.splitlines())) <= columns
    assert screen.splitlines()[0].startswith("ok       tracking     on")
    assert "note     key          not set" in screen
    assert "NEXTMV_API_KEY" in screen


@pytest.mark.parametrize("columns", [24, 40, 50])
def test_where_no_text_fits_beside_the_names_it_stands_below_them(columns: int):
    lines = plain(seen("doctor", COLUMNS=str(columns))).splitlines()
    assert max(map(len, lines)) <= columns
    at = lines.index("note     key")
    assert lines[at + 1].startswith("  not set")
    assert any(line.startswith("  -> to send") for line in lines)


def test_what_is_to_be_typed_is_not_broken_at_its_hyphens(
    command: Command, tracker: Tracker, home: Path
):
    with track_run(destination="cloud", app_id="routing") as run:
        pass
    command("list")
    with Store.open(home) as store:
        store.settle("", [Rejected(run.id, "no")])
    lines = plain(seen("doctor", COLUMNS="40")).splitlines()
    assert "     nextmv-autotrack status" in lines
