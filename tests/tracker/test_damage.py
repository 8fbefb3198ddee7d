"""The background thread and a store that is damaged: seen to, and never in a busy loop."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nextmv_autotrack import tracked
from nextmv_autotrack.store import Store
from nextmv_autotrack.tracker import Tracker
from nextmv_autotrack.upload.worker import DAMAGES_AT_ONCE
from tests.platform_server.handle import Platform

PATIENCE_S = 20

pytestmark = pytest.mark.usefixtures("as_for_users")


@tracked
def solve(data):
    return data


def database_of(tracker: Tracker) -> Path:
    return tracker.sources.resolve().directory / "store.sqlite3"


def change(tracker: Tracker, *statements: str) -> None:
    tracker.shutdown(PATIENCE_S)
    with closing(sqlite3.connect(database_of(tracker))) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def ids_of(tracker: Tracker) -> list[str]:
    with Store.open(database_of(tracker).parent) as store:
        return [run.id for run in store.runs(limit=10)]


def inputs(platform: Platform) -> list[bytes]:
    return sorted(run.input for run in platform.runs())


# Nothing is wrong with it, and nothing can be claimed.
REFUSES = (
    "CREATE TRIGGER refuse BEFORE UPDATE OF claimed_by ON runs "
    "WHEN NEW.claimed_by IS NOT NULL BEGIN SELECT RAISE(ABORT, 'no'); END"
)


def test_a_store_that_cannot_be_mended_is_tried_twice_at_once_and_then_waited_for(
    to_platform: Tracker, platform: Platform, caplog: pytest.LogCaptureFixture
):
    solve("before")
    assert to_platform.flush(PATIENCE_S)
    change(to_platform, REFUSES)
    solve("after")
    assert to_platform.flush(PATIENCE_S) is False
    worker = to_platform._front._worker
    assert worker is not None
    first = worker._damages
    assert first > DAMAGES_AT_ONCE
    assert len(caplog.records) == 1
    # Who asks has it tried once more, and not again and again.
    assert to_platform.flush(PATIENCE_S) is False
    assert worker._damages <= first + 2
    change(to_platform, "DROP TRIGGER refuse")
    solve("later")
    assert to_platform.flush(PATIENCE_S)
    assert inputs(platform) == [b"after", b"before", b"later"]


def test_an_index_that_is_damaged_is_made_anew_and_all_runs_are_sent(
    to_platform: Tracker, platform: Platform, caplog: pytest.LogCaptureFixture
):
    to_platform.configure({"api_key": "wrong"})
    for number in range(5):
        solve(number)
    assert to_platform.flush(0.2) is False
    caplog.clear()
    change(to_platform, "DELETE FROM lanes", "UPDATE runs SET due_at = 0")
    # They stand behind each other only in the index of the runs that wait.
    entry = platform.endpoint.encode() + ids_of(to_platform)[2].encode()
    database = database_of(to_platform)
    data = bytearray(database.read_bytes())
    data[data.index(entry)] ^= 1
    database.write_bytes(data)
    to_platform.configure({"api_key": platform.key})
    solve("new")
    assert to_platform.flush(PATIENCE_S)
    assert inputs(platform) == [*(b"%d" % n for n in range(5)), b"new"]
    (said,) = caplog.messages
    assert "has been mended" in said
