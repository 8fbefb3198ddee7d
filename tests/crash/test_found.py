"""What the kills have brought to light, each in a few steps."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nextmv_autotrack.clock import NS_PER_S, Clock
from nextmv_autotrack.errors import AutotrackError, RefusedError
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.lane import Lane
from nextmv_autotrack.upload.settling import Settling
from tests.store.journals import ENDPOINT, Journal, run_id

NOW = 1000.0
DAY_S = 86_400.0


@pytest.fixture
def alive() -> set[str]:
    return {"1-a", "2-b"}


@pytest.fixture
def store(tmp_path: Path, alive: set[str]) -> Iterator[Store]:
    """Return a store with three runs that wait."""
    with (
        Store.open(tmp_path, is_alive=alive.__contains__) as store,
        Journal(tmp_path) as journal,
    ):
        for number in (1, 2, 3):
            journal.ended(number, delivery="waiting")
        journal.move(store)
        yield store


def claim(store: Store, owner: str, now: float = NOW) -> list[str]:
    claimed = store.claim(owner, endpoint=ENDPOINT, now=now, limit=9)
    return [run.id for run in claimed]


def trouble(lane: Lane) -> Lane:
    return lane.troubled(NOW - 10, 5.0, "refused", too_fast=False)


@pytest.fixture
def after_an_outage(store: Store) -> Store:
    """Return it when 1-a alone tries whether the platform is well again."""
    store.settle(ENDPOINT, [], trouble)
    assert claim(store, "1-a") == [run_id(1)]
    assert claim(store, "2-b") == []
    return store


def test_who_dies_while_it_tries_for_all_holds_nobody_up(after_an_outage, alive):
    alive.remove("1-a")
    assert claim(after_an_outage, "2-b") == [run_id(1)]
    assert claim(after_an_outage, "3-c") == []


@pytest.mark.parametrize(
    "problem",
    [
        RefusedError("no such application", status_code=404, retry_after_s=None),
        AutotrackError("its payload is lost"),
    ],
)
def test_who_learns_nothing_while_it_tries_for_all_holds_nobody_up(
    after_an_outage, problem
):
    clock = Clock(wall_ns=lambda: int(NOW * NS_PER_S), steady_ns=lambda: 0)
    settling = Settling(clock, chance=lambda: 0.0)
    settling.not_delivered(
        after_an_outage.run(run_id(1)), problem, may_be_created=False
    )
    settling.keep(after_an_outage)
    assert claim(after_an_outage, "2-b") == [run_id(2)]


def test_who_asks_often_has_nobody_wait_for_ever_longer(store):
    for _ in range(10):
        store.upkeep.try_now(ENDPOINT)
        store.settle(ENDPOINT, [], trouble)
    assert store.account().lanes[ENDPOINT].troubles == 2


def test_what_the_killed_have_not_finished_goes_in_time(store, tmp_path):
    unfinished = tmp_path / "payloads" / "unfinished"
    unfinished.mkdir(parents=True)
    old = [tmp_path / "journals" / "9-z.new", unfinished / ("0" * 32)]
    new = [tmp_path / "journals" / "9-y.new", unfinished / ("1" * 32)]
    for path in (*old, *new):
        path.write_bytes(b"{")
    yesterday_s = time.time() - DAY_S
    for path in old:
        os.utime(path, (yesterday_s, yesterday_s))
    store.upkeep.trim(max_bytes=10**9, before=0.0)
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in new)
