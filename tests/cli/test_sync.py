"""`sync --local` brings the local history to the platform, each run once."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from nextmv_autotrack import Application, track_run
from nextmv_autotrack.store import Store
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command, Said
from tests.cli.terminal import WITHOUT_RICH, seen, shown
from tests.platform_server.handle import Platform
from tests.store.journals import Journal
from tests.time_passing import create_calls_grow_older

PATIENCE_S = 20
RUNS = 6

# An input of one digit, and the output without its metrics.
RUN_BYTES = len('1{"routes":[]}')

MISSING = (
    "the platform does not have application '{}': mend the id, or have it made with "
    "--create"
)


Track = Callable[..., str]


@pytest.fixture(autouse=True)
def key(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """What opens the platform, for the command and not for what is tracked."""
    monkeypatch.setenv("NEXTMV_API_KEY", platform.key)
    monkeypatch.setenv("NEXTMV_ENDPOINT", platform.endpoint)


@pytest.fixture
def routing(platform: Platform) -> None:
    """An application that the platform has."""
    with Application("routing") as app:
        app.create()


@pytest.fixture
def track(tracker: Tracker) -> Track:
    """Keeps a run on this machine; returns its id."""

    def one(given: object, name: str = "solve", **settings: Any) -> str:
        with track_run(name, input=given, **settings) as run:
            run.output = {"routes": [], "metrics": {"value": 7}}
        return run.id

    return one


@pytest.fixture
def history(track: Track) -> list[str]:
    """The ids of some runs that nobody has sent."""
    return [track(number, app_id="routing") for number in range(RUNS)]


def start(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "nextmv_autotrack", "sync", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def inputs(platform: Platform) -> list[int]:
    return sorted(int(run.input) for run in platform.runs())


def deliveries(command: Command) -> list[str]:
    return [run["delivery"] for run in command("list", "--json").json]


def told(said: Said, code: int = 0) -> Any:
    assert (said.code, said.err) == (code, "")
    return Said(0, said.out, "").json


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)  # another process is waited for


@pytest.mark.usefixtures("routing", "history")
def test_the_local_history_is_sent_once(command: Command, platform: Platform):
    assert command("sync").out == "Nothing waits.\n"
    said = command("sync", "--local")
    assert (said.code, said.out, said.err) == (0, "6 runs sent.\n", "")
    assert inputs(platform) == [*range(RUNS)]
    assert {run.app_id for run in platform.runs()} == {"routing"}
    assert set(deliveries(command)) == {"delivered"}
    assert command("sync", "--local").out == "Nothing waits.\n"
    assert len(platform.runs()) == RUNS


@pytest.mark.usefixtures("routing", "history")
def test_json_has_a_shape_for_scripts(command: Command):
    assert told(command("sync", "--local", "--json")) == {
        "sent": RUNS,
        "waiting": 0,
        "rejected": 0,
        "bytes": RUNS * RUN_BYTES,
        "left_out": {
            "running": 0,
            "trimmed": 0,
            "damaged": 0,
            "without_application": 0,
            "unknown_application": 0,
        },
        "created": [],
        "unknown_applications": [],
        "applications_unchecked": None,
        "dry_run": False,
    }


@pytest.mark.usefixtures("routing", "history")
def test_who_is_killed_on_the_way_goes_on_later(
    command: Command, platform: Platform, home: Path
):
    platform.trouble("hang", method="POST", path="/runs$")
    process = start("--local")
    wait_until(lambda: len(platform.runs()) == RUNS - 1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    create_calls_grow_older(home)
    assert command("sync", "--local").code == 0
    assert inputs(platform) == [*range(RUNS)]


@pytest.mark.usefixtures("routing", "history")
def test_an_answer_that_was_lost_makes_no_second_run(
    command: Command, platform: Platform
):
    platform.trouble("lose answer", method="POST", path="/runs$")
    assert command("sync", "--local").code == 0
    assert inputs(platform) == [*range(RUNS)]


@pytest.mark.usefixtures("routing")
def test_who_was_killed_while_runs_were_handed_over_goes_on_later(
    command: Command, platform: Platform, history: list[str], home: Path
):
    command("list")
    with Store.open(home) as store:
        assert store.hand_over(history[:2], endpoint=platform.endpoint) == 2
    assert told(command("sync", "--local", "--json"))["sent"] == RUNS
    assert inputs(platform) == [*range(RUNS)]


@pytest.mark.usefixtures("history")
def test_several_at_once_send_each_run_once_and_make_one_application(
    platform: Platform,
):
    platform.delay(0.1)
    processes = [start("--local", "--create", "--json") for _ in range(3)]
    said = [process.communicate(timeout=PATIENCE_S) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    assert inputs(platform) == [*range(RUNS)]


@pytest.mark.usefixtures("routing", "history")
def test_a_run_that_is_rejected_does_not_stop_the_others(
    command: Command, platform: Platform
):
    platform.fail_next(1, status=422, path="/runs$", body="no such field")
    report = told(command("sync", "--local", "--json"), code=1)
    assert (report["sent"], report["rejected"]) == (RUNS - 1, 1)
    assert "no such field" in command("status").out
    said = command("sync")
    assert (said.code, said.lines) == (
        0,
        [
            "Nothing waits.",
            "  1 run was rejected before: see nextmv-autotrack status, and retry",
        ],
    )
    command("retry")
    assert command("sync").out == "1 run sent.\n"
    assert inputs(platform) == [*range(RUNS)]


@pytest.mark.usefixtures("routing", "history")
def test_a_run_whose_payload_is_gone_does_not_stop_the_others(
    command: Command, platform: Platform, track: Track, home: Path
):
    track("x" * 100_000, app_id="routing")
    command("list")
    (payload,) = home.glob("payloads/*/*.json")
    payload.unlink()
    report = told(command("sync", "--local", "--json", "--timeout", "5"), code=1)
    assert (report["sent"], report["waiting"]) == (RUNS, 1)
    assert inputs(platform) == [*range(RUNS)]


@pytest.mark.usefixtures("routing")
def test_a_platform_that_asks_to_wait_gets_all_of_them_later(
    command: Command, platform: Platform, track: Track
):
    for number in range(2):
        track(number, app_id="routing")
    platform.fail_next(1, status=429, headers={"Retry-After": "1"}, path="/runs")
    assert command("sync", "--local").out == "2 runs sent.\n"
    assert inputs(platform) == [0, 1]
    assert [seen.status for seen in platform.requests()].count(429) == 1


@pytest.mark.usefixtures("history")
def test_a_dry_run_says_what_would_go_and_changes_nothing(
    command: Command,
    platform: Platform,
    tracker: Tracker,
    track: Track,
    monkeypatch: pytest.MonkeyPatch,
):
    tracker.configure({"endpoint": platform.endpoint})
    track(7, destination="cloud", app_id="routing")
    before = command("list", "--json").json
    monkeypatch.delenv("NEXTMV_API_KEY")
    size = (RUNS + 1) * RUN_BYTES
    said = command("sync", "--local", "--dry-run")
    assert (said.code, said.lines) == (
        0,
        [
            f"7 runs would be sent, {size} bytes.",
            "  applications were not checked: no API key is known",
        ],
    )
    report = told(command("sync", "--local", "--dry-run", "--json"))
    assert (report["sent"], report["bytes"], report["dry_run"]) == (7, size, True)
    assert told(command("sync", "--dry-run", "--json"))["sent"] == 1
    assert command("list", "--json").json == before
    assert platform.requests() == []


@pytest.mark.usefixtures("routing", "history")
def test_a_dry_run_with_a_key_says_which_applications_are_missing(
    command: Command, platform: Platform, track: Track
):
    assert command("sync", "--local", "--dry-run").code == 0
    track(10, app_id="gone")
    size = RUNS * RUN_BYTES
    said = command("sync", "--local", "--dry-run")
    assert (said.code, said.err) == (1, "")
    assert said.lines == [
        f"{RUNS} runs would be sent, {size} bytes.",
        "  1 local run left out: the platform does not have their application",
        f"  {MISSING.format('gone')}",
    ]
    said = command("sync", "--local", "--dry-run", "--create")
    assert said.code == 0
    assert said.lines[0] == "Application gone would be created."
    assert said.lines[1].startswith(f"{RUNS + 1} runs would be sent")
    asked = {(seen.method, seen.path) for seen in platform.requests()[1:]}
    assert {method for method, _ in asked} == {"GET"}


@pytest.mark.usefixtures("history")
def test_a_dry_run_goes_on_where_the_platform_says_nothing_of_applications(
    command: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NEXTMV_API_KEY", "another-key")
    said = command("sync", "--local", "--dry-run")
    assert (said.code, said.err) == (0, "")
    assert said.lines[0].startswith(f"{RUNS} runs would be sent")
    assert said.lines[1].startswith("  applications were not checked: ")
    assert "401" in said.lines[1]


@pytest.mark.usefixtures("routing", "history")
def test_without_any_time_to_send_them_runs_wait_for_the_next_sync(
    command: Command, platform: Platform
):
    said = command("sync", "--local", "--timeout", "0")
    assert (said.code, said.err) == (1, "")
    assert said.lines == [
        f"0 runs sent, {RUNS} runs left:",
        f"  {RUNS} runs: not sent yet",
    ]
    assert set(deliveries(command)) == {"waiting"}
    assert command("sync").out == f"{RUNS} runs sent.\n"
    assert inputs(platform) == [*range(RUNS)]


@pytest.mark.usefixtures("history")
def test_an_application_that_is_missing_is_made_only_when_asked_for(
    command: Command, platform: Platform
):
    said = command("sync", "--local")
    assert (said.code, said.err) == (1, "")
    assert said.lines == [
        "Nothing waits.",
        "  6 local runs left out: the platform does not have their application",
        f"  {MISSING.format('routing')}",
    ]
    assert set(deliveries(command)) == {"local"}
    said = command("sync", "--local", "--create")
    assert said.lines == ["Application routing created.", "6 runs sent."]
    assert inputs(platform) == [*range(RUNS)]


@pytest.mark.usefixtures("routing", "history")
def test_runs_of_an_application_that_is_missing_do_not_stop_the_others(
    command: Command, platform: Platform, track: Track
):
    track(10, app_id="gone")
    track(11, app_id="..")
    report = told(command("sync", "--local", "--json"), code=1)
    assert (report["sent"], report["left_out"]["unknown_application"]) == (RUNS, 2)
    assert inputs(platform) == [*range(RUNS)]
    report = told(command("sync", "--local", "--json", "--create"), code=1)
    assert (report["sent"], report["created"]) == (1, ["gone"])
    assert report["left_out"]["unknown_application"] == 1


def test_a_run_that_waits_for_an_application_that_is_missing_is_told_of(
    command: Command, platform: Platform, tracker: Tracker, track: Track
):
    tracker.configure({"endpoint": platform.endpoint})
    track(1, destination="cloud", app_id="first")
    platform.fail_next(1, status=404, path="/runs")
    said = command("sync", "--timeout", "5")
    assert said.code == 1
    assert MISSING.format("first") in said.out
    said = command("sync", "--create")
    assert said.lines == ["Application first created.", "1 run sent."]


@pytest.mark.usefixtures("history")
def test_an_application_that_cannot_be_made_is_one_clear_message(
    command: Command, platform: Platform
):
    platform.fail_next(1, status=403, method="POST", path="/v1/applications$")
    said = command("sync", "--local", "--create")
    assert (said.code, said.out, len(said.err.splitlines())) == (1, "", 1)
    assert "application 'routing' was not created" in said.err
    assert set(deliveries(command)) == {"local"}


@pytest.mark.usefixtures("history")
def test_a_key_that_is_refused_leaves_all_as_it_is(
    command: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NEXTMV_API_KEY", "another-key")
    said = command("sync", "--local")
    assert (said.code, said.out, len(said.err.splitlines())) == (1, "", 1)
    assert "401" in said.err
    assert set(deliveries(command)) == {"local"}


@pytest.mark.usefixtures("routing")
def test_runs_without_an_application_go_to_the_one_that_is_named(
    command: Command, platform: Platform, track: Track, monkeypatch: pytest.MonkeyPatch
):
    track(1)
    track(2, app_id="routing")
    said = command("sync", "--local")
    assert said.code == 1
    assert "1 local run left out: of no application: name one with --app-id" in said.out
    track(3)
    command("sync", "--local", "--create", "--app-id", "other")
    monkeypatch.setenv("NEXTMV_APP_ID", "routing")
    monkeypatch.setenv("NEXTMV_INSTANCE_ID", "prod")
    track(4)
    command("sync", "--local")
    found = {int(run.input): (run.app_id, run.instance_id) for run in platform.runs()}
    assert found == {
        1: ("other", None),
        2: ("routing", None),
        3: ("other", None),
        4: ("routing", "prod"),
    }


@pytest.mark.usefixtures("history")
def test_what_can_be_no_application_is_refused_at_once(
    command: Command, platform: Platform
):
    for app_id in ("..", "bad id/../x", "a/b"):
        for words in (["--create"], ["--dry-run"], []):
            said = command("sync", "--local", "--app-id", app_id, *words)
            assert (said.code, said.out, len(said.err.splitlines())) == (1, "", 1)
            assert "'app_id' is not the id of an application" in said.err
    assert platform.requests() == []


@pytest.mark.usefixtures("routing", "history")
def test_only_what_is_chosen_goes(command: Command, platform: Platform, track: Track):
    track(10, name="nightly", app_id="routing")
    report = told(command("sync", "--local", "--name", "night", "--json"))
    assert report["sent"] == 1
    assert inputs(platform) == [10]
    for words in (["--since", "2999-01-01"], ["--status", "failed"], ["--app", "x"]):
        assert told(command("sync", "--local", *words, "--json"))["sent"] == 0
    assert told(command("sync", "--local", "--where", "value=7", "--json"))["sent"] == 6


@pytest.mark.usefixtures("routing", "history")
def test_a_metric_that_no_local_run_has_is_named(command: Command):
    said = command("sync", "--local", "--where", "nosuch<1")
    assert (said.code, said.out) == (0, "Nothing waits.\n")
    assert "no run here has a metric 'nosuch'; there are value" in said.err


@pytest.mark.usefixtures("routing")
def test_runs_in_progress_stay_until_they_have_ended(
    command: Command, platform: Platform, track: Track
):
    with track_run("slow", input=1, app_id="routing"):
        said = command("sync", "--local")
        assert said.code == 0
        assert said.lines == ["Nothing waits.", "  1 local run left out: still running"]
    assert command("sync", "--local").out == "1 run sent.\n"
    assert inputs(platform) == [1]


@pytest.mark.usefixtures("routing", "history")
def test_runs_whose_inputs_have_been_dropped_stay_and_it_is_said(
    command: Command, platform: Platform, track: Track, home: Path
):
    command("list")
    with Store.open(home) as store:
        store.upkeep.trim(max_bytes=10**9, before=time.time())
    track(10, app_id="routing")
    said = command("sync", "--local")
    assert said.code == 0
    assert said.lines[0] == "1 run sent."
    assert "6 local runs left out: inputs and outputs have been dropped" in said.out
    assert inputs(platform) == [10]


def test_runs_that_wait_for_another_endpoint_are_told_of(
    command: Command, tracker: Tracker, track: Track
):
    tracker.configure({"endpoint": "https://elsewhere.example"})
    track(1, destination="cloud", app_id="routing")
    said = command("sync")
    assert said.code == 1
    assert said.lines == [
        "0 runs sent, 1 run left:",
        "  1 run: not sent yet",
        "  1 of these waits for another endpoint: see nextmv-autotrack status",
    ]


@pytest.mark.parametrize(
    "words",
    [["--since", "2d"], ["--app-id", "x"], ["--where", "value>1"], ["--name", "x"]],
    ids=" ".join,
)
def test_words_about_the_local_history_ask_for_it(command: Command, words: list[str]):
    said = command("sync", *words)
    assert (said.code, said.out) == (2, "")
    assert f"{words[0]} is about the local history: give --local, too" in said.err


@pytest.mark.usefixtures("routing", "history")
def test_a_run_that_is_damaged_stays_and_the_others_go(
    command: Command, platform: Platform, track: Track, home: Path
):
    damaged = track(10, app_id="routing")
    command("list")
    with closing(sqlite3.connect(home / "store.sqlite3")) as connection, connection:
        connection.execute("UPDATE runs SET metrics = '{' WHERE id = ?", [damaged])
    said = command("sync", "--local")
    assert said.code == 1
    assert said.lines == [
        "6 runs sent.",
        "  1 local run left out: damaged in the store",
    ]
    assert inputs(platform) == [*range(RUNS)]


@pytest.mark.usefixtures("routing", "history")
def test_a_run_whose_beginning_is_lost_stays_and_the_others_go(
    command: Command, platform: Platform, home: Path
):
    with Journal(home) as journal:
        journal.end(1)
        report = told(command("sync", "--local", "--app-id", "routing", "--json"), 1)
    assert (report["sent"], report["left_out"]["damaged"]) == (RUNS, 1)
    assert inputs(platform) == [*range(RUNS)]


@pytest.mark.usefixtures("routing", "history")
def test_ctrl_c_says_how_many_are_left_and_they_wait(
    command: Command, platform: Platform, home: Path
):
    platform.trouble("hang", method="POST", path="/runs$")
    process = start("--local")
    wait_until(lambda: len(platform.runs()) == RUNS - 1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (130, b"")
    left = re.fullmatch(
        rb"(\d) runs? (is|are) left; the next sync, or any program that tracks, sends "
        rb"(it|them)\n",
        err,
    )
    assert left is not None
    report = command("status", "--json").json["runs"]
    assert (report["local"], report["waiting"]) == (0, int(left[1]))
    create_calls_grow_older(home)
    assert command("sync").code == 0
    assert inputs(platform) == [*range(RUNS)]


@pytest.mark.parametrize("first", ["", WITHOUT_RICH], ids=["rich", "plain"])
@pytest.mark.usefixtures("routing", "history")
def test_ctrl_c_on_a_terminal_says_it_on_a_line_of_its_own(
    platform: Platform, first: str
):
    platform.trouble("hang", method="POST", path="/runs$")

    def interrupt(process: subprocess.Popen[bytes]) -> None:
        wait_until(lambda: len(platform.runs()) == RUNS - 1)
        process.send_signal(signal.SIGINT)

    page = seen("sync", "--local", first=first, meanwhile=interrupt, code=130)
    *_, last = shown(page).splitlines()
    assert re.fullmatch(r"\d runs? (is|are) left; .*", last)


@pytest.mark.parametrize("first", ["", WITHOUT_RICH], ids=["rich", "plain"])
@pytest.mark.usefixtures("routing", "history")
def test_a_terminal_shows_how_far_it_is(platform: Platform, first: str):
    platform.delay(0.1)
    page = seen("sync", "--local", first=first, NO_COLOR="1")
    assert "of 6 runs, " in page
    assert f" of {RUNS * RUN_BYTES} bytes" in page
    assert page.endswith("6 runs sent.\r\n")
    if first:
        assert "\x1b" not in page
        assert max(map(len, page.replace("\r", "\n").splitlines())) < 80


@pytest.mark.usefixtures("routing", "history")
def test_a_terminal_shows_no_progress_beside_json():
    page = seen("sync", "--local", "--json")
    assert page.startswith("{")
    assert "of 6 runs" not in page


@pytest.mark.usefixtures("routing", "history")
def test_a_pipe_gets_the_result_and_nothing_else():
    said, complaints = start("--local").communicate(timeout=PATIENCE_S)
    assert said.decode().splitlines() == ["6 runs sent."]
    assert complaints == b""
