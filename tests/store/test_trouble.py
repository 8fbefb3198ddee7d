from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from nextmv_autotrack.errors import DamagedStoreError, StoreError
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.connection import switch_to_wal
from nextmv_autotrack.store.faults import told
from tests.store.journals import Journal, run_id, start


def _refusal(directory: Path) -> str:
    with pytest.raises(StoreError) as caught:
        Store.open(directory)
    return str(caught.value)


def test_a_file_that_is_no_database_is_named_and_left_as_it_is(tmp_path: Path):
    path = tmp_path / "store.sqlite3"
    path.write_bytes(b"not a database at all" * 500)
    message = _refusal(tmp_path)
    assert message.startswith(f"{path} is not a database or is damaged")
    assert path.read_bytes() == b"not a database at all" * 500


def test_a_damaged_database_is_named(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        for number in range(500):
            journal.begin(number, b"%d" % number)
        journal.move(store)
    path = tmp_path / "store.sqlite3"
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xaa" * (len(data) - 4096))
    with Store.open(tmp_path) as store, pytest.raises(StoreError) as caught:
        store.runs(limit=1000)
    assert str(caught.value).startswith(f"{path} is damaged")
    assert isinstance(caught.value.__cause__, sqlite3.DatabaseError)


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path):
    with Store.open(tmp_path) as store:
        store._connection.execute("PRAGMA user_version = 99")
    message = _refusal(tmp_path)
    assert "newer version" in message
    assert "upgrade the package" in message
    assert str(tmp_path / "store.sqlite3") in message


def test_a_database_of_a_newer_version_is_not_taken_for_a_damaged_one(tmp_path: Path):
    with Store.open(tmp_path) as store:
        store._connection.execute("CREATE TABLE something (new)")
        store._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer version"):
        Store.set_aside(tmp_path, DamagedStoreError("so they say"), pytest.fail)
    with pytest.raises(StoreError, match="newer version"):
        Store.open(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    assert str(tmp_path / "file") in _refusal(tmp_path / "file" / "home")


def test_a_folder_in_the_place_of_the_database_is_named(tmp_path: Path):
    (tmp_path / "store.sqlite3").mkdir()
    message = _refusal(tmp_path)
    assert message.startswith(f"{tmp_path / 'store.sqlite3'} cannot be opened")


def test_a_foreign_database_is_not_taken_for_ours(tmp_path: Path):
    connection = sqlite3.connect(tmp_path / "store.sqlite3")
    connection.execute("CREATE TABLE runs (theirs)")
    connection.close()
    assert "store.sqlite3" in _refusal(tmp_path)


@pytest.mark.parametrize(
    ("pragma", "words"),
    [("query_only = 1", "is read-only"), ("max_page_count = 1", "no room left")],
)
def test_a_database_that_takes_nothing_says_why_and_recovers(
    tmp_path: Path, pragma: str, words: str
):
    with Journal(tmp_path) as journal:
        for number in range(100):
            journal.begin(number, b'"%04d"' % number * 100)
        with Store.open(tmp_path) as store:
            store._connection.execute(f"PRAGMA {pragma}")
            with pytest.raises(StoreError, match=words):
                journal.move(store)
            assert store.runs(limit=10) == []
        with Store.open(tmp_path) as store:
            assert journal.move(store) == 100


def test_a_database_that_is_locked_for_too_long_says_so(tmp_path: Path):
    with (
        Store.open(tmp_path) as store,
        Store.open(tmp_path) as other,
        Journal(tmp_path) as journal,
    ):
        journal.begin(1)
        other._connection.execute("BEGIN IMMEDIATE")
        store._connection.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(StoreError, match="locked by another process"):
            journal.move(store)
        assert store.runs(limit=1) == []
        other._connection.execute("ROLLBACK")
        assert journal.move(store) == 1


@pytest.mark.skipif(os.name != "posix", reason="limits are set per process there")
@pytest.mark.parametrize("limit", [30_000, 300_000])
def test_a_disk_that_fills_up_costs_nothing_that_is_in_the_journal(
    tmp_path: Path, limit: int
):
    with Journal(tmp_path) as journal:
        for number in range(1000):
            size = 50_000 if number == 600 else 200
            journal.begin(number, b'"%0*d"' % (size, number))
        with start("process_with_a_full_disk", tmp_path, limit) as mover:
            assert mover.stdout is not None
            cause, runs = mover.stdout.readline().split()
        assert cause in {"OperationalError", "OSError"}
        assert int(runs) < 1000
        with Store.open(tmp_path) as store:
            assert journal.move(store) == 1000 - int(runs)
            assert len(store.runs(limit=2000)) == 1000


def test_a_database_that_another_process_creates_right_now_is_waited_for(
    tmp_path: Path,
):
    path = tmp_path / "store.sqlite3"
    other = sqlite3.connect(path, isolation_level=None)
    mine = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE something (new)")

    def be_done(statement: str) -> None:
        if statement == "BEGIN EXCLUSIVE":
            other.execute("COMMIT")

    mine.set_trace_callback(be_done)
    switch_to_wal(mine)
    assert mine.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    mine.close()
    other.close()


def test_a_transaction_that_was_left_open_is_not_in_the_way(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1)
        store._connection.execute("BEGIN")
        assert journal.move(store) == 1
        assert not store._connection.in_transaction


def test_a_closed_store_says_so(tmp_path: Path):
    store = Store.open(tmp_path)
    store.close()
    with pytest.raises(StoreError, match="has been closed"):
        store.run(run_id(1))


def test_an_unheard_of_error_is_told_with_its_own_words(tmp_path: Path):
    with (
        pytest.raises(StoreError, match="something new"),
        told(tmp_path / "store.sqlite3"),
    ):
        raise sqlite3.InternalError("something new")


def test_a_store_is_opened_again_with_what_it_had(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.ended(1)
        journal.move(store)
        before = store.runs(limit=10)
    with Store.open(tmp_path) as store:
        assert store.runs(limit=10) == before
        assert repr(store) == f"Store({str(tmp_path)!r})"


def test_a_store_can_be_created_after_its_folder_was_removed(tmp_path: Path):
    home = tmp_path / "home"
    Store.open(home).close()
    shutil.rmtree(home)
    with Store.open(home) as store:
        assert store.runs(limit=1) == []
