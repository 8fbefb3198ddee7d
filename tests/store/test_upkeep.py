"""The bounds of the store, and what goes when they are reached."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from nextmv_autotrack.store import Store
from nextmv_autotrack.store.changes import Delivered, Rejected
from tests.store.journals import BEGIN, ENDPOINT, Journal, run_id

LONG_AGO = 0.0
MIB = 2**20


def body(number: int) -> bytes:
    return b'"%d %s"' % (number, b"x" * MIB)


@pytest.fixture
def store(tmp_path: Path):
    """Runs 1 to 8 of 1 MiB each: delivered, local, rejected and waiting, two of each."""
    with Store.open(tmp_path) as store, Journal(tmp_path, segment_bytes=MIB) as journal:
        for number in range(1, 9):
            where = "local" if number in {3, 4} else "waiting"
            journal.begin(number, body(number), delivery=where)
            journal.end(number)
        journal.move(store)
        store.settle(
            ENDPOINT,
            [
                Delivered(run_id(1), "a"),
                Delivered(run_id(2), "b"),
                Rejected(run_id(5), "no"),
                Rejected(run_id(6), "no"),
            ],
        )
        for segment in journal.segments:
            segment.path.unlink()
        age_files(tmp_path)
        yield store


def age_files(home: Path) -> None:
    """Let payload files be as old as they are in real life when they go."""
    long_ago = time.time() - 7200
    for file in (home / "payloads").rglob("*.json"):
        os.utime(file, (long_ago, long_ago))


def trimmed(store: Store) -> list[int]:
    return [n for n in range(1, 9) if store.run(run_id(n)).is_trimmed]


def test_what_is_within_the_bound_stays(store: Store):
    before = store.upkeep.usage()
    assert before.payloads == sum(len(body(n)) for n in range(1, 9))
    result = store.upkeep.trim(max_bytes=before.total, before=LONG_AGO)
    assert (result.runs, result.waiting) == (0, 0)
    assert trimmed(store) == []


@pytest.mark.parametrize(
    ("kept_bytes", "gone", "waiting"),
    [
        (7 * MIB, [1, 2], 0),
        (5 * MIB, [1, 2, 3, 4], 0),
        (3 * MIB, [1, 2, 3, 4, 5, 6], 0),
        (0, [1, 2, 3, 4, 5, 6, 7, 8], 2),
    ],
)
def test_payloads_go_by_what_they_are_still_needed_for(
    store: Store, kept_bytes: int, gone: list[int], waiting: int
):
    rest = store.upkeep.usage().database
    result = store.upkeep.trim(max_bytes=kept_bytes + rest, before=LONG_AGO)
    assert trimmed(store) == gone
    assert (result.runs, result.waiting) == (len(gone), waiting)
    assert store.upkeep.usage().payloads <= kept_bytes
    assert len(store.runs(limit=99)) == 8


def test_only_as_many_of_a_kind_go_as_it_takes(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("nextmv_autotrack.store.upkeep._BATCH_RUNS", 1)
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        for number in range(1, 5):
            journal.begin(number, body(number))
            journal.end(number)
        journal.move(store)
        age_files(tmp_path)
        bound = store.upkeep.usage().total - MIB // 2
        assert store.upkeep.trim(max_bytes=bound, before=LONG_AGO).runs == 1
        assert store.run(run_id(1)).is_trimmed
        assert not store.run(run_id(2)).is_trimmed


def test_a_payload_that_another_run_has_too_stays(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        for number, where in ((1, "local"), (2, "waiting")):
            journal.begin(number, body(0), delivery=where)
            journal.end(number)
        journal.move(store)
        age_files(tmp_path)
        old = BEGIN["started_ns"] / 1e9 + 1
        assert store.upkeep.trim(max_bytes=2**40, before=old).runs == 1
        assert store.payload(store.run(run_id(2)).input or "") == body(0)


def test_what_is_too_old_goes_but_not_what_waits_or_was_rejected(store: Store):
    old = BEGIN["started_ns"] / 1e9 + 1
    assert store.upkeep.trim(max_bytes=2**40, before=old).runs == 4
    assert trimmed(store) == [1, 2, 3, 4]


def test_a_file_that_was_just_written_may_belong_to_a_run_that_is_on_its_way(
    tmp_path: Path,
):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, body(1))
        journal.end(1)
        journal.move(store)
        digest = store.run(run_id(1)).input or ""
        store.upkeep.trim(max_bytes=0, before=LONG_AGO)
        assert store.payload(digest) == body(1)


def test_a_payload_that_is_cleared_away_while_it_is_moved_is_written_again(
    tmp_path: Path,
):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, body(1))
        journal.end(1)

        def clear_away(statement: str) -> None:
            if statement == "BEGIN IMMEDIATE":
                store._connection.set_trace_callback(None)
                for file in (tmp_path / "payloads").rglob("*.json"):
                    file.unlink()

        store._connection.set_trace_callback(clear_away)
        journal.move(store)
        assert store.payload(store.run(run_id(1)).input or "") == body(1)
