"""Every way a call can end, and what its run says then."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from contextlib import suppress

import pytest

from nextmv_autotrack import Status, current_run, last_run, track_run, tracked
from nextmv_autotrack.capture import context
from nextmv_autotrack.capture.failures import MAX_ERROR_CHARS
from nextmv_autotrack.clock import NS_PER_S


def _end_with(error):
    def solve():
        raise error

    with pytest.raises(type(error)) as caught:
        tracked(solve)()
    assert caught.value is error


class Infeasible(Exception):  # noqa: N818 -- as models name theirs
    pass


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no vehicles"), "ValueError: no vehicles"),
        (ValueError(), "ValueError"),
        (KeyError("depot"), "KeyError: 'depot'"),
        (Infeasible("gap"), "Infeasible: gap"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (asyncio.CancelledError(), "CancelledError"),
        (SystemExit(1), "SystemExit: 1"),
        (SystemExit("no licence"), "SystemExit: no licence"),
        (SystemExit(0.0), "SystemExit: 0.0"),
        (MemoryError(), "MemoryError"),
        (StopIteration(3), "StopIteration: 3"),
        (OSError(2, "No such file", "a.mps"), "OSError"),
        (AssertionError(), "AssertionError"),
    ],
    ids=repr,
)
def test_an_exception_is_a_failed_run_and_goes_on_as_the_same_object(
    written, error, text
):
    _end_with(error)
    assert written.run.status == "failed"
    if isinstance(error, OSError):
        assert written.run.error == "FileNotFoundError: [Errno 2] No such file: 'a.mps'"
    else:
        assert written.run.error == text
    assert last_run().error == written.run.error
    assert last_run().status is Status.FAILED


@pytest.mark.parametrize(
    "error", [SystemExit(), SystemExit(None), SystemExit(0), GeneratorExit()], ids=repr
)
def test_an_orderly_exit_is_a_success(written, error):
    _end_with(error)
    assert (written.run.status, written.run.error) == ("succeeded", None)
    assert written.run.logs == []


def test_sys_exit_in_a_block_is_what_its_code_says(written):
    for code in (0, 3):
        with pytest.raises(SystemExit), track_run():
            sys.exit(code)
    assert [run.status for run in written.runs] == ["succeeded", "failed"]


def test_an_exit_code_of_a_strange_kind_is_a_failure(written):
    class Strange:
        def __eq__(self, other):
            raise RuntimeError

        __hash__ = None

        def __str__(self):
            return "strange"

    _end_with(SystemExit(Strange()))
    assert (written.run.status, written.run.error) == ("failed", "SystemExit: strange")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups came with 3.11")
def test_a_group_is_one_failure(written):
    _end_with(BaseExceptionGroup("all", [KeyboardInterrupt(), ValueError("a")]))  # noqa: F821 -- since Python 3.11
    assert written.run.error == "BaseExceptionGroup: all (2 sub-exceptions)"


def test_ctrl_c_in_the_middle_comes_through(written):
    @tracked
    def solve():
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        solve()
    assert (written.run.status, written.run.error) == ("failed", "KeyboardInterrupt")


def test_a_signal_handler_may_call_tracked_functions(written):
    inner = tracked(name="inner")(lambda: 1)
    before = signal.signal(signal.SIGINT, lambda *_: inner())
    try:

        @tracked(name="outer")
        def solve():
            signal.raise_signal(signal.SIGINT)
            return 2

        assert solve() == 2
    finally:
        signal.signal(signal.SIGINT, before)
    assert [run.name for run in written.runs] == ["outer", "inner"]
    assert [run.status for run in written.runs] == ["succeeded", "succeeded"]


def test_a_finalizer_may_call_tracked_functions(written):
    inner = tracked(name="inner")(lambda: 1)

    class Resource:
        def __del__(self):
            inner()

    tracked(name="outer")(lambda: Resource() and None)()
    assert [run.status for run in written.runs] == ["succeeded", "succeeded"]


@pytest.mark.parametrize("where", ["metrics", "output"])
def test_ctrl_c_in_a_callable_of_the_users_leaves_no_run_open(written, where):
    def interrupted(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tracked(**{where: interrupted})(lambda: 1)()
    assert current_run() is None
    assert not context.open_roots
    assert written.run.status in ("succeeded", "failed")


def test_ctrl_c_in_the_callable_for_the_name_leaves_no_run_open(written):
    def interrupted(*_):
        raise KeyboardInterrupt

    solve = tracked(name=interrupted)(lambda: 1)
    with pytest.raises(KeyboardInterrupt):
        solve()
    assert current_run() is None
    assert not context.open_roots


# --- the text


def _error_of(written, error):
    _end_with(error)
    return written.run.error


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("two\nlines\r\nand\ttabs", "two lines and tabs"),
        ("   spaces   ", "spaces"),
        ("köln → bonn", "k\\xf6ln \\u2192 bonn"),
        ("nul \x00 bell \x07", "nul ? bell ?"),
        ("lone \ud800", "lone \\ud800"),
        ("\u2028next", "next"),
    ],
    ids=ascii,
)
def test_the_error_is_one_line_of_plain_ascii(written, message, text):
    assert _error_of(written, ValueError(message)) == f"ValueError: {text}"


@pytest.mark.parametrize("size", [MAX_ERROR_CHARS, 10_000_000])
@pytest.mark.parametrize("char", ["x", "é", " "])
def test_the_error_is_bounded(written, size, char):
    error = _error_of(written, ValueError(f"a{char * size}b"))
    assert error.startswith("ValueError: a")
    assert len(error) <= MAX_ERROR_CHARS
    assert error.isascii()


def test_an_error_without_a_text_that_can_be_had_has_its_type(written):
    class Broken(Exception):  # noqa: N818 -- as models name theirs
        def __str__(self):
            return 5  # noqa: PLE0307 -- that is what is broken

    assert "Broken" in _error_of(written, Broken())


# --- fail


def test_fail_makes_a_call_that_returns_a_failed_run(written):
    @tracked
    def solve():
        current_run().fail("no solution\nin time")
        return {"cost": None}

    assert solve() == {"cost": None}
    assert (written.run.status, written.run.error) == ("failed", "no solution in time")
    assert written.run.output == {"cost": None}
    assert last_run().status is Status.FAILED


@pytest.mark.parametrize("reason", ["", None, 0, [], "\n"], ids=repr)
def test_fail_with_any_reason_makes_the_run_fail(written, reason):
    with track_run() as run:
        run.fail(reason)
    assert written.run.status == "failed"
    assert written.run.error


def test_fail_may_be_given_an_exception(written):
    with track_run() as run:
        run.fail(ValueError("no"))
    assert (written.run.status, written.run.error) == ("failed", "no")


def test_the_reason_given_last_holds_and_an_exception_goes_before(written):
    with track_run() as run:
        run.fail("first")
        run.fail("second")
    with pytest.raises(ValueError, match="raised"), track_run() as run:
        run.fail("reason")
        raise ValueError("raised")
    with pytest.raises(SystemExit), track_run() as run:
        run.fail("reason")
        raise SystemExit(0)
    assert [each.error for each in written.runs] == [
        "second",
        "ValueError: raised",
        "reason",
    ]


def test_a_reason_that_cannot_be_printed_is_a_failure_all_the_same(
    written, as_for_users
):
    class Broken:
        def __str__(self):
            raise RuntimeError

    with track_run() as run:
        run.fail(Broken())
    assert (written.run.status, written.run.error) == ("failed", "failed")


# --- exceptions that answer oddly


def test_a_text_that_exits_does_not_take_the_place_of_the_exception(written):
    class OddError(Exception):
        def __str__(self):
            raise SystemExit(3)

    @tracked
    def solve():
        raise OddError

    with pytest.raises(OddError):
        solve()
    assert written.run.status == "failed"
    assert written.run.error.endswith("OddError: (its text cannot be had)")


def test_an_attribute_named_like_the_traceback_is_never_asked(written):
    class OddError(Exception):
        __traceback__ = property(lambda self: 1 / 0)

    @tracked
    def solve():
        raise OddError

    with pytest.raises(OddError):
        solve()
    assert written.run.status == "failed"


@pytest.fixture
def slow(written):
    """A value that takes ten seconds and a hundredth of CPU time to be written down."""

    class Slow:
        def __repr__(self) -> str:
            written.now += 10
            until_s = time.process_time() + 0.01
            while time.process_time() < until_s:
                pass
            return "slow"

    return Slow()


def _returns(value):
    return value


def _yields(value):
    yield 1
    return value


def _block(value):
    with track_run() as run:
        run.output = value


def _block_with_assets(value):
    with track_run() as run:
        run.assets = [{"name": "a", "content_type": "json", "content": value}]


def _block_that_fails(value):
    with suppress(ValueError), track_run() as run:
        run.output = value
        raise ValueError


async def _awaited(value):
    return value


async def _yields_later(value):
    yield 1
    current_run().output = value


async def _items_of(steps):
    return [item async for item in steps]


@pytest.mark.parametrize(
    "call",
    [
        tracked(_returns),
        lambda value: [*tracked(_yields)(value)],
        lambda value: asyncio.run(tracked(_awaited)(value)),
        lambda value: asyncio.run(_items_of(tracked(_yields_later)(value))),
        _block,
        _block_with_assets,
        _block_that_fails,
    ],
    ids=["function", "generator", "coroutine", "async", "block", "assets", "failure"],
)
def test_what_it_takes_to_write_down_an_end_is_not_the_model_s(written, slow, call):
    began_s = written.now
    call(slow)
    assert written.now - began_s >= 10
    assert written.run.duration == 0
    assert written.run.end["cpu_ns"] < 0.01 * NS_PER_S
