from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.changes import Change, Delivered, Postponed, Rejected
from tests.store.journals import ENDPOINT, Journal, run_id

NOW = 1000.0


@pytest.fixture
def alive() -> set[str]:
    """Return the owners that are alive."""
    return {"1-a", "2-b"}


@pytest.fixture
def store(tmp_path: Path, alive: set[str]) -> Iterator[Store]:
    """Return a store with three runs that wait, and some that do not."""
    with (
        Store.open(tmp_path, is_alive=alive.__contains__) as store,
        Journal(tmp_path) as journal,
    ):
        for number in (3, 1, 2):
            journal.ended(number, delivery="waiting")
        journal.ended(4)
        journal.begin(5, delivery="waiting")
        journal.ended(6, delivery="waiting", endpoint="https://elsewhere.example")
        journal.move(store)
        yield store


def _claim(store: Store, owner: str, *, limit: int = 100) -> list[str]:
    claimed = store.claim(owner, endpoint=ENDPOINT, now=NOW, limit=limit)
    return [run.id for run in claimed]


def _settle(store: Store, change: Change) -> None:
    store.settle(ENDPOINT, [change])


def test_ended_runs_that_wait_for_the_endpoint_are_claimed_the_oldest_first(
    store: Store,
):
    assert _claim(store, "1-a") == [run_id(1), run_id(2), run_id(3)]


def test_what_is_claimed_is_not_handed_out_again(store: Store):
    assert _claim(store, "1-a", limit=2) == [run_id(1), run_id(2)]
    assert _claim(store, "1-a", limit=2) == [run_id(3)]
    assert _claim(store, "1-a") == []
    assert _claim(store, "2-b") == []


def test_no_run_is_claimed_when_none_is_asked_for(store: Store):
    assert _claim(store, "1-a", limit=0) == []
    assert len(_claim(store, "1-a")) == 3


def test_a_claim_of_the_dead_is_void(store: Store, alive: set[str]):
    assert len(_claim(store, "1-a")) == 3
    alive.remove("1-a")
    assert len(_claim(store, "2-b")) == 3


def test_a_claim_that_is_released_is_void(store: Store):
    assert len(_claim(store, "1-a", limit=1)) == 1
    assert _claim(store, "2-b") == [run_id(2), run_id(3)]
    store.release("1-a")
    assert _claim(store, "2-b") == [run_id(1)]


def test_a_delivered_run_has_its_platform_run_id_and_waits_no_more(store: Store):
    _claim(store, "1-a")
    _settle(store, Delivered(run_id(1), "platform-1"))
    run = store.run(run_id(1))
    assert (run.delivery, run.platform_run_id) == (Delivery.DELIVERED, "platform-1")
    assert (run.attempts, run.problem) == (1, None)
    store.release("1-a")
    assert _claim(store, "2-b") == [run_id(2), run_id(3)]


def test_a_postponed_run_is_claimed_when_it_is_due(store: Store):
    _claim(store, "1-a")
    _settle(store, Postponed(run_id(1), NOW + 5, "connection refused"))
    _settle(store, Postponed(run_id(2), NOW, "connection refused"))
    assert _claim(store, "2-b") == [run_id(2)]
    (run,) = store.claim("2-b", endpoint=ENDPOINT, now=NOW + 5, limit=10)
    assert (run.id, run.attempts) == (run_id(1), 1)
    assert run.problem == "connection refused"
    assert run.delivery is Delivery.WAITING
    _settle(store, Postponed(run_id(1), NOW + 9, "reset"))
    again = store.run(run_id(1))
    assert (again.attempts, again.problem) == (2, "reset")


def test_a_rejected_run_says_why_and_waits_no_more(store: Store):
    _claim(store, "1-a")
    _settle(store, Rejected(run_id(1), "the input is too large"))
    run = store.run(run_id(1))
    assert (run.delivery, run.problem) == (Delivery.REJECTED, "the input is too large")
    assert store.waiting() == 3
    store.release("1-a")
    assert run_id(1) not in _claim(store, "2-b")


def test_what_was_delivered_stays_delivered(store: Store):
    _settle(store, Delivered(run_id(1), "first"))
    before = store.run(run_id(1))
    _settle(store, Postponed(run_id(1), NOW, "late"))
    _settle(store, Rejected(run_id(1), "late"))
    _settle(store, Delivered(run_id(1), "second"))
    assert store.run(run_id(1)) == before


def test_waiting_runs_are_counted_of_one_owner_or_of_all(store: Store):
    assert store.waiting() == 4
    assert store.waiting("1-a") == 4
    assert store.waiting("2-b") == 0
    _claim(store, "2-b", limit=1)
    assert store.waiting() == 4


def test_the_next_due_time_is_that_of_the_earliest_unclaimed_run(store: Store):
    assert store.next_due(ENDPOINT, NOW) == NOW
    _claim(store, "1-a")
    assert store.next_due(ENDPOINT, NOW) is None
    _settle(store, Postponed(run_id(2), NOW + 60, "later"))
    _settle(store, Postponed(run_id(3), NOW + 30, "later"))
    assert store.next_due(ENDPOINT, NOW) == NOW + 30
    assert store.next_due(ENDPOINT, NOW + 40) == NOW + 40
    assert store.next_due("https://nowhere.example", NOW) is None


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.claim("1-a", endpoint=ENDPOINT, now=NOW, limit=1),
        lambda store: store.waiting("1-a"),
        lambda store: store.next_due(ENDPOINT, NOW),
    ],
    ids=["claim", "waiting", "next_due"],
)
def test_runs_that_do_not_wait_cost_the_outbox_nothing(store: Store, ask):
    asked: list[str] = []
    store._connection.set_trace_callback(asked.append)
    ask(store)
    store._connection.set_trace_callback(None)
    (query,) = {text for text in asked if "'waiting'" in text}
    plan = store._connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
    assert "runs_waiting" in plan[0][3]
