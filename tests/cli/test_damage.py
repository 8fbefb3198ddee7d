"""The commands and a store that is damaged: they see to it themselves, and go on."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command
from tests.platform_server.handle import Platform


@pytest.fixture
def waiting(
    command: Command,
    tracker: Tracker,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:
    """Return the ids of three runs that wait for the platform."""
    monkeypatch.setenv("NEXTMV_API_KEY", platform.key)
    monkeypatch.setenv("NEXTMV_APP_ID", "routing")
    monkeypatch.setenv("NEXTMV_ENDPOINT", platform.endpoint)
    ids = []
    tracker.configure({"endpoint": platform.endpoint})
    for number in range(3):
        with track_run(input=number, destination="cloud", app_id="routing") as run:
            ids.append(run.id)
    tracker.shutdown(5)
    command("list")
    return ids


def change(home: Path, statement: str) -> None:
    with closing(sqlite3.connect(home / "store.sqlite3")) as connection:
        connection.execute(statement)
        connection.commit()


def flip(home: Path, where: bytes) -> None:
    """Flip one bit of the database, where a pattern begins."""
    change(home, "PRAGMA wal_checkpoint(TRUNCATE)")
    database = home / "store.sqlite3"
    data = bytearray(database.read_bytes())
    found = re.search(where, data)
    assert found is not None
    data[found.start()] ^= 1
    database.write_bytes(data)


def inputs(platform: Platform) -> list[bytes]:
    return sorted(run.input for run in platform.runs())


def test_sync_mends_an_index_and_sends_what_it_hid(
    command: Command, waiting: list[str], platform: Platform, home: Path
):
    # They stand behind each other only in the index of the runs that wait.
    flip(home, re.escape(platform.endpoint.encode() + waiting[1].encode()))
    said = command("sync")
    assert (said.code, said.out) == (0, "3 runs sent.\n")
    assert "has been mended, and no run is lost" in said.err
    assert len(said.err.splitlines()) == 1
    assert inputs(platform) == [b"0", b"1", b"2"]


def test_sync_sends_from_a_new_store_what_can_be_read_of_one_that_lost_a_table(
    command: Command, waiting: list[str], platform: Platform, home: Path
):
    change(home, "DROP TABLE uploads")
    said = command("sync", "--timeout", "20")
    assert said.code == 0
    assert "a new store has begun with the 3 runs that could be read of it" in said.err
    assert len(said.err.splitlines()) == 1
    assert inputs(platform) == [b"0", b"1", b"2"]


def test_a_run_that_is_damaged_is_listed_with_what_is_wrong_and_the_others_are_sent(
    command: Command, waiting: list[str], platform: Platform, home: Path
):
    change(home, f"UPDATE runs SET metrics = '{{\"a' WHERE id = '{waiting[1]}'")  # noqa: S608 -- of the test
    listed = command("list", "--json").json
    assert [run["error"] for run in listed] == [
        None,
        "damaged in the store: metrics",
        None,
    ]
    assert command("sync").code == 1
    assert inputs(platform) == [b"0", b"2"]
    told = command("status", "--json").json
    assert told["runs"]["rejected"] == 1
    assert told["rejected"][0]["problem"] == "damaged in the store: metrics"
