from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.changes import Delivered
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command
from tests.project.paths import python

MEMBERS = {
    "id",
    "name",
    "app_id",
    "status",
    "started_at",
    "duration",
    "error",
    "delivery",
    "platform_run_id",
    "metrics",
}


def test_an_empty_store_says_what_to_do_next(command: Command, home: Path):
    said = command("list")
    assert said.code == 0
    assert "No runs" in said.lines[0]
    assert "@tracked" in said.out
    assert "nextmv-autotrack demo" in said.out


def test_looking_leaves_no_folder_behind(command: Command, home: Path):
    assert command("list", "--json").json == []
    assert not home.exists()


@pytest.mark.usefixtures("three_runs")
def test_json_is_an_array_newest_first(command: Command):
    runs = command("list", "--json").json
    assert [run["status"] for run in runs] == ["failed", "succeeded", "succeeded"]
    assert all(set(run) == MEMBERS for run in runs)
    failed, talkative, solved = runs
    assert failed["error"] == "ValueError: no vehicles"
    assert talkative["name"] == "talkative"
    assert solved["metrics"]["value"] == 7.5
    assert solved["delivery"] == "local"
    assert solved["duration"] >= 0
    assert solved["app_id"] is solved["platform_run_id"] is solved["error"] is None


@pytest.mark.usefixtures("three_runs")
def test_times_are_rfc_3339_in_utc(command: Command):
    for run in command("list", "--json").json:
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", run["started_at"]
        )


def test_a_run_in_progress_is_listed(command: Command, tracker: Tracker):
    with track_run(name="slow"):
        (run,) = command("list", "--json").json
        assert (run["status"], run["duration"]) == ("running", None)
        assert "running" in command("list").out
    assert command("list", "--json").json[0]["status"] == "succeeded"


def test_a_run_whose_process_died_is_listed_as_failed(command: Command):
    python(
        "-c",
        "import os, nextmv_autotrack\n"
        "with nextmv_autotrack.track_run(name='killed', input=[1]):\n"
        "    os.kill(os.getpid(), 9)",
    )
    (run,) = command("list", "--json").json
    assert (run["name"], run["status"]) == ("killed", "failed")
    assert "ended before" in run["error"]


@pytest.mark.usefixtures("three_runs")
def test_the_table_is_aligned_and_plain_when_piped(command: Command):
    said = command("list")
    assert "\x1b" not in said.out
    heads, *rows = said.lines
    assert heads.split() == [
        "ID",
        "NAME",
        "STATUS",
        "STARTED",
        "DURATION",
        "DELIVERY",
        "RESULT",
    ]
    at = heads.index("STATUS")
    assert [row[at:].split()[0] for row in rows] == ["failed", "succeeded", "succeeded"]


@pytest.mark.usefixtures("three_runs")
def test_the_result_is_the_error_or_the_metrics_of_the_model(command: Command):
    failed, talkative, solved = command("list").lines[1:]
    assert failed.endswith("ValueError: no vehicles")
    assert solved.endswith("value=7.5 gap=0")
    assert talkative.endswith("local")


@pytest.mark.usefixtures("three_runs")
def test_the_limit_holds_for_tables_and_for_json(command: Command):
    assert len(command("list", "--limit", "2").lines) == 3
    assert len(command("list", "--limit", "2", "--json").json) == 2
    assert len(command("list", "--limit", "0").lines) == 4


@pytest.mark.parametrize("limit", ["-1", "many"])
def test_a_limit_that_is_no_number_of_runs_is_refused(command: Command, limit: str):
    said = command("list", "--limit", limit)
    assert said.code == 2
    assert "number of runs" in said.err


def test_every_short_id_finds_its_run(command: Command, tracker: Tracker):
    for number in range(30):
        with track_run(name=f"run {number}"):
            pass
    rows = command("list").lines[1:]
    assert len(rows) == 20
    for row in rows:
        short, _, rest = row.partition("  ")
        assert command("show", short, "--json").json["name"] in rest


