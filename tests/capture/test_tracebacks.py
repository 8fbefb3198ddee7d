"""Exceptions: the same object, and a traceback that reads as before."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import sys
import traceback
from pathlib import Path

import pytest

import nextmv_autotrack
from nextmv_autotrack import track_run, tracked

OURS = str(Path(nextmv_autotrack.__file__).parent)

# On 3.10 a bare `raise` goes on with a copy of the traceback, made before ours is cut.
FRAMES_OF_OURS = 0 if sys.version_info >= (3, 11) else 1


def _frames_of_ours(error):
    return sum(
        frame.filename.startswith(OURS)
        for frame in traceback.extract_tb(error.__traceback__)
    )


def _names(error):
    return [
        frame.name
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(OURS)
    ]


def _caught(call):
    try:
        call()
    except BaseException as error:  # noqa: BLE001 -- whatever it is
        return error
    pytest.fail("nothing was raised")


def plain():
    raise ValueError("no")


async def coroutine():
    await asyncio.sleep(0)
    raise ValueError("no")


def generator():
    yield 1
    raise ValueError("no")


async def async_generator():
    yield 1
    raise ValueError("no")


class Failing:
    def __call__(self):
        raise ValueError("no")


async def _consume(function):
    async for _ in function():
        pass


def _call_of(function, kind):
    if kind == "coroutine":
        return lambda: asyncio.run(function())
    if kind == "generator":
        return lambda: list(function())
    if kind == "async generator":
        return lambda: asyncio.run(_consume(function))
    return function


KINDS = [
    (plain, "plain", 1),
    (coroutine, "coroutine", 1),
    (generator, "generator", 1),
    (async_generator, "async generator", 1),
    (functools.partial(plain), "partial", 2),
    (Failing(), "object", 2),
    (functools.partial(int, "x"), "C function", 2),
]


@pytest.mark.parametrize(
    ("function", "kind", "on_310"), KINDS, ids=[kind for _, kind, _ in KINDS]
)
def test_no_frame_of_ours_is_in_the_traceback(written, function, kind, on_310):
    before = _caught(_call_of(function, kind))
    after = _caught(_call_of(tracked(function), kind))
    assert _names(after) == _names(before)
    assert _frames_of_ours(after) <= (0 if FRAMES_OF_OURS == 0 else on_310)


def test_calls_inside_calls_add_no_frames(written):
    @tracked
    def outer():
        inner()

    @tracked
    def inner():
        plain()

    error = _caught(outer)
    assert _frames_of_ours(error) == 2 * FRAMES_OF_OURS
    assert _names(error) == ["_caught", "outer", "inner", "plain"]


def test_a_recursive_call_adds_no_frames(written):
    @tracked
    def down(n):
        if n == 0:
            raise ValueError
        down(n - 1)

    error = _caught(lambda: down(3))
    assert _names(error)[2:] == ["down"] * 4
    assert _frames_of_ours(error) == 4 * FRAMES_OF_OURS


@pytest.mark.parametrize("kind", ["generator", "async generator"])
def test_a_thrown_exception_shows_no_frame_of_ours(written, kind):
    async def throw(function):
        items = function()
        await items.__anext__()
        await items.athrow(KeyError("thrown"))

    def call(function):
        if kind == "async generator":
            return asyncio.run(throw(function))
        items = function()
        next(items)
        return items.throw(KeyError("thrown"))

    function = generator if kind == "generator" else async_generator
    before = _caught(lambda: call(function))
    after = _caught(lambda: call(tracked(function)))
    assert _names(after) == _names(before)
    assert _frames_of_ours(after) == FRAMES_OF_OURS


def test_a_call_that_does_not_fit_shows_no_frame_of_ours(written):
    error = _caught(lambda: tracked(lambda x: x)(1, 2))
    assert _frames_of_ours(error) == FRAMES_OF_OURS
    assert "takes 1 positional argument but 2 were given" in str(error)


def test_a_block_adds_no_frame_of_ours(written):
    def block():
        with track_run():
            plain()

    error = _caught(block)
    assert _frames_of_ours(error) == 0
    assert _names(error) == ["_caught", "block", "plain"]


def test_the_same_object_is_raised_with_its_attributes(written):
    error = ValueError("no", 3)
    error.detail = {"a": 1}

    @tracked
    def solve():
        raise error

    caught = _caught(solve)
    assert caught is error
    assert (caught.args, caught.detail) == (("no", 3), {"a": 1})


def test_cause_context_and_suppression_are_kept(written):
    cause = KeyError("cause")

    @tracked
    def with_cause():
        raise ValueError from cause

    @tracked
    def with_context():
        try:
            raise cause
        except KeyError:
            raise ValueError  # noqa: B904 -- the point of the test

    @tracked
    def alone():
        raise ValueError

    assert _caught(with_cause).__cause__ is cause
    assert _caught(with_cause).__suppress_context__
    assert _caught(with_context).__context__ is cause
    assert not _caught(with_context).__suppress_context__
    assert _caught(alone).__context__ is None


def test_the_exception_around_a_call_is_its_context_as_before(written):
    outside = KeyError("outside")

    @tracked
    def solve():
        raise ValueError

    def call():
        try:
            raise outside
        except KeyError:
            solve()

    assert _caught(call).__context__ is outside


def test_an_exception_that_cannot_be_changed_comes_out_as_it_is(written):
    @dataclasses.dataclass(frozen=True)
    class Infeasible(Exception):  # noqa: N818 -- as models name theirs
        model: str

    error = Infeasible("m")

    @tracked
    def solve():
        raise error

    assert _caught(solve) is error
    assert written.run.error.startswith(Infeasible.__qualname__)


def test_the_traceback_is_in_the_logs_from_the_users_function_on(written):
    _caught(tracked(plain))
    logs = written.run.logs
    assert logs[0] == "Traceback (most recent call last):"
    assert logs[1].endswith(", in plain")
    assert logs[-1] == "ValueError: no"
    assert not any(OURS in line for line in logs)


def test_causes_are_in_the_traceback(written):
    @tracked
    def solve():
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise ValueError("outer") from error

    _caught(solve)
    text = "\n".join(written.run.logs)
    assert "KeyError: 'inner'" in text
    assert "The above exception was the direct cause" in text
    assert text.endswith("ValueError: outer")


def test_notes_are_in_the_traceback(written):
    error = ValueError("no")
    error.__notes__ = ["check the depot", "then the fleet"]

    @tracked
    def solve():
        raise error

    _caught(solve)
    assert written.run.logs[-3:] == [
        "ValueError: no",
        "check the depot",
        "then the fleet",
    ]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups came with 3.11")
def test_a_group_and_all_its_members_are_in_the_traceback(written):
    group = ExceptionGroup("several", [ValueError("first"), KeyError("second")])  # noqa: F821 -- since Python 3.11

    @tracked
    def solve():
        raise group

    assert _caught(solve) is group
    text = "\n".join(written.run.logs)
    assert "ValueError: first" in text
    assert "KeyError: 'second'" in text
    assert written.run.error == "ExceptionGroup: several (2 sub-exceptions)"


def test_a_long_traceback_is_cut_in_the_middle(written):
    @tracked
    def solve():
        raise ValueError("x" * 200_000 + " the end")

    _caught(solve)
    text = "\n".join(written.run.logs)
    assert len(text) < 70_000
    assert text.startswith("Traceback (most recent call last):")
    assert "characters left out" in text
    assert text.endswith("the end")


def test_an_exception_that_cannot_be_printed_is_written_down_all_the_same(written):
    class Broken(Exception):  # noqa: N818 -- as models name theirs
        def __str__(self):
            raise RuntimeError("in __str__")

        __repr__ = __str__

    error = Broken()

    @tracked
    def solve():
        raise error

    assert _caught(solve) is error
    assert written.run.error.endswith("Broken: (its text cannot be had)")
    assert written.run.logs


def test_a_recursion_without_end_raises_as_before(written):
    @tracked
    def down():
        down()

    assert isinstance(_caught(down), RecursionError)
    assert written.run.error.startswith("RecursionError: maximum recursion depth")


def test_near_the_recursion_limit_a_function_that_returned_has_returned(
    written, as_for_users
):
    ran = []

    @tracked
    def solve():
        ran.append(True)

    def at_depth(n):
        return solve() if n == 0 else at_depth(n - 1)

    for depth in range(sys.getrecursionlimit() - 150, sys.getrecursionlimit()):
        ran.clear()
        try:
            at_depth(depth)
        except RecursionError:
            assert not ran
    ran.clear()
    solve()
    assert (ran, written.runs[-1].status) == ([True], "succeeded")
