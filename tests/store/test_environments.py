"""Where runs were made is kept once for all that were made there."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nextmv_autotrack.journal import Kind
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.salvage import salvage
from tests.store.journals import BEGIN, END, Journal, run_id

STARTED_S = BEGIN["started_ns"] / 1e9
ENDED_S = STARTED_S + END["duration_ns"] / 1e9
PYTHON = {"python": {"version": "3.12.1"}}


def notes(
    journal: Journal,
    content: Any,
    at_s: float = STARTED_S,
    *,
    is_whole: bool = True,
    shared: str = "versions",
) -> None:
    meta = {"at_ns": int(at_s * 1e9), "is_whole": is_whole, "shared": shared}
    journal.raw(Kind.PROCESS, json.dumps(meta).encode(), json.dumps(content).encode())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as opened:
        yield opened


def content(store: Store, number: int) -> dict[str, Any]:
    return store.environment(store.run(run_id(number))).content


def count(store: Store, table: str) -> int:
    rows = store._connection.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 -- of ours
    (found,) = rows.fetchone()
    return int(found)


def test_a_run_has_the_environment_of_its_process(store: Store, tmp_path: Path):
    with Journal(tmp_path, "1-a") as one, Journal(tmp_path, "2-b") as other:
        notes(one, PYTHON)
        one.ended(1)
        other.ended(2)
        one.move(store)
        other.move(store)
    assert content(store, 1) == PYTHON
    assert content(store, 2) == {}
    assert store.environment(store.run(run_id(1))).shared == "versions"
    assert store.environment(store.run(run_id(2))).shared == "none"


def test_equal_environments_of_many_processes_are_kept_once(
    store: Store, tmp_path: Path
):
    for number in range(20):
        with Journal(tmp_path, f"{number}-a") as journal:
            notes(journal, PYTHON)
            journal.ended(number)
            journal.move(store)
    assert [content(store, number) for number in range(20)] == [PYTHON] * 20
    assert count(store, "environments") == 1


def test_what_is_loaded_later_is_on_later_runs(store: Store, tmp_path: Path):
    with_solver = {**PYTHON, "packages": {"highspy": "1.9"}}
    with Journal(tmp_path) as journal:
        notes(journal, PYTHON, STARTED_S)
        journal.ended(1)
        journal.ended(2, started_ns=BEGIN["started_ns"] + 3600 * 10**9)
        journal.begin(3)
        notes(journal, with_solver, STARTED_S + 1800)
        journal.move(store)
    assert content(store, 1) == PYTHON
    assert content(store, 2) == with_solver
    assert content(store, 3) == with_solver  # it is in progress still


def test_what_is_noted_just_after_the_end_of_a_run_is_on_it(
    store: Store, tmp_path: Path
):
    with Journal(tmp_path) as journal:
        notes(journal, {"a": 1}, STARTED_S)
        journal.ended(1)
        notes(journal, {"a": 2}, ENDED_S + 0.5)
        notes(journal, {"a": 3}, ENDED_S + 5)
        journal.move(store)
    assert content(store, 1) == {"a": 2}


def test_what_is_known_at_once_counts_until_all_is_known(store: Store, tmp_path: Path):
    with Journal(tmp_path) as journal:
        notes(journal, PYTHON, STARTED_S, is_whole=False)
        journal.ended(1)
        journal.move(store)
        assert content(store, 1) == PYTHON
        notes(journal, {**PYTHON, "git": {}}, STARTED_S + 900)
        journal.move(store)
    assert content(store, 1) == {**PYTHON, "git": {}}
    assert count(store, "circumstances") == 1


def test_the_order_of_moving_does_not_matter(store: Store, tmp_path: Path):
    with Journal(tmp_path, segment_bytes=400) as journal:
        notes(journal, PYTHON, STARTED_S)
        journal.ended(1)
        notes(journal, {"a": 1}, STARTED_S + 3600)
        for segment in reversed(journal.segments):
            while not store.move(segment, limit_bytes=1).finished:
                pass
    assert content(store, 1) == PYTHON


def test_a_purge_removes_what_no_run_was_made_in(store: Store, tmp_path: Path):
    with Journal(tmp_path, "1-dead") as journal:
        notes(journal, PYTHON)
        journal.ended(1)
        journal.move(store)
        dead = journal.segments
    for segment in dead:
        segment.path.unlink()
        store.forget(segment)
    with Journal(tmp_path, "2-alive") as alive:
        notes(alive, {"a": 1})
        alive.ended(2)
        alive.move(store)
        store.upkeep.purge(before=time.time(), deliveries=["local"])
        assert count(store, "runs") == 0
        # It has noted it once, and more runs will come.
        assert count(store, "environments") == count(store, "circumstances") == 1
        alive.ended(3)
        alive.move(store)
    assert content(store, 3) == {"a": 1}


def test_a_store_that_is_set_aside_loses_no_environment(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        notes(journal, PYTHON)
        journal.ended(1)
        journal.move(store)
    Store.open(tmp_path / "new").close()
    name = "store.sqlite3"
    assert salvage(tmp_path / name, tmp_path / "new" / name) == 1
    with Store.open(tmp_path / "new") as store:
        assert content(store, 1) == PYTHON


@pytest.mark.parametrize("kept", ["", "nonsense", "[1]", "7"])
def test_a_damaged_environment_is_an_empty_one(store: Store, tmp_path: Path, kept: str):
    with Journal(tmp_path) as journal:
        notes(journal, PYTHON)
        journal.ended(1)
        journal.move(store)
    store._connection.execute("UPDATE environments SET content = ?", (kept,))
    assert content(store, 1) == {}
    store._connection.execute("DELETE FROM environments")
    assert content(store, 1) == {}


@pytest.mark.parametrize("wrong", [b"", b"[]", b"7", b"{", b"\xff"])
def test_what_is_no_environment_is_left_out(store: Store, tmp_path: Path, wrong: bytes):
    meta = b'{"at_ns":1,"shared":"full","is_whole":true}'
    with Journal(tmp_path) as journal:
        journal.raw(Kind.PROCESS, meta, wrong)
        journal.ended(1)
        moved = store.move(journal.segment, limit_bytes=2**20)
        assert (moved.frames, moved.skipped) == (3, 1)
    assert content(store, 1) == {}
