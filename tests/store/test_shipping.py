"""Local runs that are handed over wait from then on; each goes once, whoever asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.changes import Delivered, Postponed, Rejected, Uploaded
from tests.store.journals import ENDPOINT, Journal, run_id

OTHER = "https://other.example"
NOW = 1_790_000_100.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path) as journal:
        yield journal


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path, is_alive=lambda _: True) as store:
        yield store


def hand_over(store: Store, *numbers: int, app_id: str | None = "app") -> int:
    ids = [run_id(number) for number in numbers]
    return store.hand_over(ids, endpoint=OTHER, app_id=app_id, instance_id="latest")


def test_a_local_run_waits_for_the_platform_it_is_handed_over_to(
    store: Store, journal: Journal
):
    journal.ended(1)
    journal.move(store)
    assert hand_over(store, 1) == 1
    (run,) = store.claim("1-a", endpoint=OTHER, now=NOW, limit=9)
    assert (run.app_id, run.instance_id, run.endpoint) == ("app", "latest", OTHER)
    assert run.create_begun_at is None


def test_what_was_handed_over_is_not_handed_over_again(store: Store, journal: Journal):
    journal.ended(1)
    journal.ended(2)
    journal.move(store)
    assert hand_over(store, 1) == 1
    store.settle(OTHER, [Delivered(run_id(1), "platform-1")])
    assert hand_over(store, 1, 2) == 1
    assert hand_over(store, 1, 2) == 0
    assert store.run(run_id(1)).delivery is Delivery.DELIVERED


def test_a_run_keeps_its_own_application_and_instance(store: Store, journal: Journal):
    journal.ended(1, app_id="own", instance_id="prod")
    journal.ended(2, app_id="own")
    journal.ended(3, instance_id="prod")
    journal.move(store)
    assert hand_over(store, 1, 2, 3) == 3
    runs = [store.run(run_id(number)) for number in (1, 2, 3)]
    assert [(run.app_id, run.instance_id) for run in runs] == [
        ("own", "prod"),
        ("own", None),
        ("app", "prod"),
    ]


def test_what_may_not_go_stays_as_it_is(store: Store, journal: Journal):
    journal.begin(1)
    journal.end(2)  # nobody knows how it began, yet
    journal.ended(3, delivery="waiting", app_id="app")
    journal.begin(4, b'"an input"')
    journal.end(4)
    journal.ended(5)
    journal.move(store)
    store.upkeep.trim(max_bytes=10**9, before=NOW)
    before = store.runs(limit=9)
    assert store.run(run_id(4)).is_trimmed
    assert hand_over(store, 1, 2, 3, 4) == 0
    assert hand_over(store, 5, app_id=None) == 0
    assert store.runs(limit=9) == before


def test_several_that_hand_over_the_same_runs_do_so_once(
    tmp_path: Path, store: Store, journal: Journal
):
    numbers = range(40)
    for number in numbers:
        journal.ended(number)
    journal.move(store)
    together, counts = threading.Barrier(4), []

    def take_part() -> None:
        with Store.open(tmp_path) as own:
            together.wait()
            counts.extend(hand_over(own, number) for number in numbers)

    threads = [threading.Thread(target=take_part) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == len(numbers)
    assert len(store.waiting_ids(OTHER)) == len(numbers)


def test_a_store_that_took_the_place_of_another_has_its_runs_looked_for_first(
    store: Store, journal: Journal
):
    journal.ended(1)
    journal.move(store)
    store.doubt_earlier_runs()
    hand_over(store, 1)
    run = store.run(run_id(1))
    assert run.create_begun_at == run.started_at


def test_that_a_run_was_exported_is_known_from_the_first_time_on(
    store: Store, journal: Journal
):
    for number in (1, 2, 3):
        journal.ended(number)
    journal.move(store)
    store.settle("", [Delivered(run_id(2), "platform-2", NOW)])
    for now in (NOW, NOW + 60):
        store.note_exported([run_id(1), run_id(2)], now=now)
    exported = [store.run(run_id(number)).exported_at for number in (1, 2, 3)]
    assert exported == [NOW, None, None]
    assert store.run(run_id(2)).delivered_at == NOW


def test_that_a_run_was_exported_outlives_whatever_becomes_of_it(
    store: Store, journal: Journal
):
    journal.ended(1)
    journal.move(store)
    store.note_exported([run_id(1)], now=NOW)
    hand_over(store, 1)
    (run,) = store.claim("1-a", endpoint=OTHER, now=NOW, limit=9)
    begins = Uploaded(run.id, {}, NOW, NOW + 1, "1-a")
    for change in (begins, Postponed(run.id, NOW, "no"), Rejected(run.id, "no")):
        store.settle(OTHER, [change])
    store.upkeep.retry()
    run = store.run(run_id(1))
    assert (run.create_begun_at, run.exported_at) == (None, NOW)


def test_the_size_of_a_run_is_that_of_what_there_is_to_send(
    store: Store, journal: Journal
):
    journal.begin(1, b'"first"')
    journal.part(1, "input", b'"the input"')
    journal.part(1, "assets", b"[1]")
    journal.log(1, b"line\n")
    journal.end(1, b'"the input"')
    journal.ended(2)
    journal.move(store)
    assert store.sizes([run_id(1), run_id(2), run_id(3)]) == {
        run_id(1): 11 + 3 + 5 + 11,
        run_id(2): 0,
    }


def test_runs_wait_for_a_platform_or_for_whichever_is_asked_first(
    store: Store, journal: Journal
):
    journal.ended(1, delivery="waiting", app_id="a")
    journal.ended(2, delivery="waiting", app_id="b", endpoint=None)
    journal.ended(3, delivery="waiting", app_id="c", endpoint=OTHER)
    journal.move(store)
    assert store.waiting_ids(ENDPOINT) == [run_id(2), run_id(1)]
    assert store.waiting_apps(OTHER) == ["b", "c"]
    assert len(store.waiting_ids(None)) == 3
    assert store.deliveries([run_id(1), run_id(9)]) == {run_id(1): "waiting"}
