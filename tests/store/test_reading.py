from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nextmv_autotrack.errors import AmbiguousRunError, StoreError, UnknownRunError
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.selection import Selection
from tests.store.journals import Journal, run_id


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a store with runs 0x10 to 0x1f."""
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        for number in range(0x10, 0x20):
            journal.ended(number)
        journal.move(store)
        yield store


def test_the_newest_runs_come_first(store: Store):
    newest = [run.id for run in store.runs(limit=3)]
    assert newest == [run_id(0x1F), run_id(0x1E), run_id(0x1D)]


def test_a_run_is_found_by_its_id_in_any_case(store: Store):
    assert store.run(run_id(0x1A)).id == run_id(0x1A)
    assert store.run(f" {run_id(0x1A).upper()}\n").id == run_id(0x1A)


def test_a_run_is_found_by_the_beginning_of_its_id(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.ended(1)
        journal.move(store)
        assert store.run("0199").id == run_id(1)


def test_a_whole_id_is_not_ambiguous_though_another_begins_like_it(store: Store):
    store._connection.execute(
        "UPDATE runs SET id = ? WHERE id = ?", (run_id(0x10) + "0", run_id(0x11))
    )
    assert store.run(run_id(0x10)).id == run_id(0x10)


def test_an_ambiguous_beginning_names_some_of_the_matches(store: Store):
    with pytest.raises(AmbiguousRunError) as caught:
        store.run("0199")
    assert run_id(0x10) in str(caught.value)
    assert str(caught.value).endswith("and more")


@pytest.mark.parametrize("wrong", ["ff", "%", "_", "*", "0199'", "é", run_id(1) + "0"])
def test_an_unknown_id_says_where_ids_are_listed(store: Store, wrong: str):
    with pytest.raises(UnknownRunError, match="nextmv-autotrack list"):
        store.run(wrong)


def test_a_run_without_lines_has_an_empty_log(store: Store):
    assert store.log_text(run_id(0x10)) == ""


def test_lines_that_are_no_text_are_shown_as_far_as_they_are(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.log(1, b"good\n\xff\n")
        journal.move(store)
        assert store.log_text(run_id(1)) == "good\n\ufffd\n"


def test_a_payload_that_is_unknown_says_so(store: Store):
    with pytest.raises(StoreError, match="no payload"):
        store.payload("0" * 64)


def test_runs_are_read_one_at_a_time_newest_first(store: Store):
    several = Selection(first_id=run_id(0x1D))
    assert [run.id for run in store.each(several)] == [
        run_id(0x1F),
        run_id(0x1E),
        run_id(0x1D),
    ]


def test_runs_are_chosen_by_their_ids_however_many_there_are(store: Store):
    ids = (run_id(0x11), *(f"{number:032x}" for number in range(100_000)))
    assert [run.id for run in store.each(Selection(ids=ids))] == [run_id(0x11)]
    assert not list(store.each(Selection(ids=())))
