"""`config` says what each setting is and who says so; `open` shows a run's page."""

from __future__ import annotations

import os
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.nextmv_api.console import run_page
from nextmv_autotrack.settings import Settings
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.changes import Delivered, Rejected
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command
from tests.cli.terminal import plain, seen
from tests.project.paths import python


def row(command: Command, name: str) -> list[str]:
    (line,) = (line for line in command("config").lines if line.startswith(f"{name} "))
    return [part.strip() for part in line.split("  ") if part.strip()]


def test_every_setting_is_there_with_its_value_and_where_that_comes_from(
    command: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NEXTMV_AUTOTRACK_SAMPLE", "0.5")
    monkeypatch.setenv("NEXTMV_INSTANCE_ID", "latest")
    monkeypatch.setenv("NEXTMV_AUTOTRACK_OPTIONS", "a,b")
    told = command("config", "--json").json
    assert set(told) == {field.name for field in fields(Settings)}
    assert told["sample"] == {"value": 0.5, "from": "NEXTMV_AUTOTRACK_SAMPLE"}
    assert told["max_log"] == {"value": 1_000_000, "from": "default"}
    assert row(command, "sample") == ["sample", "0.5", "NEXTMV_AUTOTRACK_SAMPLE"]
    assert row(command, "instance_id") == [
        "instance_id",
        "latest",
        "NEXTMV_INSTANCE_ID",
    ]
    assert row(command, "options")[1] == "a, b"
    assert row(command, "max_disk")[1:] == ["10,000,000,000", "default"]
    assert row(command, "sync")[1] == "false"
    assert row(command, "name")[1] == "-"


def test_what_the_project_file_says_names_the_file(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "pyproject.toml").write_text(
        "[tool.nextmv-autotrack]\nmax-log = 5000\n"
    )
    monkeypatch.chdir(tmp_path)
    origin = command("config", "--json").json["max_log"]["from"]
    assert origin == f"max-log in {tmp_path / 'pyproject.toml'}"


def test_a_variable_that_is_wrong_is_not_where_the_value_comes_from(
    command: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NEXTMV_AUTOTRACK_SAMPLE", "often")
    said = command("config")
    assert "NEXTMV_AUTOTRACK_SAMPLE is ignored" in said.err
    assert [line.split() for line in said.lines if line.startswith("sample")] == [
        ["sample", "1", "default"]
    ]


def test_of_the_key_it_is_only_said_whether_it_is_set(
    command: Command, monkeypatch: pytest.MonkeyPatch
):
    assert row(command, "api_key")[1] == "not set"
    monkeypatch.setenv("NEXTMV_API_KEY", "a-secret")
    assert row(command, "api_key") == ["api_key", "set", "NEXTMV_API_KEY"]
    said = command("config", "--json")
    assert said.json["api_key"] == {"is_set": True, "from": "NEXTMV_API_KEY"}
    assert "a-secret" not in said.out + command("config").out


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "stay on this machine; to send them, set a key (NEXTMV_API_KEY) and"),
        ({"API_KEY": "k"}, "set an application (NEXTMV_APP_ID)."),
        ({"API_KEY": "k", "APP_ID": "a"}, "Runs go to application a at https://"),
        ({"AUTOTRACK_DESTINATION": "local"}, "destination is local"),
        ({"AUTOTRACK_DESTINATION": "cloud", "APP_ID": "a"}, "there is no key: set"),
        ({"API_KEY": "k", "APP_ID": "a", "ENDPOINT": "a b"}, "endpoint is no address"),
        ({"AUTOTRACK_ENABLED": "no"}, "Nothing is tracked"),
    ],
)
def test_it_says_where_runs_go(
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    words: str,
):
    for name, value in environ.items():
        monkeypatch.setenv(f"NEXTMV_{name}", value)
    assert words in command("config").lines[-1]


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_the_table_fits_its_terminal(columns: int):
    screen = plain(seen("config", COLUMNS=str(columns)))
    assert max(map(len, screen.splitlines())) <= columns


@pytest.fixture
def delivered(command: Command, tracker: Tracker, home: Path) -> str:
    """The id of a run that the platform has."""
    tracker.configure({"endpoint": "https://api.eu.example.com"})
    with track_run(destination="cloud", app_id="my app") as run:
        pass
    command("list")
    with Store.open(home) as store:
        store.settle("", [Delivered(run.id, "latest-1")])
    return run.id


PAGE = "https://eu.example.com/app/my%20app/run/latest-1?view=details"


def test_the_page_of_a_run_is_printed_where_it_is_asked_for(
    command: Command, delivered: str
):
    assert command("open", "--print", delivered[:20]).out == f"{PAGE}\n"
    assert command("open", "--print", "--json", delivered).json == {
        "url": PAGE,
        "opened": False,
    }


@pytest.mark.skipif(sys.platform == "win32", reason="the browser is a shell script")
def test_the_page_of_a_run_is_opened_in_the_browser(delivered: str, tmp_path: Path):
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o700)
    done = python(
        "-m",
        "nextmv_autotrack",
        "open",
        "--json",
        delivered,
        environ={**os.environ, "BROWSER": str(browser)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert '"opened": true' in done.stdout
    assert (tmp_path / "opened").read_text().strip() == PAGE


@pytest.mark.skipif(sys.platform != "linux", reason="others always have a browser")
def test_without_a_browser_the_address_is_printed(delivered: str, tmp_path: Path):
    environ = {k: v for k, v in os.environ.items() if "DISPLAY" not in k}
    environ |= {"PATH": str(tmp_path), "BROWSER": ""}
    done = python("-m", "nextmv_autotrack", "open", delivered, environ=environ)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{PAGE}\n", "")


def test_a_run_without_a_page_says_why(command: Command, tracker: Tracker, home: Path):
    with track_run("local") as local:
        pass
    with track_run("waiting", destination="cloud", app_id="a") as waits:
        pass
    with track_run("rejected", destination="cloud", app_id="a") as rejected:
        pass
    command("list")
    with Store.open(home) as store:
        store.settle("", [Rejected(rejected.id, "no")])
    for run, advice in ((local, "show"), (waits, "sync"), (rejected, "status")):
        said = command("open", run.id)
        assert (said.code, said.out) == (1, "")
        assert f"nextmv-autotrack {advice}" in said.err


def test_the_console_is_the_host_of_the_api_without_its_first_word():
    assert run_page("http://127.0.0.1:8000", "a", "b") == (
        "http://127.0.0.1:8000/app/a/run/b?view=details"
    )
