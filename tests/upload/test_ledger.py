from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from nextmv_autotrack.errors import StoreError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.nextmv_api.wire import marker
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import Store
from nextmv_autotrack.upload.crew import Crew
from nextmv_autotrack.upload.deliveries import Deliveries
from nextmv_autotrack.upload.worker import STORE_RETRY_S
from nextmv_autotrack.whereabouts import CREATE_ENDS_S
from tests.store.journals import ENDPOINT, Journal, run_id
from tests.upload.model_platform import (
    CALLS,
    NO_TROUBLE,
    Killed,
    ModelPlatform,
    Time,
    Trouble,
)

LARGE = 40_000
MOST_RUNS = 20

MINUTE_S = 60.0
DAY_S = 86400.0

LOST = [httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError]
NOT_DONE = [
    *[Trouble("", error) for error in (*LOST, httpx.ConnectError)],
    *[Trouble("", status) for status in (401, 403, 404, 408, 425, 429, 500, 503)],
    *[Trouble("", status, asks_s=20) for status in (408, 425, 429, 503)],
    Trouble("", 429, asks_s=90, as_date=True),
]
DONE_BUT_NOT_TOLD = [
    *[Trouble("at once", error) for error in LOST],
    *[Trouble("at once", status) for status in (408, 500, 502, 503, 504)],
    Trouble("at once", 200, body=b"<p>Welcome to our hotel</p>"),
]
DONE_LATER = [
    *[Trouble("later", error) for error in LOST],
    Trouble("later", 502),
    Trouble("later", 504, takes_s=29),
    Trouble("later", httpx.ReadTimeout, takes_s=30),
    # Where we, or a gateway, would not wait for it.
    *[Trouble("much later", ends) for ends in (502, 504, httpx.ReadTimeout)],
]
DEATH = [Trouble(acts, Killed) for acts in ("", "at once", "later", "much later")]
LID_IS_CLOSED = [
    Trouble("at once", ends, takes_s=16 * MINUTE_S) for ends in (None, *LOST)
]
OTHERS_GO_ON = [
    Trouble("at once", others_go_on="before"),
    Trouble("at once", others_go_on="after"),
    Trouble("at once", httpx.ReadError, others_go_on="after"),
]
KINDS = [
    [NO_TROUBLE],
    NOT_DONE,
    DONE_BUT_NOT_TOLD,
    DONE_LATER,
    DEATH,
    LID_IS_CLOSED,
    OTHERS_GO_ON,
]

PROCESSES = st.sampled_from([0, 1])
AHEAD = st.lists(
    st.tuples(
        st.sampled_from([*CALLS, "create", "create"]),
        st.sampled_from(KINDS).flatmap(st.sampled_from),
    ),
    max_size=2,
)
"""What becomes of the next request of a call, and of those after it."""


AHEAD_S = [0, -DAY_S, -1900, -600, 600, 1900, DAY_S]
"""How far the clock of the machine is ahead of the platform's."""

Event = str | float | None
EVENTS: st.SearchStrategy[Event] = st.sampled_from(
    [
        *[None] * 20,
        *["death", "death", "two hours", "revoked key", "good key", "rest", "others"],
        *AHEAD_S,
    ]
)
"""What happens before; a number: the clock of the machine is set."""

FAULTS = st.sampled_from([*[None] * 60, *["payloads"] * 8, *range(40)])
"""None, no payloads, or a database that fails from so many statements on."""

RUNS = st.lists(
    st.tuples(
        st.sampled_from(["packing", "routing"]),
        st.sampled_from([0, 2, LARGE]),
        st.sampled_from(["good"] * 5 + ["unwanted", "unbearable"]),
    ),
    max_size=3,
)
"""The application of each, the size of its input, and how the platform likes it."""

WAITS_S = st.sampled_from([None, None, None, 0, 0.5, 5, 20, 90, 13.5 * MINUTE_S])
"""None: as long as it wants."""


