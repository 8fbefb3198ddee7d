"""A damaged store is moved aside, once, and a new one goes on with the journals."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from nextmv_autotrack.errors import DamagedStoreError
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.changes import Delivered, Postponed
from nextmv_autotrack.store.connection import connect
from nextmv_autotrack.store.schema import MIGRATIONS, build
from tests.store.journals import ENDPOINT, Journal, run_id

DATABASE = "store.sqlite3"


def damage(home: Path) -> None:
    for name in (DATABASE, f"{DATABASE}-wal"):
        if (home / name).exists():
            (home / name).write_bytes(b"not a database, " * 1000)


def test_a_damaged_store_is_kept_beside_a_new_one(tmp_path: Path):
    damage_of = tmp_path / DATABASE
    damage_of.write_bytes(b"not a database, " * 1000)
    said: list[str] = []
    with Store.open_sound(tmp_path, complain=said.append) as store:
        assert store.runs(limit=9) == []
    (aside,) = tmp_path.glob(f"{DATABASE}.damaged-*")
    assert aside.read_bytes().startswith(b"not a database")
    (words,) = said
    assert aside.name in words


def test_without_being_asked_to_nobody_moves_anything(tmp_path: Path):
    (tmp_path / DATABASE).write_bytes(b"not a database, " * 1000)
    with pytest.raises(DamagedStoreError, match="not a database"):
        Store.open(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [DATABASE]


def test_several_that_find_the_damage_move_it_aside_once(tmp_path: Path):
    (tmp_path / DATABASE).write_bytes(b"not a database, " * 1000)
    said: list[str] = []
    together = threading.Barrier(4)

    def find() -> None:
        together.wait()
        while True:
            try:
                Store.open_sound(tmp_path, complain=said.append).close()
            except DamagedStoreError:
                continue  # somebody else is at it
            return

    threads = [threading.Thread(target=find) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 1
    assert len([*tmp_path.glob(f"{DATABASE}.damaged-*")]) == 1


def test_a_sound_store_is_never_moved(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.ended(1)
        journal.move(store)
        said: list[str] = []
        Store.set_aside(tmp_path, DamagedStoreError("so they say"), said.append)
        assert said == []
        assert store.is_in_place()


def test_who_has_the_old_one_open_sees_that_it_is_gone(tmp_path: Path):
    with Store.open(tmp_path) as store:
        assert store.is_in_place()
        damage(tmp_path)
        with Store.open_sound(tmp_path, complain=lambda _: None):
            assert not store.is_in_place()


def test_what_the_journals_still_hold_is_in_the_new_one(tmp_path: Path):
    with Journal(tmp_path) as journal:
        with Store.open(tmp_path) as store:
            journal.ended(1)
            journal.move(store)
        damage(tmp_path)
        with Store.open_sound(tmp_path, complain=lambda _: None) as store:
            journal.ended(2)
            journal.move(store)
            assert {run.id for run in store.runs(limit=9)} == {run_id(1), run_id(2)}


def test_a_run_that_the_old_one_may_have_sent_is_looked_for_before_it_is_sent(
    tmp_path: Path,
):
    with Journal(tmp_path) as journal:
        with Store.open(tmp_path) as store:
            journal.ended(1, delivery="waiting")
            journal.move(store)
            assert store.run(run_id(1)).create_begun_at is None
            store.settle(ENDPOINT, [Delivered(run_id(1), "latest-1")])
        damage(tmp_path)
        with Store.open_sound(tmp_path, complain=lambda _: None) as store:
            journal.move(store)
            again = store.run(run_id(1))
            assert again.create_begun_at == again.started_at


# --- One that is gone, and a new one in its place.


def remove(home: Path) -> None:
    for file in home.glob(f"{DATABASE}*"):
        file.unlink()


def test_a_run_that_one_that_is_gone_may_have_sent_is_looked_for_before_it_is_sent(
    tmp_path: Path,
):
    began_at = time.time()
    with Journal(tmp_path) as journal:
        with Store.open(tmp_path) as store:
            journal.ended(1, delivery="waiting")
            journal.move(store)
        remove(tmp_path)
        with Store.open(tmp_path) as store:
            journal.move(store)
            again = store.run(run_id(1))
            assert again.create_begun_at == again.started_at
            # What is on its way from the one that is gone has the time to end.
            assert store.next_due(ENDPOINT, began_at) > began_at + 4


def test_in_a_new_folder_nothing_is_looked_for(tmp_path: Path):
    with Journal(tmp_path) as journal:
        journal.ended(1, delivery="waiting")
        for _ in range(2):
            with Store.open(tmp_path) as store:
                journal.move(store)
                assert store.run(run_id(1)).create_begun_at is None


def test_what_begins_after_the_new_one_is_not_looked_for(tmp_path: Path):
    Store.open(tmp_path).close()
    remove(tmp_path)
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, delivery="waiting", started_ns=time.time_ns() + 1)
        journal.end(1)
        journal.move(store)
        assert store.run(run_id(1)).create_begun_at is None


def test_a_sound_store_is_found_to_be_so_whatever_times_are_noted(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        for number in range(50):
            journal.ended(number, delivery="waiting")
        journal.move(store)
        store.settle(
            ENDPOINT,
            [Postponed(run_id(n), 1.79e9 + 1 / (n + 3), "later") for n in range(50)],
        )
        store.check()
        assert store.mend(pytest.fail) is False


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_a_version_that_is_not_noted_any_more_is_that_of_the_tables(
    tmp_path: Path, version: int
):
    with closing(connect(tmp_path / DATABASE)) as connection:
        build(connection, MIGRATIONS[:version])
    said: list[str] = []
    with pytest.raises(DamagedStoreError, match="already exists"):
        Store.open(tmp_path)
    with Store.open_sound(tmp_path, complain=said.append) as store:
        assert store.runs(limit=1) == []
    assert "has been mended" in said[0]


def test_a_letter_of_the_tables_is_mended_in_a_store_of_an_older_version(
    tmp_path: Path,
):
    with closing(connect(tmp_path / DATABASE)) as connection:
        build(connection, MIGRATIONS[:2])
        connection.execute("PRAGMA user_version = 2")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'TABLE runs', 'TABLX runs')"
        )
    said: list[str] = []
    with Store.open_sound(tmp_path, complain=said.append) as store:
        assert store.runs(limit=1) == []
    assert "has been mended" in said[0]
