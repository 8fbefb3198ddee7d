"""When recording fails, the call goes on, and one warning says what was left out."""

from __future__ import annotations

import asyncio
import errno
import logging

import pytest

from nextmv_autotrack import current_run, track_run, tracked
from nextmv_autotrack.capture import context
from nextmv_autotrack.journal import Kind

pytestmark = pytest.mark.usefixtures("as_for_users")


@pytest.fixture
def full(written):
    """A disk that is full for frames of these kinds."""
    kinds = set()
    append = written.recorder.append

    def appending(kind, meta, payload):
        if kind in kinds:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(kind, meta, payload)

    written.recorder.append = appending
    return kinds


@tracked
def plain(x):
    return x + 1


@tracked
async def later(x):
    return x + 1


@tracked
def steps(x):
    yield x + 1


@tracked
async def later_steps(x):
    yield x + 1


async def _all_of(items):
    return [item async for item in items]


# What the background thread writes is no part of a call.
KINDS = [kind for kind in Kind if kind not in (Kind.SEEN, Kind.PROCESS)]

CALLS = {
    "plain": lambda: plain(1),
    "coroutine": lambda: asyncio.run(later(1)),
    "generator": lambda: max(steps(1)),
    "async generator": lambda: asyncio.run(_all_of(later_steps(1)))[0],
}


def _warnings(caplog):
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_the_call_goes_on_when_a_frame_cannot_be_written(full, caplog, kind, call):
    full.add(kind)
    assert [call() for _ in range(3)] == [2, 2, 2]
    assert current_run() is None
    assert not context.open_roots
    if kind in (Kind.BEGIN, Kind.END):
        (message,) = _warnings(caplog)
        assert "No space left on device" in message
        assert caplog.records[0].levelno == logging.WARNING
        assert caplog.records[0].name == "nextmv_autotrack"


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_goes_on_when_a_frame_cannot_be_written(full, caplog, kind):
    full.add(kind)
    for _ in range(3):
        with track_run(input=[1], options={"a": 1}) as run:
            run.log("line")
            run.input = [2]
            run.metrics["a"] = 1
            run.output = [3]
            assert run.input == [2]
    assert current_run() is None
    assert not context.open_roots
    assert len(_warnings(caplog)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_exception_goes_on_when_a_frame_cannot_be_written(full, kind):
    full.add(kind)
    error = ValueError("no")

    @tracked
    def solve():
        raise error

    with pytest.raises(ValueError, match="no") as caught:
        solve()
    assert caught.value is error
    assert caught.value.__context__ is None
    assert not context.open_roots


def test_tracking_goes_on_when_there_is_room_again(full, written):
    full.add(Kind.BEGIN)
    plain(1)
    full.clear()
    plain(1)
    assert written.run.status == "succeeded"


def test_a_log_line_that_cannot_be_written_does_not_stop_the_handlers(
    full, written, caplog
):
    full.add(Kind.LOG)
    with track_run():
        logging.getLogger("model").warning("still here")
    assert "still here" in _warnings(caplog)
    assert written.run.status == "succeeded"


@pytest.mark.parametrize("setting", ["name", "description"])
def test_a_callable_that_raises_costs_its_text_and_says_so_once(
    written, caplog, setting
):
    calls = iter(range(9))

    def broken(*_):
        raise KeyError(next(calls))

    @tracked(**{setting: broken})
    def solve(x):
        return x

    assert [solve(n) for n in range(3)] == [0, 1, 2]
    assert [run.name for run in written.runs] == [solve.__qualname__] * 3
    (message,) = _warnings(caplog)
    assert "KeyError" in message


def test_an_input_callable_that_raises_costs_its_choice_not_the_run(written, caplog):
    @tracked(input=lambda data: data["missing"])
    def solve(data):
        return data

    assert solve({"a": 1}) == solve({"a": 1}) == {"a": 1}
    assert [run.input for run in written.runs] == [{"a": 1}] * 2
    (message,) = _warnings(caplog)
    assert "KeyError" in message


def test_callables_that_do_not_take_the_arguments_cost_their_part_only(written):
    @tracked(name=lambda: "x", input=lambda: 1, description=lambda: "y")
    def solve(data):
        return data

    assert solve(3) == 3
    assert (written.run.input, written.run.status) == (3, "succeeded")


def test_an_argument_that_cannot_be_written_costs_nothing_else(written):
    class Hostile:
        def __getattribute__(self, name):
            raise RuntimeError(name)

        def __repr__(self):
            raise RuntimeError

    @tracked
    def solve(data, limit):
        return limit

    assert solve(Hostile(), 3) == 3
    assert written.run.status == "succeeded"
    assert written.run.input["limit"] == 3


def test_a_handler_of_the_users_that_raises_is_not_in_the_way_of_a_warning(full):
    class Raising(logging.Handler):
        def emit(self, record):
            raise RuntimeError

    handler = Raising()
    logging.getLogger("nextmv_autotrack").addHandler(handler)
    try:
        full.add(Kind.BEGIN)
        assert plain(1) == 2
    finally:
        logging.getLogger("nextmv_autotrack").removeHandler(handler)


def test_an_id_or_a_clock_that_fails_costs_the_run_not_the_call(written, caplog):
    def broken():
        raise OSError("no entropy")

    written.recorder.new_id = broken
    assert plain(1) == 2
    assert len(_warnings(caplog)) == 1
    assert written.frames == []


def test_an_end_that_there_was_no_room_for_is_written_when_there_is(full, written):
    full.add(Kind.END)
    assert plain(1) == 2
    assert written.run.status == "running"
    full.clear()
    assert plain(2) == 3
    assert [run.status for run in written.runs] == ["succeeded", "succeeded"]


def test_an_end_is_written_without_its_output_when_only_that_has_room(written):
    append = written.recorder.append

    def appending(kind, meta, payload):
        if kind == Kind.END and len(payload) > 10:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(kind, meta, payload)

    written.recorder.append = appending
    tracked(lambda: "x" * 100)()
    assert (written.run.status, written.run.output) == ("succeeded", None)


def test_an_input_of_all_functions_that_one_does_not_take_is_said(written, caplog):
    written.sources.configure(input="data")
    assert tracked(lambda model: model)(1) == 1
    assert written.run.input == 1
    (message,) = _warnings(caplog)
    assert "'data'" in message