class Process:
    """One that delivers; when it dies another one takes its place."""

    def __init__(self, owner: str, machine: Ledger) -> None:
        self.owner = owner
        self.is_at_work = False
        self.look_at = 0.0
        self._machine = machine
        machine.alive.add(owner)
        self.store = self.opened()
        self.deliveries = Deliveries(
            owner,
            family=owner,
            sources=machine.sources,
            clock=machine.time.clock,
            crew=lambda: Crew(0),
            connect=lambda access: Client.to(access, transport=machine.platform),
        )

    def opened(self) -> Store:
        machine = self._machine
        return Store.open(machine.folder, is_alive=machine.alive.__contains__)

    def go_on(self) -> None:
        if self.is_at_work:
            return
        self.is_at_work = True
        try:
            self.look_at = self.deliveries.go_on(self.store)
        except StoreError:
            self.store.close()
            self.store = self.opened()
            self.look_at = self._machine.time.now + STORE_RETRY_S
        except Killed:
            self.die()
        finally:
            self.is_at_work = False

    def die(self) -> None:
        self._machine.alive.remove(self.owner)
        self.store.close()


class Ledger(RuleBasedStateMachine):
    """Two processes, a platform and a network of the worst kind."""

    def __init__(self) -> None:
        super().__init__()
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.time = Time()
        self.platform = ModelPlatform(self.time)
        self.platform.go_on_meanwhile = self.all_go_on
        variables = {"NEXTMV_API_KEY": "a-key", "NEXTMV_ENDPOINT": ENDPOINT}
        self.sources = Sources(variables, self.folder, complain=pytest.fail)
        self.alive: set[str] = set()
        self.born = 0
        self.journal = Journal(self.folder, "user")
        self.processes = [self.another(), self.another()]
        self.tracked: dict[str, bytes] = {}

    def another(self) -> Process:
        self.born += 1
        return Process(f"process-{self.born}", self)

    def all_go_on(self) -> None:
        for process in self.processes:
            if process.owner in self.alive:
                process.go_on()

    def bury(self) -> None:
        for place, process in enumerate(self.processes):
            if process.owner not in self.alive:
                self.processes[place] = self.another()

    @initialize(ahead_s=st.sampled_from(AHEAD_S))
    def the_clock_may_be_wrong(self, ahead_s: float) -> None:
        self.time.ahead_s = ahead_s

    def a_run_is_tracked(self, app: str, size: int, kind: str) -> None:
        number = len(self.tracked)
        content = b'"%0*d"' % (size, number) if size else b""
        self.journal.begin(number, content, delivery="waiting", app_id=app)
        self.journal.log(number, b"line %d\n" % number)
        self.journal.end(number, b"%d" % number)
        self.journal.move(self.processes[0].store)
        # It is a text.
        self.tracked[run_id(number)] = content.strip(b'"') or b"{}"
        if kind == "unwanted":
            self.platform.unwanted.add(marker(run_id(number)))
        elif kind == "unbearable":
            self.platform.unbearable.add(marker(run_id(number)))

    @rule(
        event=EVENTS,
        new_runs=RUNS,
        seconds=WAITS_S,
        process=PROCESSES,
        troubles=AHEAD,
        fault=FAULTS,
    )
    def one_goes_on(  # noqa: PLR0913, PLR0917 -- drawn by name
        self,
        event: Event,
        new_runs: list[tuple[str, int, str]],
        seconds: float | None,
        process: int,
        troubles: list[tuple[str, Trouble]],
        fault: str | int | None,
    ) -> None:
        self.something_happens(event, process)
        for new_run in new_runs[: MOST_RUNS - len(self.tracked)]:
            self.a_run_is_tracked(*new_run)
        one = self.processes[process]
        if seconds is None and one.look_at != math.inf:
            seconds = max(0.0, one.look_at - self.time.now)
        self.time_passes(seconds or 0.0)
        self.platform.forget_troubles()
        for call, trouble in troubles:
            self.platform.troubles[call].append(trouble)
        if fault == "payloads":
            self.without_payloads(one.go_on)
        elif fault is not None:
            self.with_a_database_that_fails(one, fault)
        else:
            one.go_on()
        self.bury()

    def time_passes(self, seconds: float) -> None:
        self.time.passes(seconds)
        self.platform.catch_up()

    def without_payloads(self, go_on: Callable[[], None]) -> None:
        payloads = self.folder / "payloads"
        if payloads.exists():
            payloads.rename(self.folder / "elsewhere")
        go_on()
        if not payloads.exists() and (self.folder / "elsewhere").exists():
            (self.folder / "elsewhere").rename(payloads)

    def with_a_database_that_fails(self, one: Process, after: int) -> None:
        statements: list[str] = []
        connection = one.store._connection
        connection.set_trace_callback(statements.append)
        connection.set_progress_handler(lambda: len(statements) > after, 1)
        one.go_on()
        if one.owner in self.alive:
            one.store._connection.set_progress_handler(None, 0)
            one.store._connection.set_trace_callback(None)

    def something_happens(self, event: Event, process: int) -> None:
        match event:
            case "death":
                self.processes[process].die()
                self.bury()
            case "two hours":
                self.time_passes(7200)
            case "revoked key" | "good key":
                status = 401 if event == "revoked key" else 0
                self.platform.keys["a-key"] = status
                self.sources.configure(api_key="another-key" if status else "a-key")
            case "rest":
                self.processes[process].deliveries.rest()
            case "others":
                self.platform.add_runs_of_others(4, "routing")
            case float() | int():
                # Not in the very seconds in which a create call is still at work.
                self.time_passes(CREATE_ENDS_S)
                self.time.ahead_s = event

    @invariant()
    def no_run_is_twice_on_the_platform(self) -> None:
        for run in self.tracked:
            assert len(self.platform.ids(marker(run))) <= 1
        assert self.platform.wrongs == []

    @invariant()
    def what_the_store_calls_delivered_is_on_the_platform(self) -> None:
        for run in self.processes[0].store.runs(limit=1000):
            if run.delivery is Delivery.DELIVERED:
                assert self.platform.ids(marker(run.id)) == [run.platform_run_id]

    @invariant()
    def only_the_unwanted_are_rejected(self) -> None:
        for run in self.processes[0].store.runs(limit=1000):
            if run.delivery is Delivery.REJECTED:
                assert marker(run.id) in self.platform.unwanted, run.problem
                assert "this one is not for me" in run.problem

    def teardown(self) -> None:
        try:
            self.all_arrive_in_the_end()
        finally:
            for process in self.processes:
                process.store.close()
            self.journal.writer.close()
            self.temporary.cleanup()

    def all_arrive_in_the_end(self) -> None:
        self.platform.keys.clear()
        self.platform.end()
        # A hold is an hour, a clock that was set makes it another; then each run has
        # its place, should the platform have asked for the fewest calls there are.
        until = self.time.now + 3 * 3600 + 130 * len(self.tracked)
        while True:
            self.all_go_on()
            assert self.time.now < until
            if self.processes[0].store.waiting() == len(self.platform.unbearable):
                break
            look_at = min(process.look_at for process in self.processes)
            assert look_at != math.inf, "nobody looks after what waits"
            self.time.passes(max(0.01, look_at - self.time.now))
        for run in self.processes[0].store.runs(limit=1000):
            self.has_arrived(run.id, run.delivery)
        self.no_run_is_twice_on_the_platform()
        self.what_the_store_calls_delivered_is_on_the_platform()
        self.only_the_unwanted_are_rejected()

    def has_arrived(self, run: str, delivery: Delivery) -> None:
        if marker(run) in self.platform.unbearable:
            assert delivery is Delivery.WAITING
            assert self.platform.ids(marker(run)) == []
            return
        if marker(run) in self.platform.unwanted:
            assert delivery is Delivery.REJECTED
            assert self.platform.ids(marker(run)) == []
            return
        assert delivery is Delivery.DELIVERED
        parts = self.platform.parts(marker(run))
        number = int(run[-12:], 16)
        assert parts["input"] == self.tracked[run]
        assert json.loads(parts["output"]) == {"solution": number}
        assert parts["logs"] == b"line %d\n" % number


def test_whatever_happens_each_run_arrives_once(caplog: pytest.LogCaptureFixture):
    caplog.set_level("CRITICAL")
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=60,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
