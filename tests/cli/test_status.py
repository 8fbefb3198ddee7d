"""What waits and why, and what people can do about it: status, retry, purge, sync."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.nextmv_api.exchange import SILENCE_TIMEOUT_S
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.changes import Delivered, Postponed, Rejected
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command
from tests.platform_server.handle import Platform
from tests.project.paths import ROOT
from tests.signed_in import Person

ENDPOINT = "https://platform.example"

HOUR_S = 3600.0

PATIENCE_S = 20


@pytest.fixture
def runs(command: Command, tracker: Tracker, home: Path) -> dict[str, str]:
    """A run of each kind, by what has become of it."""
    ids = {}
    tracker.configure({"endpoint": ENDPOINT})
    for kind in ("waiting", "delivered", "rejected"):
        with track_run(kind, input=kind, destination="cloud", app_id="app") as run:
            ids[kind] = run.id
    with track_run("local", input="x" * 100_000) as run:
        ids["local"] = run.id
    command("list")
    with Store.open(home) as store:
        later = time.time() + HOUR_S
        store.settle(
            ENDPOINT,
            [
                Postponed(ids["waiting"], later, "the connection broke"),
                Delivered(ids["delivered"], "latest-1"),
                Rejected(ids["rejected"], "status 422; no such\x1b[31m field"),
            ],
            lambda lane: lane.troubled(
                time.time(), HOUR_S, "the connection broke", too_fast=False
            ),
        )
    return ids


def test_status_says_what_waits_what_was_rejected_and_why(
    command: Command, runs: dict[str, str]
):
    said = command("status")
    assert (said.code, said.err) == (0, "")
    assert "1 local, 1 waiting, 1 delivered, 1 rejected" in said.out
    assert f"{ENDPOINT}  next try in 60 min: the connection broke" in said.out
    assert "1 run: the connection broke, next try in 60 min" in said.out
    assert "rejected, 0 s ago: status 422; no such" in said.out
    assert "\x1b" not in said.out
    assert "nextmv-autotrack sync" in said.out
    assert "nextmv-autotrack retry" in said.out


def test_status_has_a_shape_for_scripts(
    command: Command, runs: dict[str, str], home: Path
):
    told = command("status", "--json").json
    assert set(told) == {
        "directory",
        "disk",
        "journals",
        "platforms",
        "rejected",
        "runs",
        "waiting",
    }
    assert told["directory"] == str(home)
    assert told["runs"] == {
        "local": 1,
        "waiting": 1,
        "delivered": 1,
        "rejected": 1,
        "running": 0,
        "trimmed": 0,
    }
    assert told["disk"]["payloads"] == 100_002
    assert told["disk"]["database"] > 0
    (journal,) = told["journals"]
    assert journal["alive"] is True
    (rejected,) = told["rejected"]
    assert rejected["id"] == runs["rejected"]
    assert rejected["problem"].startswith("status 422")
    (platform,) = told["platforms"]
    assert platform["problem"] == "the connection broke"
    (waiting,) = told["waiting"]
    assert (waiting["runs"], waiting["problem"]) == (1, "the connection broke")


def test_status_of_a_home_where_all_is_well_is_short(
    command: Command, tracker: Tracker
):
    with track_run():
        pass
    said = command("status")
    assert len(said.lines) == 4
    assert "1 local" in said.out


@pytest.mark.parametrize(
    ("words", "told", "as_json"),
    [
        (["retry"], "No run was rejected.", {"retried": 0}),
        (
            ["purge", "--older-than", "1"],
            "0 runs removed",
            {"runs": 0, "payload_bytes": 0, "dry_run": False},
        ),
    ],
)
def test_where_there_is_nothing_yet_all_is_well_and_nothing_is_left_behind(
    command: Command, home: Path, words: list[str], told: str, as_json: object
):
    said = command(*words)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(told)
    assert command(*words, "--json").json == as_json
    assert not home.exists()


def test_the_status_of_nothing_has_the_same_shape_with_zeros(
    command: Command, tracker: Tracker, home: Path
):
    said = command("status")
    assert (said.code, said.err) == (0, "")
    assert [line.split("  ")[0] for line in said.lines] == [
        "folder",
        "disk",
        "journals",
        "runs",
    ]
    nothing = command("status", "--json").json
    assert not home.exists()
    with track_run():
        pass
    something = command("status", "--json").json
    assert nothing.keys() == something.keys()
    for part in ("runs", "disk"):
        assert nothing[part] == dict.fromkeys(something[part], 0)


def test_there_is_nothing_to_send_where_nothing_was_tracked(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NEXTMV_API_KEY", "a-key")
    for words in ([], ["--local"], ["--local", "--dry-run"]):
        said = command("sync", *words)
        assert (said.code, said.err) == (0, "")
        assert command("sync", *words, "--json").json["sent"] == 0
    assert not home.exists()


def test_ids_of_no_run_are_an_error_where_there_is_nothing_yet(command: Command):
    said = command("retry", "ffff")
    assert (said.code, said.out) == (1, "")
    assert "no runs" in said.err


def test_retry_lets_what_was_rejected_wait_again(
    command: Command, runs: dict[str, str]
):
    assert "1 run will be sent again" in command("retry").out
    assert command("status", "--json").json["runs"]["waiting"] == 2
    assert command("retry").out == "No run was rejected.\n"


def test_retry_takes_ids(command: Command, runs: dict[str, str]):
    assert command("retry", runs["rejected"], "--json").json == {"retried": 1}
    assert command("retry", runs["local"], "--json").json == {"retried": 0}
    assert command("retry", "ffff").code == 1


def test_purge_removes_local_and_delivered_runs_that_are_old_enough(
    command: Command, runs: dict[str, str], home: Path
):
    assert command("purge", "--older-than", "1", "--json").json["runs"] == 0
    assert "2 runs would be" in command("purge", "--older-than", "0", "--dry-run").out
    assert len(command("list", "--json").json) == 4
    assert command("purge", "--older-than", "0").out.startswith("2 runs removed")
    left = {run["id"] for run in command("list", "--json").json}
    assert left == {runs["waiting"], runs["rejected"]}


def test_purge_removes_others_only_when_it_is_told_so(
    command: Command, runs: dict[str, str]
):
    command("purge", "--older-than", "0", "--rejected")
    left = [run["id"] for run in command("list", "--json").json]
    assert left == [runs["waiting"]]
    command("purge", "--older-than", "0", "--waiting")
    assert command("list", "--json").json == []


def test_sync_without_a_key_says_what_to_set(command: Command):
    said = command("sync")
    assert (said.code, said.out) == (1, "")
    assert "NEXTMV_API_KEY" in said.err


@pytest.fixture
def left(
    command: Command,
    sources: Sources,
    tracker: Tracker,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
) -> Platform:
    """A platform that three runs wait for, none of them to be tried for an hour."""
    monkeypatch.setenv("NEXTMV_API_KEY", platform.key)
    monkeypatch.setenv("NEXTMV_ENDPOINT", platform.endpoint)
    tracker.configure({"endpoint": platform.endpoint})
    for number in range(3):
        with track_run(input=number, destination="cloud", app_id="app"):
            pass
    runs = command("list", "--json").json
    with Store.open(sources.resolve().directory) as store:
        later = time.time() + HOUR_S
        store.settle(
            platform.endpoint,
            [Postponed(run["id"], later, "it was down") for run in runs],
        )
    return platform


def test_sync_sends_what_waits_now(command: Command, left: Platform):
    said = command("sync")
    assert (said.code, said.out, said.err) == (0, "3 runs sent.\n", "")
    assert sorted(run.input for run in left.runs()) == [b"0", b"1", b"2"]
    assert command("sync").out == "Nothing waits.\n"


def test_sync_takes_key_and_endpoint_from_a_profile(
    command: Command, left: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    person = Person(tmp_path / "user", left)
    person.has_profiles()
    monkeypatch.delenv("NEXTMV_API_KEY")
    monkeypatch.setenv("NEXTMV_PROFILE", "team")
    said = command("sync", "--timeout", "5")
    assert said.code == 1
    assert "3 runs: nobody is signed in" in said.out
    assert "`nextmv auth login --profile team`" in said.out
    person.signs_in()
    assert command("sync").out == "3 runs sent.\n"
    assert len(left.runs()) == 3


def test_sync_with_a_profile_that_is_wrong_says_so(
    command: Command, left: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    Person(tmp_path / "user", left).has_profiles()
    monkeypatch.delenv("NEXTMV_API_KEY")
    monkeypatch.setenv("NEXTMV_PROFILE", "teem")
    said = command("sync")
    assert (said.code, said.out) == (1, "")
    assert said.err.count("\n") == 1
    assert "profile 'teem' is not in " in said.err
    assert "there are: default, team, plain" in said.err


def test_reading_commands_need_no_profile(
    command: Command, runs: dict[str, str], tmp_path: Path, platform: Platform
):
    Person(tmp_path / "user", platform).has("config.yaml", "apikey: [")
    for words in (["list"], ["status"], ["show", runs["local"]]):
        assert command(*words).err == ""


def test_sync_says_what_is_left_and_why(command: Command, left: Platform):
    left.fail_next(99, status=404)
    said = command("sync", "--timeout", "5")
    assert said.code == 1
    assert "0 runs sent, 3 runs left" in said.out
    assert "404" in said.out
    assert command("sync", "--json", "--timeout", "0").code == 1


def test_sync_waits_for_no_server_for_longer_than_it_is_told(
    command: Command, left: Platform
):
    left.trouble("hang", 99)
    began = time.monotonic()
    assert command("sync", "--timeout", "0.5").code == 1
    assert time.monotonic() - began < SILENCE_TIMEOUT_S / 2


def test_several_that_sync_at_once_wait_for_what_the_others_send(
    home: Path, left: Platform
):
    left.delay(0.3)
    environ = {
        "NEXTMV_AUTOTRACK_DIRECTORY": str(home),
        "NEXTMV_API_KEY": left.key,
        "NEXTMV_ENDPOINT": left.endpoint,
        "PATH": "",
    }
    words = [sys.executable, "-m", "nextmv_autotrack", "sync"]
    syncs = [subprocess.Popen(words, env=environ, cwd=ROOT) for _ in range(3)]
    assert [sync.wait(PATIENCE_S) for sync in syncs] == [0, 0, 0]
    assert len(left.runs()) == 3


def test_a_run_that_is_rejected_does_not_stop_the_others(
    command: Command, left: Platform
):
    left.fail_next(1, status=422, path="/runs$", body="no such field")
    said = command("sync")
    assert (said.code, said.out) == (
        1,
        "2 runs sent, 1 rejected (see nextmv-autotrack status).\n",
    )
    assert len(left.runs()) == 2
    assert "no such field" in command("status").out
    command("retry")
    assert command("sync").out == "1 run sent.\n"
    assert len(left.runs()) == 3
