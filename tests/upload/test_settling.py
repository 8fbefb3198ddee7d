from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from nextmv_autotrack.errors import RefusedError, StoreError, UnreachableError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.nextmv_api.wire import marker
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.store import lane as lanes
from nextmv_autotrack.store.lane import Lane
from nextmv_autotrack.upload.crew import Crew
from nextmv_autotrack.upload.deliveries import Deliveries
from nextmv_autotrack.upload.retry import NOT_SENT, OUTAGE, SOMEBODY
from nextmv_autotrack.upload.settling import FLAKY_TROUBLES, Settling
from nextmv_autotrack.whereabouts import CREATE_ENDS_S, CREATE_SETTLES_S
from tests.store.journals import ENDPOINT, Journal, run_id
from tests.upload.model_platform import ModelPlatform, Time, Trouble

pytestmark = pytest.mark.usefixtures("as_for_users")

OWNER = "1-a"
GONE = UnreachableError("no connection came about", may_have_acted=False)
LOST = UnreachableError("the connection broke")


def refused(status_code: int, words: str = "no", wait_s: float | None = None):
    return RefusedError(words, status_code=status_code, retry_after_s=wait_s)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a store with six runs that wait, even ones of another application."""
    with opened(tmp_path) as store, Journal(tmp_path, OWNER) as journal:
        for number in range(1, 7):
            app_id = "routing" if number % 2 else "packing"
            journal.begin(number, b'"an input"', delivery="waiting", app_id=app_id)
            journal.end(number)
        journal.move(store)
        yield store


def opened(folder: Path) -> Store:
    return Store.open(folder, is_alive=lambda _: True)


@pytest.fixture
def settling(time: Time) -> Settling:
    return Settling(time.clock, chance=lambda: 1.0)


def claim(
    store: Store, time: Time, limit: int = 100, without_apps: tuple[str, ...] = ()
) -> list[StoredRun]:
    return store.claim(
        OWNER,
        endpoint=ENDPOINT,
        now=time.clock.wall(),
        limit=limit,
        without_apps=without_apps,
    )


def lane_of(store: Store) -> Lane:
    return lanes.load(store._connection, ENDPOINT)


def apps(runs: list[StoredRun]) -> set[str | None]:
    return {run.app_id for run in runs}


# --- An application.


def test_a_refusal_of_an_application_holds_it_and_no_other(store, settling, time):
    (first,) = claim(store, time, 1)
    settling.not_delivered(first, refused(404), may_be_created=False)
    settling.keep(store)
    assert settling.held_applications() == ["routing"]
    assert apps(claim(store, time, without_apps=("routing",))) == {"packing"}


@pytest.mark.parametrize("status", [401, 403, 404])
def test_it_holds_no_other_process(store, settling, time, status):
    (first,) = claim(store, time, 1)
    settling.not_delivered(first, refused(status), may_be_created=False)
    settling.keep(store)
    # It may have another key.
    assert apps(claim(store, time)) == {"routing", "packing"}


def test_it_is_tried_again_after_a_minute_and_then_less_and_less_often(
    store, settling, time
):
    (run,) = claim(store, time, 1)
    waits_s = []
    for _ in range(9):
        settling.not_delivered(run, refused(404), may_be_created=False)
        waits_s.append(settling.next_application_at() - time.now)
        time.passes(waits_s[-1])
        assert settling.held_applications() == []
    assert waits_s[:3] == [60, 120, 240]
    assert waits_s[-1] == SOMEBODY.longest_s


def test_what_is_refused_together_counts_once(store, settling, time):
    for run in claim(store, time):
        settling.not_delivered(run, refused(403), may_be_created=False)
    assert settling.next_application_at() == time.now + 60
    assert sorted(settling.held_applications()) == ["packing", "routing"]


def test_a_run_that_arrives_ends_the_hold(store, settling, time):
    one, _, other, *_ = claim(store, time)
    settling.not_delivered(one, refused(403), may_be_created=False)
    settling.delivered(other, "platform-1")
    assert settling.held_applications() == []
    assert settling.next_application_at() == math.inf


def test_with_another_key_all_applications_are_tried(store, settling, time):
    for run in claim(store, time):
        settling.not_delivered(run, refused(401), may_be_created=False)
    settling.try_all_applications()
    assert settling.held_applications() == []


# --- The platform.


@pytest.mark.parametrize("problem", [GONE, LOST, refused(503), refused(429)])
def test_trouble_with_the_platform_holds_all_processes(store, settling, time, problem):
    (first,) = claim(store, time, 1)
    settling.not_delivered(first, problem, may_be_created=False)
    settling.keep(store)
    assert settling.held_applications() == []
    assert claim(store, time) == []
    time.passes(10)
    (tried,) = claim(store, time)
    assert tried.id != first.id


def test_what_the_platform_asks_to_wait_is_waited_by_all(store, settling, time):
    (first,) = claim(store, time, 1)
    settling.not_delivered(first, refused(429, wait_s=50), may_be_created=False)
    settling.keep(store)
    assert lane_of(store).held_until == pytest.approx(time.now + 55)
    assert store.next_due(ENDPOINT, time.now) == lane_of(store).held_until


def test_a_run_that_arrives_lets_all_go_on(store, settling, time):
    (one,) = claim(store, time, 1)
    settling.not_delivered(one, GONE, may_be_created=False)
    settling.keep(store)
    time.passes(1)
    (tried,) = claim(store, time)
    settling.delivered(tried, "platform-1")
    settling.keep(store)
    assert len(claim(store, time)) == 5


@pytest.mark.parametrize(
    ("has_progressed", "longest_s"), [(False, 300), (True, 2 ** (FLAKY_TROUBLES - 1))]
)
def test_a_platform_that_does_some_of_it_is_never_held_for_long(
    store, settling, time, has_progressed, longest_s
):
    first, *_ = claim(store, time)
    held_s = []
    for _ in range(12):
        settling.not_delivered(
            first, GONE, may_be_created=False, has_progressed=has_progressed
        )
        settling.keep(store)
        held_s.append(lane_of(store).held_until - time.now)
        time.passes(held_s[-1])
    assert max(held_s) == pytest.approx(longest_s)


# --- A run.


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_rejected_run_is_kept_with_the_servers_words(store, settling, time, status):
    first, *_ = claim(store, time)
    settling.not_delivered(
        first, refused(status, "options: not strings"), may_be_created=False
    )
    settling.keep(store)
    run = store.run(first.id)
    assert (run.delivery, run.problem) == (Delivery.REJECTED, "options: not strings")
    assert lane_of(store).troubles == 0
    assert settling.held_applications() == []


def test_a_no_to_a_run_that_was_only_looked_for_rejects_nothing(store, settling, time):
    first, *_ = claim(store, time)
    settling.not_delivered(first, refused(400), may_be_created=True, no_means=NOT_SENT)
    settling.keep(store)
    assert store.run(first.id).delivery is Delivery.WAITING
    assert settling.held_applications() == ["routing"]


def test_a_run_that_may_be_there_is_not_looked_for_at_once(store, settling, time):
    (run,) = claim(store, time, 1)
    settling.uploaded(run, {"input": "upload-1"}, time.now, time.now, OWNER)
    settling.keep(store)
    # The answer was waited for.
    time.passes(30)
    settling.not_delivered(run, LOST, may_be_created=True)
    settling.keep(store)
    assert store.run(run.id).create_begun_at == time.now - 30
    time.passes(CREATE_SETTLES_S - 0.1)
    assert run.id not in {due.id for due in claim(store, time)}
    store.settle(ENDPOINT, [], lambda _: Lane())
    time.passes(0.2)
    assert run.id in {due.id for due in claim(store, time)}


@pytest.mark.parametrize("settles_s", [CREATE_SETTLES_S, CREATE_ENDS_S])
def test_a_run_whose_call_was_lost_is_made_anew_when_the_call_has_ended_for_sure(
    store, settling, time, settles_s
):
    (run,) = claim(store, time, 1)
    settling.uploaded(run, {"input": "upload-1"}, time.now, time.now, OWNER)
    time.passes(30)
    settling.not_delivered(run, LOST, may_be_created=True, settles_s=settles_s)
    settling.keep(store)
    begun_at = store.run(run.id).create_begun_at
    assert begun_at + CREATE_ENDS_S == time.now + settles_s


def test_a_mistake_of_ours_lets_the_run_wait_and_no_other(store, settling, time):
    (first,) = claim(store, time, 1)
    settling.not_delivered(first, ValueError("a mistake"), may_be_created=False)
    settling.keep(store)
    assert store.run(first.id).problem == "ValueError: a mistake"
    assert len(claim(store, time)) == 5
    time.passes(OUTAGE.first_s)
    assert [run.id for run in claim(store, time)] == [first.id]


# --- A store that keeps nothing.


def test_what_the_store_cannot_keep_stays_and_is_kept_later(
    store, settling, time, tmp_path
):
    one, other, *_ = claim(store, time)
    settling.delivered(one, "platform-1")
    settling.not_delivered(other, refused(422), may_be_created=False)
    store.close()
    for _ in range(2):
        with pytest.raises(StoreError, match="closed"):
            settling.keep(store)
        assert settling.is_stuck
    with opened(tmp_path) as again:
        settling.keep(again)
        assert not settling.is_stuck
        assert again.run(one.id).platform_run_id == "platform-1"
        assert again.run(other.id).delivery is Delivery.REJECTED


def test_what_a_read_only_store_cannot_keep_is_kept_when_it_can_be_written(
    store, settling, time
):
    one, *_ = claim(store, time)
    settling.delivered(one, "platform-1")
    store._connection.execute("PRAGMA query_only = 1")
    with pytest.raises(StoreError, match="read-only"):
        settling.keep(store)
    store._connection.execute("PRAGMA query_only = 0")
    settling.keep(store)
    assert store.run(one.id).delivery is Delivery.DELIVERED


def test_what_is_kept_is_not_kept_again(store, settling, time):
    one, other, *_ = claim(store, time)
    settling.not_delivered(one, GONE, may_be_created=False)
    settling.keep(store)
    settling.not_delivered(other, GONE, may_be_created=False)
    settling.keep(store)
    assert store.run(one.id).attempts == 1
    assert lane_of(store).troubles == 1


# --- All of it, on the way to a platform.


class Site:
    """A process, a platform, and the store between them."""

    def __init__(self, folder: Path, time: Time) -> None:
        self.folder, self.time = folder, time
        self.platform = ModelPlatform(time)
        self.store = opened(folder)
        variables = {"NEXTMV_API_KEY": "a-key", "NEXTMV_ENDPOINT": ENDPOINT}
        self.sources = Sources(variables, folder, complain=pytest.fail)
        self.deliveries = Deliveries(
            OWNER,
            family=OWNER,
            sources=self.sources,
            clock=time.clock,
            crew=lambda: Crew(0),
            connect=lambda access: Client.to(access, transport=self.platform),
        )

    def go_on(self, seconds: float = 0.0) -> None:
        """Deliver whatever becomes due in that time."""
        until = self.time.now + seconds
        while (look_at := self.deliveries.go_on(self.store)) <= until:
            self.time.passes(max(0.01, look_at - self.time.now))
        self.time.now = max(until, self.time.now)

    def trouble(self, call: str, *troubles: Trouble) -> None:
        self.platform.troubles[call].extend(troubles)

    def arrived(self) -> list[int]:
        return [n for n in range(1, 7) if self.platform.ids(marker(run_id(n)))]

    def waiting(self) -> list[int]:
        kept = {run.id: run for run in self.store.runs(limit=100)}
        waits = Delivery.WAITING
        return [n for n in range(1, 7) if kept[run_id(n)].delivery is waits]


@pytest.fixture
def site(store: Store, tmp_path: Path, time: Time) -> Iterator[Site]:
    site = Site(tmp_path, time)
    yield site
    site.store.close()


def test_all_runs_arrive_and_nothing_is_left_to_do(site):
    site.go_on()
    assert site.arrived() == [1, 2, 3, 4, 5, 6]
    assert site.waiting() == []
    assert site.deliveries.go_on(site.store) == math.inf


def test_an_application_that_is_not_there_holds_up_no_other(site):
    site.platform.apps["packing"] = 404
    site.go_on(300)
    assert site.arrived() == [1, 3, 5]
    assert site.waiting() == [2, 4, 6]
    del site.platform.apps["packing"]
    site.go_on(3600)
    assert site.arrived() == [1, 2, 3, 4, 5, 6]


def test_a_key_that_is_changed_is_tried_at_once_with_all_runs(site):
    site.platform.keys["a-key"] = 401
    site.go_on(3600)
    assert site.arrived() == []
    site.sources.configure(api_key="another-key")
    site.go_on()
    assert site.arrived() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("poisoned", [(1,), (1, 2, 3), (2, 5), (1, 2, 3, 4, 5)])
def test_runs_that_the_platform_cannot_bear_hold_up_no_other(site, poisoned):
    site.platform.unbearable.update(marker(run_id(number)) for number in poisoned)
    site.go_on(60)
    assert site.arrived() == [n for n in range(1, 7) if n not in poisoned]
    assert site.waiting() == list(poisoned)


def test_a_run_that_comes_while_others_cannot_be_borne_arrives(site, tmp_path):
    site.platform.unbearable.update(marker(run_id(n)) for n in range(1, 7))
    site.go_on(86400)
    with Journal(tmp_path, "2-b") as journal:
        journal.ended(99, delivery="waiting", app_id="routing")
        journal.move(site.store)
    site.go_on(1200)
    assert site.platform.ids(marker(run_id(99)))


def test_an_outage_of_a_day_costs_one_attempt_at_a_time_and_no_run(site):
    for call in site.platform.troubles:
        site.trouble(call, *[Trouble("", httpx.ConnectError)] * 10_000)
    site.go_on(86400)
    assert len(site.platform.asked) < 86400 / 100
    site.platform.forget_troubles()
    site.go_on(600)
    assert site.arrived() == [1, 2, 3, 4, 5, 6]


def test_a_run_whose_payload_is_lost_holds_up_no_other(site):
    site.store._connection.execute(
        "UPDATE runs SET output = ? WHERE id = ?", ("0" * 64, run_id(1))
    )
    site.go_on()
    assert site.arrived() == [2, 3, 4, 5, 6]
    assert site.waiting() == [1]


def test_a_run_that_may_be_there_is_looked_for_even_after_its_payload_was_away(site):
    site.trouble("create", Trouble("at once", httpx.ReadError))
    site.go_on()
    hide = "UPDATE runs SET output = ? WHERE id = ?"
    site.store._connection.execute(hide, ("away", run_id(1)))
    site.go_on(30)
    site.store._connection.execute(hide, (None, run_id(1)))
    site.go_on(600)
    assert site.platform.wrongs == []
    assert site.waiting() == []
    assert site.arrived() == [1, 2, 3, 4, 5, 6]


def test_parts_that_have_expired_are_uploaded_again_and_nothing_is_rejected(site):
    # The lid of a laptop is closed before the run is created.
    site.trouble("create", Trouble("at once", takes_s=3600))
    site.go_on()
    assert site.arrived() != [1, 2, 3, 4, 5, 6]
    site.go_on(600)
    assert site.waiting() == []
    assert site.arrived() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("call", ["a place", "put", "create"])
def test_a_store_that_fails_while_a_run_is_sent_neither_loses_nor_doubles_it(
    site, tmp_path, call
):
    site.platform.go_on_meanwhile = site.store.close
    site.trouble(call, Trouble("at once", others_go_on="after"))
    with pytest.raises(StoreError, match="closed"):
        site.go_on()
    site.store = opened(tmp_path)
    site.go_on(60)
    assert site.waiting() == []
    assert site.arrived() == [1, 2, 3, 4, 5, 6]
    assert len(site.platform.runs) == 6