def test_ids_are_of_one_length(command: Command, tracker: Tracker):
    for _ in range(30):
        with track_run():
            pass
    lengths = {len(row.split()[0]) for row in command("list").lines[1:]}
    assert len(lengths) == 1


def test_one_long_name_moves_no_other_row_of_a_pipe(command: Command, tracker: Tracker):
    with track_run("short"):
        pass
    with track_run("n" * 10_000):
        pass
    heads, longest, short = command("list").lines
    assert len(longest) < 300
    assert len(heads) < 120
    assert heads.index("STATUS") == short.index("succeeded") < 70
    ids = [run["id"] for run in command("list", "--json").json]
    compared = command("compare", *ids).lines
    assert max(len(line) for line in compared if "nnn" not in line) < 200


def test_a_name_cannot_break_the_table(command: Command, tracker: Tracker):
    with track_run(name="two\nlines \x1b[31mred"):
        pass
    said = command("list")
    assert len(said.lines) == 2
    assert "\x1b" not in said.out


def test_a_delivered_run_shows_the_run_of_the_platform(
    command: Command, tracker: Tracker, home: Path
):
    with track_run(name="sent"):
        pass
    (run,) = command("list", "--json").json
    with Store.open(home) as store:
        store.settle("", [Delivered(run["id"], "latest-abc")])
    (run,) = command("list", "--json").json
    assert (run["delivery"], run["platform_run_id"]) == ("delivered", "latest-abc")


@pytest.mark.usefixtures("three_runs")
def test_a_broken_pipe_is_quiet(tracker: Tracker):
    tracker.flush(5)
    program = (
        "import os, sys\n"
        "from nextmv_autotrack.cli import main\n"
        "reading, writing = os.pipe()\n"
        "os.close(reading)\n"
        "os.dup2(writing, 1)\n"
        "sys.exit(main(['list', '--json']))\n"
    )
    done = python("-c", program)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_wrong_variable_is_a_warning_and_the_list_goes_on(
    command: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NEXTMV_AUTOTRACK_SAMPLE", "often")
    said = command("list", "--json")
    assert (said.code, json.loads(said.out)) == (0, [])
    assert said.err.startswith("warning: NEXTMV_AUTOTRACK_SAMPLE is ignored")
    assert len(said.err.splitlines()) == 1


def test_a_damaged_store_is_set_aside_and_said_in_one_line(
    command: Command, home: Path
):
    home.mkdir()
    (home / "store.sqlite3").write_bytes(b"not a database, " * 1000)
    said = command("list")
    assert (said.code, len(said.err.splitlines())) == (0, 1)
    (aside,) = home.glob("store.sqlite3.damaged-*")
    assert aside.name in said.err
    assert aside.read_bytes().startswith(b"not a database")
    assert command("list").err == ""


def test_a_store_that_cannot_be_opened_is_one_line_and_exit_code_1(
    command: Command, home: Path
):
    (home / "store.sqlite3").mkdir(parents=True)
    said = command("list")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("nextmv-autotrack: ")
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["list", "-f"],
        ["status"],
        ["show", "a"],
        ["retry"],
        ["purge", "--older-than", "1"],
    ],
    ids=" ".join,
)
def test_a_home_that_is_a_file_is_named(command: Command, home: Path, words: list[str]):
    home.write_text("a file")
    said = command(*words)
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert f"{home} is no folder" in said.err
    assert "NEXTMV_AUTOTRACK_DIRECTORY" in said.err


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX")
@pytest.mark.usefixtures("three_runs")
def test_where_the_journals_cannot_be_moved_the_store_is_read_as_it_is(
    command: Command, tracker: Tracker, home: Path
):
    tracker.shutdown(5)
    # A journal that cannot be opened, which for root takes more than its mode.
    (home / "journals" / "1-a.0.journal").mkdir()
    said = command("list", "--json")
    assert len(json.loads(said.out)) == 3
    assert said.err.startswith("warning: the newest runs may be missing")
