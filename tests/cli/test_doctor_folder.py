"""`doctor` finds what is wrong with the folder of runs: store, journals, disk."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.changes import Rejected
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command, found
from tests.project.paths import ROOT, python
from tests.store.journals import Journal


class Usage(NamedTuple):
    """What `shutil.disk_usage` returns."""

    total: int
    used: int
    free: int


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


KILLED = """
import os, sys
from pathlib import Path
from tests.store.journals import Journal

journal = Journal(Path(sys.argv[1]))
for number in range(49):
    journal.ended(number, delivery="waiting", app_id="routing")
journal.begin(49, delivery="waiting", app_id="routing")
os._exit(9)
"""


def test_runs_of_a_process_that_was_killed_are_counted_and_told(
    command: Command, home: Path
):
    killed = python("-c", KILLED, str(home), folder=ROOT)
    assert killed.returncode == 9
    told = found(command, 1)
    assert told["journals"]["state"] == "note"
    assert "1 program that had ended" in told["journals"]["text"]
    assert "50 runs" in told["journals"]["text"]
    assert "50 waiting" in told["store"]["text"]
    assert "50 runs" in told["key"]["text"]
    assert "none" in found(command, 1)["journals"]["text"]


def test_runs_of_a_process_that_lives_are_counted_but_not_taken_for_left_behind(
    command: Command, home: Path
):
    with Journal(home) as journal:
        journal.ended(1)
        journal.begin(2)
        told = found(command, 0)
    assert told["journals"]["state"] == "ok"
    assert "1 program tracking now" in told["journals"]["text"]
    assert "1 local, 1 running" in told["store"]["text"]


def test_an_empty_folder_is_left_as_it_is(command: Command, home: Path):
    home.mkdir()
    assert found(command, 0)["store"]["text"].startswith("no runs yet")
    assert [*home.iterdir()] == []
