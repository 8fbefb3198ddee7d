"""`doctor` finds what is wrong on the way of a run, and says what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
import time
from email.utils import formatdate
from pathlib import Path
from typing import NamedTuple

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.changes import Rejected
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command, Said
from tests.cli.terminal import plain, seen
from tests.platform_server.handle import Platform

NAMES = (
    "key",
    "endpoint",
    "clock",
    "application",
    "upload",
    "store",
    "journals",
    "disk",
)


class Usage(NamedTuple):
    """What `shutil.disk_usage` returns."""

    total: int
    used: int
    free: int


@pytest.fixture
def connected(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """A platform that the settings lead to."""
    monkeypatch.setenv("NEXTMV_API_KEY", platform.key)
    monkeypatch.setenv("NEXTMV_ENDPOINT", platform.endpoint)
    monkeypatch.setenv("NEXTMV_APP_ID", "routing")
    return platform


def states(command: Command, code: int) -> dict[str, str]:
    told = found(command, code)
    assert tuple(told) == NAMES
    return {name: check["state"] for name, check in told.items()}


def found(command: Command, code: int) -> dict[str, dict[str, str]]:
    said = command("doctor", "--json")
    assert said.code == code, said.out
    return {one["check"]: one for one in Said(0, said.out, "").json}


def test_all_is_well(command: Command, connected: Platform, tracker: Tracker):
    with track_run(destination="local"):
        pass
    assert states(command, 0) == dict.fromkeys(NAMES, "ok")
    assert connected.runs() == []
    assert [seen.method for seen in connected.requests()] == ["GET", "POST"]


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


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused(command: Command, connected: Platform, status: int):
    connected.fail_next(1, status=status)
    told = found(command, 1)
    assert told["key"]["state"] == "problem"
    assert "NEXTMV_API_KEY" in told["key"]["advice"]
    assert told["endpoint"]["state"] == "ok"
    assert told["application"]["state"] == "skipped"


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


def test_an_endpoint_where_nobody_answers(
    command: Command, connected: Platform, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NEXTMV_ENDPOINT", "http://127.0.0.1:1")
    told = found(command, 1)
    assert told["key"]["state"] == "skipped"
    assert told["endpoint"]["state"] == "problem"
    assert "NEXTMV_ENDPOINT" in told["endpoint"]["advice"]
    assert told["disk"]["state"] == "ok"


def test_an_endpoint_that_is_no_address(
    command: Command, connected: Platform, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NEXTMV_ENDPOINT", "not an address")
    said = command("doctor", "--json")
    assert said.code == 1
    told = {one["check"]: one for one in Said(0, said.out, "").json}
    assert told["endpoint"]["state"] == "problem"


def test_a_platform_that_is_out_of_order(command: Command, connected: Platform):
    connected.fail_next(1, status=503)
    told = found(command, 1)
    assert told["endpoint"]["state"] == "problem"
    assert "503" in told["endpoint"]["text"]


@pytest.mark.parametrize(("ahead_s", "words"), [(-7200, "behind"), (7200, "ahead of")])
def test_a_clock_that_is_wrong(
    command: Command, connected: Platform, ahead_s: float, words: str
):
    there = formatdate(time.time() - ahead_s, usegmt=True)
    connected.fail_next(1, status=200, headers={"Date": there}, body='{"runs":[]}')
    told = found(command, 1)
    assert told["clock"]["state"] == "problem"
    assert words in told["clock"]["text"]
    assert told["upload"]["state"] == "ok"


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_a_platform_that_does_not_tell_the_time(
    command: Command, connected: Platform, date: str
):
    connected.fail_next(1, status=200, headers={"Date": date}, body='{"runs":[]}')
    assert states(command, 0)["clock"] == "skipped"


def test_an_application_that_is_unknown(command: Command, connected: Platform):
    connected.fail_next(1, status=404)
    told = found(command, 1)
    assert told["application"]["state"] == "problem"
    assert "'routing'" in told["application"]["text"]
    assert "NEXTMV_APP_ID" in told["application"]["advice"]


def test_no_application(
    command: Command, connected: Platform, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("NEXTMV_APP_ID")
    told = found(command, 1)
    assert told["key"]["state"] == "ok"
    assert told["application"]["state"] == "problem"
    assert told["upload"]["state"] == "skipped"


def test_an_upload_that_is_refused(command: Command, connected: Platform):
    connected.fail_next(1, status=403, path="uploadurl")
    assert found(command, 1)["upload"]["state"] == "problem"


def test_a_damaged_store_is_told_and_left_as_it_is(command: Command, home: Path):
    home.mkdir(mode=0o700)
    (home / "store.sqlite3").write_bytes(b"not a database, " * 1000)
    told = found(command, 1)
    assert told["store"]["state"] == "problem"
    assert "moves it aside" in told["store"]["advice"]
    assert told["journals"]["state"] == "skipped"
    assert (home / "store.sqlite3").read_bytes().startswith(b"not a database")


def test_a_store_with_a_hole_is_told(command: Command, tracker: Tracker, home: Path):
    for _ in range(200):
        with track_run("x" * 200):
            pass
    command("list")
    tracker.shutdown(10)
    with Store.open(home) as store:
        store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = home / "store.sqlite3"
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    content[half : half + 8192] = os.urandom(8192)
    path.write_bytes(content)
    assert found(command, 1)["store"]["state"] == "problem"


def test_what_was_rejected_is_noted(command: Command, tracker: Tracker, home: Path):
    with track_run(destination="cloud", app_id="routing") as run:
        pass
    command("list")
    with Store.open(home) as store:
        store.settle("", [Rejected(run.id, "no")])
    told = found(command, 0)
    assert told["store"]["state"] == "note"
    assert "status" in told["store"]["advice"]


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX")
def test_a_folder_that_others_may_read_is_noted(
    command: Command, tracker: Tracker, home: Path
):
    with track_run():
        pass
    command("list")
    home.chmod(0o755)
    assert "chmod 700" in found(command, 0)["store"]["advice"]


def test_a_folder_that_cannot_be_made(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NEXTMV_AUTOTRACK_DIRECTORY", str(tmp_path / "file" / "home"))
    told = found(command, 1)
    assert told["store"]["state"] == "problem"
    assert "NEXTMV_AUTOTRACK_DIRECTORY" in told["store"]["advice"]


@pytest.mark.skipif(sys.platform == "win32", reason="it makes a folder unreadable")
def test_a_journal_that_cannot_be_read(command: Command, tracker: Tracker, home: Path):
    with track_run():
        pass
    command("list")
    tracker.shutdown(5)
    (home / "journals" / "1-a.0.journal").mkdir()
    assert found(command, 1)["journals"]["state"] == "problem"


def test_a_disk_that_is_nearly_full(command: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10, 10, 0))
    told = found(command, 1)
    assert told["disk"]["state"] == "problem"
    assert "purge" in told["disk"]["advice"]


def test_a_folder_near_its_bound_is_noted(
    command: Command, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
):
    with track_run(input="x" * 9_500_000):
        pass
    command("list")
    monkeypatch.setenv("NEXTMV_AUTOTRACK_MAX_DISK", "10_000_000")
    told = found(command, 0)
    assert told["disk"]["state"] == "note"
    assert "max_disk" in told["disk"]["advice"]


def test_a_disk_of_a_network_is_noted(
    command: Command, monkeypatch: pytest.MonkeyPatch
):
    class Mount(NamedTuple):
        mountpoint: str
        fstype: str

    monkeypatch.setattr("psutil.disk_partitions", lambda **_: [Mount("/", "nfs4")])
    told = found(command, 0)
    assert told["disk"]["state"] == "note"
    assert "nfs4" in told["disk"]["text"]


@pytest.mark.parametrize("columns", [50, 60, 80, 140])
def test_texts_hang_below_their_beginning(columns: int):
    screen = plain(seen("doctor", COLUMNS=str(columns)))
    assert max(map(len, screen.splitlines())) <= columns
    assert screen.splitlines()[0].startswith("note     key          not set")
    assert "NEXTMV_API_KEY" in screen
