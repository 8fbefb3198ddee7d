"""`replay`: a run against another function, without another run unless one is wanted."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import orjson
import pytest

from nextmv_autotrack import (
    ReplayError,
    Run,
    Status,
    UnknownRunError,
    current_run,
    last_run,
    replay,
    track_run,
    tracked,
)
from nextmv_autotrack.journal import LEFT_OUT, Home
from nextmv_autotrack.replaying.replayed import Outcome, Replayed, Terms
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.sweep import Sweep
from nextmv_autotrack.tracker import Tracker

pytestmark = pytest.mark.usefixtures("tracker")


def plan(demand: dict[str, int], vehicles: int = 2) -> dict[str, Any]:
    return {
        "routes": sorted(demand)[:vehicles],
        "metrics": {"value": sum(demand.values()) / vehicles},
    }


@pytest.fixture
def recorded(tracker: Tracker) -> Run:
    """A run of `plan` with two towns and two vehicles."""
    tracked(options=["vehicles"])(plan)({"bonn": 4, "aachen": 12})
    return last()


def last() -> Run:
    run = last_run()
    assert run is not None
    return run


def runs(sources: Sources) -> list[str]:
    folder = sources.resolve().directory
    with Store.open(folder) as store:
        Sweep(store, Home(folder)).others()
        return [run.name for run in store.runs(limit=100)]


def test_the_same_function_comes_out_the_same(recorded: Run):
    found = replay(recorded, plan)
    assert (found.id, found.name) == (recorded.id, "plan")
    assert found.old.objective == found.new.objective == 8.0
    assert found.new.status is Status.SUCCEEDED
    assert (found.output_changed, found.is_worse, found.is_better) == (
        False,
        False,
        False,
    )
    assert found.new.duration is not None


def test_another_function_is_held_against_it(recorded: Run):
    found = replay(recorded, lambda demand, vehicles: plan(demand, vehicles - 1))
    assert (found.new.objective, found.delta) == (16.0, 8.0)
    assert found.is_worse
    assert found.output_changed
    better = replay(recorded, lambda demand, vehicles: plan(demand, 1), maximize=True)
    assert better.is_better
    assert not better.is_worse


def test_a_run_is_found_by_how_its_id_begins(recorded: Run):
    assert replay(recorded.id[:30], plan).id == recorded.id
    with pytest.raises(UnknownRunError):
        replay("ffff", plan)


def test_the_call_is_not_a_new_run(recorded: Run, sources: Sources):
    @tracked
    def inner(x: int) -> int:
        return x

    @tracked
    def outer(demand: dict[str, int], vehicles: int) -> Any:
        with track_run("block") as block:
            block.output = inner(vehicles)
        return plan(demand, vehicles)

    assert not replay(recorded, outer).is_worse
    assert runs(sources) == ["plan"]
    assert last_run() is recorded
    inner(3)
    assert len(runs(sources)) == 2


def test_the_call_is_a_new_run_when_that_is_asked_for(recorded: Run, sources: Sources):
    @tracked(name="again", sample=0.0, options=["vehicles"])
    def outer(demand: dict[str, int], vehicles: int) -> Any:
        with track_run("inside"):
            return plan(demand, vehicles)

    found = replay(recorded, outer, track=True)
    assert found.new.objective == 8.0
    assert sorted(runs(sources)) == ["again", "inside", "plan"]


@pytest.mark.parametrize("settings", [{"enabled": False}, {"sample": 0.0}])
def test_a_function_that_is_not_tracked_usually_is_replayed_all_the_same(
    recorded: Run, sources: Sources, settings: dict[str, Any]
):
    again = tracked(**settings)(plan)
    assert replay(recorded, again).new.objective == 8.0
    again({"essen": 1})
    assert runs(sources) == ["plan"]


def test_what_its_settings_make_of_the_result_counts(recorded: Run):
    def value(vehicles: int) -> dict[str, float]:
        return {"value": 8.0 * vehicles}

    @tracked(metrics=value, output=lambda _: {"routes": ["aachen", "bonn"]})
    def bare(demand: dict[str, int], vehicles: int) -> int:
        return 1

    class Callable:
        def __call__(self, demand: dict[str, int], vehicles: int) -> int:
            return 1

    for function in (bare, tracked(metrics=value)(Callable())):
        found = replay(recorded, function)
        assert found.new.objective == 8.0
    assert not replay(recorded, bare).output_changed


def test_inside_a_run_it_is_no_part_of_it(recorded: Run, sources: Sources):
    @tracked(name="model")
    def model(demand: dict[str, int], vehicles: int = 2) -> Any:
        return plan(demand, vehicles)

    with track_run("report") as report:
        assert not replay(recorded, model).is_worse
        assert current_run() is report
    assert sorted(runs(sources)) == ["plan", "report"]


def test_what_happens_in_other_threads_is_recorded_as_ever(
    recorded: Run, sources: Sources
):
    inside, done = threading.Event(), threading.Event()

    def beside() -> None:
        inside.wait()
        with track_run("beside"):
            pass
        done.set()

    def slow(demand: dict[str, int], vehicles: int) -> Any:
        inside.set()
        done.wait()
        return plan(demand, vehicles)

    thread = threading.Thread(target=beside)
    thread.start()
    replay(recorded, slow)
    thread.join()
    assert sorted(runs(sources)) == ["beside", "plan"]


@pytest.mark.parametrize("track", [True, False])
def test_replays_may_happen_side_by_side_and_inside_each_other(
    recorded: Run,
    sources: Sources,
    track: bool,  # noqa: FBT001 -- a case of the test
):
    both_inside = threading.Barrier(2)
    found = []

    @tracked(name="again")
    def again(demand: dict[str, int], vehicles: int = 2) -> Any:
        both_inside.wait()
        inner = replay(recorded, tracked(plan), track=track)
        assert inner.new.objective == 8.0
        both_inside.wait()
        return plan(demand, vehicles)

    threads = [
        threading.Thread(
            target=lambda: found.append(replay(recorded, again, track=track))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.new.objective for one in found] == [8.0, 8.0]
    tracked(plan)({"essen": 1})
    names = runs(sources)
    assert names.count("again") == (2 if track else 0)
    assert names.count("plan") == (4 if track else 2)


def test_where_there_are_no_runs_no_folder_is_left(sources: Sources):
    folder = sources.resolve().directory
    with pytest.raises(UnknownRunError):
        replay("0199", plan)
    assert not folder.exists()


def test_what_it_raises_is_its_outcome(recorded: Run):
    def broken(demand: dict[str, int], vehicles: int) -> None:
        raise ValueError("no vehicles")

    found = replay(recorded, broken)
    assert found.new.error == "ValueError: no vehicles"
    assert (found.new.status, found.new.objective) == (Status.FAILED, None)
    assert found.is_worse


def test_an_exit_with_code_0_is_a_success(recorded: Run):
    def leaving(demand: dict[str, int], vehicles: int) -> None:
        raise SystemExit(0)

    assert replay(recorded, leaving).new.status is Status.SUCCEEDED


def test_whatever_else_it_raises_goes_no_further(recorded: Run):
    class Odd(BaseException):
        pass

    def odd(demand: dict[str, int], vehicles: int) -> None:
        raise Odd("no way")

    error = replay(recorded, odd).new.error
    assert error is not None
    assert error.endswith("Odd: no way")


def test_ctrl_c_is_for_whoever_replays(recorded: Run):
    def interrupted(demand: dict[str, int], vehicles: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(recorded, interrupted)
    assert not replay(recorded, plan).is_worse


def test_every_kind_of_function_is_called_to_its_end(recorded: Run):
    async def waiting(demand: dict[str, int], vehicles: int) -> Any:
        await asyncio.sleep(0)
        return plan(demand, vehicles)

    def yielding(demand: dict[str, int], vehicles: int) -> Iterator[int]:
        yield 1
        yield 2

    async def both(demand: dict[str, int], vehicles: int) -> AsyncIterator[int]:
        yield 1

    assert replay(recorded, waiting).new.objective == 8.0
    for function in (yielding, tracked(yielding), both):
        found = replay(recorded, function)
        assert found.new.status is Status.SUCCEEDED
        assert found.output_changed


def test_a_coroutine_is_not_replayed_where_a_loop_runs(recorded: Run):
    async def waiting(demand: dict[str, int], vehicles: int) -> Any:
        return plan(demand, vehicles)

    async def replayed_here() -> None:
        with pytest.raises(ReplayError, match="to_thread"):
            replay(recorded, waiting)
        found = await asyncio.to_thread(replay, recorded, waiting)
        assert found.new.objective == 8.0
        assert replay(recorded, plan).new.objective == 8.0

    asyncio.run(replayed_here())


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_model_may_fork(recorded: Run, sources: Sources):
    fork = getattr(os, "fork", None)
    if fork is None:
        pytest.skip("it needs fork")

    @tracked
    def forking(demand: dict[str, int], vehicles: int) -> Any:
        child = fork()
        if not child:
            with track_run("child"):
                os._exit(0)
        os.waitpid(child, 0)
        return plan(demand, vehicles)

    assert replay(recorded, forking).new.objective == 8.0
    assert runs(sources) == ["plan"]


def test_a_run_in_progress_is_not_replayed():
    with (
        track_run("slow", input={"demand": {}}) as run,
        pytest.raises(ReplayError, match="has not ended"),
    ):
        replay(run, plan)


def test_a_function_that_does_not_fit_is_said(recorded: Run):
    with pytest.raises(ReplayError, match="does not fit"):
        replay(recorded, lambda: None)


def test_an_input_that_was_cut_is_not_replayed():
    tracked(max_payload=1024)(lambda data: data)(["x" * 100] * 100)
    with pytest.raises(ReplayError, match="max_payload"):
        replay(last(), lambda data: data)


def test_an_input_that_the_disk_had_no_room_for_is_not_replayed():
    tracked(lambda data: data)(orjson.loads(LEFT_OUT))
    with pytest.raises(ReplayError, match="only a summary of its input"):
        replay(last(), lambda data: data)


@pytest.mark.parametrize(
    "given",
    [
        {"truncated": True, "type": "x"},
        {"truncated": True, "type": "?", "of": 1},
        {"truncated": True, "reason": "the tour is too long"},
        {"truncated": True},
        'a text that ends with "<cycle>',
        "<cycles>",
    ],
)
def test_an_input_that_merely_looks_cut_is_replayed(given: Any):
    tracked(lambda data: data)(given)
    assert replay(last(), lambda data: data).output_changed is False


def circle() -> list[Any]:
    found: list[Any] = [1]
    found.append(found)
    return found


def deep() -> list[Any]:
    found: list[Any] = []
    for _ in range(1000):
        found = [found]
    return found


@pytest.mark.parametrize(("make", "mark"), [(circle, "<cycle>"), (deep, "<too deep>")])
def test_an_input_of_which_a_part_was_left_out_is_not_replayed(
    make: Callable[[], Any], mark: str
):
    tracked(lambda data: 1)(make())
    with pytest.raises(ReplayError, match=f"its input has {mark} in it"):
        replay(last(), lambda data: 1)


def test_an_output_that_was_cut_is_not_compared():
    def model(n: int) -> list[str]:
        return ["x" * 100] * n

    tracked(max_payload=1024)(model)(100)
    assert replay(last(), model).output_changed is None
    assert replay(last(), tracked(max_payload=1024)(model)).output_changed is None


def test_an_output_that_was_not_to_be_recorded_is_not_compared():
    tracked(output=False)(plan)({"bonn": 4})
    found = replay(last(), plan)
    assert (found.output_changed, found.is_worse) == (None, False)


def test_an_output_that_is_not_to_be_recorded_any_more_is_compared(recorded: Run):
    found = replay(recorded, tracked(output=False)(plan))
    assert (found.output_changed, found.is_worse) == (False, False)


def test_an_input_that_had_to_go_is_not_replayed(recorded: Run, sources: Sources):
    runs(sources)
    with Store.open(sources.resolve().directory) as store:
        store.upkeep.trim(max_bytes=0, before=0)
    with pytest.raises(ReplayError, match="max_disk"):
        replay(recorded, plan)


def test_a_block_without_an_input_calls_a_function_without_arguments():
    with track_run("report") as run:
        run.output = [1]
    found = replay(run, lambda: [1])
    assert not found.output_changed


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"tolerance": float("nan")}, "tolerance=nan: give a share"),
        ({"tolerance": float("inf")}, "tolerance=inf: give a share"),
        ({"tolerance": -1}, "tolerance=-1: give a share"),
        ({"tolerance": "a"}, "tolerance='a': give a share"),
        ({"tolerance": None}, "tolerance=None: give a share"),
        ({"tolerance": True}, "tolerance=True: give a share"),
        ({"objective": ""}, "objective='': give the name"),
        ({"objective": 3}, "objective=3: give the name"),
        ({"maximize": "no"}, "maximize='no': give True or False"),
    ],
)
def test_terms_that_make_no_sense_are_refused(
    recorded: Run, terms: dict[str, Any], said: str
):
    with pytest.raises(ReplayError, match=said):
        replay(recorded, plan, **terms)


@pytest.mark.parametrize("run", [None, 5, b"01a"])
def test_what_is_no_run_is_refused(run: Any):
    with pytest.raises(ReplayError, match="is no run: give one, or its id"):
        replay(run, plan)


@pytest.mark.parametrize(
    ("function", "said"),
    [(list, "list is a class: replay a function"), (5, "5 cannot be called")],
)
def test_what_is_no_function_is_refused(recorded: Run, function: Any, said: str):
    with pytest.raises(ReplayError, match=said):
        replay(recorded, function)


def test_an_objective_that_the_run_does_not_have_is_refused(recorded: Run):
    with pytest.raises(ReplayError, match=r"has no metric valeu; there are: .*value"):
        replay(recorded, plan, objective="valeu")
    with track_run("plan", input={"demand": {"bonn": 4}}) as failed:
        failed.fail("no way")
    assert replay(failed, plan, objective="value").is_better


def test_why_there_is_no_objective_is_told(recorded: Run):
    def told(value: Any) -> str | None:
        return replay(recorded, lambda **_: {"metrics": {"value": value}}).remark

    assert told(float("nan")) == "metric value is now null: NaN, infinite or None"
    assert told("12") == 'metric value is now "12": no number'
    assert told(12) is None


def outcome(value: float | None, status: Status = Status.SUCCEEDED) -> Outcome:
    return Outcome(status, value, 1.0)


FAILED = outcome(None, Status.FAILED)


@pytest.mark.parametrize(
    ("old", "new", "terms", "is_worse", "is_better"),
    [
        (outcome(100), outcome(101), Terms(), True, False),
        (outcome(100), outcome(99), Terms(), False, True),
        (outcome(100), outcome(101), Terms(maximize=True), False, True),
        (outcome(100), outcome(99), Terms(maximize=True), True, False),
        (outcome(100), outcome(101), Terms(tolerance=0.02), False, False),
        (outcome(-100), outcome(-97), Terms(tolerance=0.02), True, False),
        (outcome(100), outcome(100 + 1e-9), Terms(), False, False),
        (outcome(0), outcome(1e-3), Terms(), True, False),
        (outcome(0), outcome(0), Terms(tolerance=0), False, False),
        (outcome(0), outcome(1e-12), Terms(), False, False),
        (outcome(1e-12), outcome(0), Terms(), False, False),
        (outcome(0), outcome(1e-12), Terms(tolerance=0), True, False),
        (outcome(100), outcome(None), Terms(), True, False),
        (outcome(None), outcome(100), Terms(), False, False),
        (outcome(None), outcome(None), Terms(), False, False),
        (outcome(100), FAILED, Terms(), True, False),
        (FAILED, outcome(100), Terms(), False, True),
        (FAILED, FAILED, Terms(), False, False),
    ],
)
def test_worse_and_better(
    old: Outcome,
    new: Outcome,
    terms: Terms,
    is_worse: bool,  # noqa: FBT001 -- a case of the test
    is_better: bool,  # noqa: FBT001 -- a case of the test
):
    found = Replayed("", "", old, new, output_changed=True, terms=terms)
    assert (found.is_worse, found.is_better) == (is_worse, is_better)


def test_a_run_that_was_given_secrets_says_so_and_is_not_changed_by_them(
    tracker: Tracker,
):
    def connect(data: list[Any]) -> dict[str, Any]:
        return {"deep": [data], "metrics": {"value": 1.0}}

    tracked(connect)([{"user": "me", "password": "hunter2"}])
    found = replay(last(), connect)
    assert found.remark is not None
    assert "redacted" in found.remark
    assert found.output_changed is False
