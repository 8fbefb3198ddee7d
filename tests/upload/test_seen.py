"""Runs that others may have sent are looked for, and the list of runs is read once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nextmv_autotrack.errors import RefusedError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.upload.crew import Crew
from nextmv_autotrack.upload.packing import pack
from nextmv_autotrack.upload.seen import Seen
from nextmv_autotrack.upload.submission import Waiting, create, upload
from tests.store.journals import Journal, run_id
from tests.upload.model_platform import (
    NO_TROUBLE,
    PAGE_RUNS,
    ModelPlatform,
    Time,
    Trouble,
)

RUNS = 4 * PAGE_RUNS


class Site:
    """A platform, and a store whose runs were exported."""

    def __init__(self, store: Store, time: Time) -> None:
        self.store = store
        self.model = ModelPlatform(time)
        self.client = Client("https://platform.example", "key", transport=self.model)
        self.seen = Seen()
        self.time = time

    def run(self, number: int) -> tuple[StoredRun, Waiting]:
        run = self.store.run(run_id(number))
        return run, pack(self.store, run)

    def sent(self, number: int) -> str:
        _, waiting = self.run(number)
        ids = upload(self.client, waiting, {}, Crew(0)).ids
        self.time.passes(1)
        return create(self.client, waiting, ids)

    def found(self, number: int) -> str | None:
        run, waiting = self.run(number)
        now = self.time.clock.wall()
        return self.seen.look_for(self.client, run, waiting, now)

    def pages(self) -> int:
        return sum(asked.startswith("GET") for asked in self.model.asked)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    time = Time()
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        for number in range(RUNS):
            journal.ended(number, app_id="routing")
        journal.move(store)
        ids = [run_id(number) for number in range(RUNS)]
        store.note_exported(ids, now=time.clock.wall())
        yield Site(store, time)


def test_all_that_others_have_sent_is_found_and_each_page_is_read_once(site: Site):
    theirs = [site.sent(number) for number in range(RUNS)]
    assert [site.found(number) for number in range(RUNS)] == theirs
    # All pages for the first, and the newest one for each other.
    assert site.pages() == RUNS // PAGE_RUNS + RUNS - 1


def test_a_history_that_nobody_has_sent_costs_a_page_a_run(site: Site):
    for number in range(RUNS):
        assert site.found(number) is None
        site.sent(number)
    assert site.pages() <= RUNS + 1


def test_what_others_send_meanwhile_is_found(site: Site):
    assert site.found(0) is None
    theirs = [site.sent(number) for number in range(2 * PAGE_RUNS)]
    assert [site.found(number) for number in range(2 * PAGE_RUNS)] == theirs


def test_a_list_that_broke_off_is_read_again(site: Site):
    theirs = site.sent(0)
    for number in range(1, 2 * PAGE_RUNS):
        site.sent(number)
    site.model.troubles["list"] += [NO_TROUBLE, Trouble(ends=503)]
    with pytest.raises(RefusedError):
        site.found(0)
    assert site.found(0) == theirs


def test_a_run_that_was_exported_earlier_is_looked_for_further_back(site: Site):
    theirs = site.sent(0)
    site.time.passes(100_000)
    for number in range(1, PAGE_RUNS + 1):
        site.sent(number)
    run, waiting = site.run(9)
    now = site.time.clock.wall()
    later = StoredRun(**{**vars(run), "exported_at": now})
    assert site.seen.look_for(site.client, later, waiting, now) is None
    assert site.found(0) == theirs


def test_several_that_look_at_once_find_what_was_there_when_they_asked(site: Site):
    theirs = [site.sent(number) for number in range(RUNS)]
    asked = [(*site.run(number), site.time.clock.wall()) for number in range(RUNS)]
    with ThreadPoolExecutor(RUNS) as threads:
        looks = [threads.submit(site.seen.look_for, site.client, *one) for one in asked]
        assert [look.result() for look in looks] == theirs
    assert site.pages() < RUNS // PAGE_RUNS + RUNS


def test_applications_are_told_apart(site: Site):
    theirs = site.sent(0)
    run, waiting = site.run(0)
    now = site.time.clock.wall()
    elsewhere = Waiting(**{**vars(waiting), "app_id": "elsewhere"})
    assert site.found(0) == theirs
    assert site.seen.look_for(site.client, run, elsewhere, now) is None
