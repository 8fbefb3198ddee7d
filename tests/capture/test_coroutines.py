"""Coroutine functions: awaited as before, the run lasts until they are done."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import sys
import types
import warnings

import pytest

from nextmv_autotrack import current_run, tracked


def test_a_coroutine_gives_what_it_gave_and_is_written_down(written):
    @tracked
    async def solve(x):
        await asyncio.sleep(0)
        return x * 2

    assert asyncio.run(solve(4)) == 8
    assert (written.run.input, written.run.output) == (4, 8)


def test_the_run_of_a_coroutine_lasts_until_it_is_done(written):
    @tracked
    async def solve():
        written.now += 1
        await asyncio.sleep(0)
        written.now += 2

    asyncio.run(solve())
    assert written.run.duration == 3.0


def test_the_run_is_the_innermost_one_after_an_await_too(written):
    @tracked
    async def solve():
        before = current_run()
        await asyncio.sleep(0)
        return before is current_run() is not None

    assert asyncio.run(solve())


def test_a_tracked_coroutine_function_is_one_for_inspect_and_asyncio(written):
    @tracked
    async def solve():
        pass

    assert inspect.iscoroutinefunction(solve)
    assert not inspect.isgeneratorfunction(solve)
    coroutine = solve()
    assert inspect.iscoroutine(coroutine)
    assert asyncio.iscoroutine(coroutine)
    assert (coroutine.__name__, coroutine.__qualname__) == (
        "solve",
        solve.__qualname__,
    )
    asyncio.run(coroutine)


def test_a_coroutine_that_raises_raises_the_same_object(written):
    error = ValueError("no")

    @tracked
    async def solve():
        await asyncio.sleep(0)
        raise error

    with pytest.raises(ValueError, match="no") as caught:
        asyncio.run(solve())
    assert caught.value is error
    assert (written.run.status, written.run.error) == ("failed", "ValueError: no")


def test_a_cancelled_coroutine_is_a_failed_run_and_stays_cancelled(written):
    @tracked
    async def solve():
        await asyncio.Event().wait()

    async def main():
        task = asyncio.create_task(solve())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(main())
    assert (written.run.status, written.run.error) == ("failed", "CancelledError")


def test_a_coroutine_may_catch_its_cancellation(written):
    @tracked
    async def solve():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "best so far"

    async def main():
        task = asyncio.create_task(solve())
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert asyncio.run(main()) == "best so far"
    assert (written.run.status, written.run.output) == ("succeeded", "best so far")


def test_a_timeout_around_a_coroutine_works_as_before(written):
    @tracked
    async def solve():
        await asyncio.Event().wait()

    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(solve(), timeout=0.001)

    asyncio.run(main())
    assert written.run.error == "CancelledError"


def test_a_coroutine_closed_halfway_runs_its_finally_and_ends_its_run(written):
    closed = []

    @tracked
    async def solve():
        try:
            await asyncio.sleep(0)
        finally:
            closed.append(True)

    coroutine = solve()
    coroutine.send(None)
    coroutine.close()
    assert closed == [True]
    assert written.run.status == "succeeded"


def test_a_coroutine_that_is_never_awaited_warns_by_its_own_name(written):
    @tracked
    async def solve():
        pass

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        solve()
    (warning,) = caught
    assert f"coroutine '{solve.__qualname__}' was never awaited" in str(warning.message)
    assert written.frames == []


def test_a_generator_that_is_awaitable_stays_awaitable(written):
    @types.coroutine
    def solve():
        yield
        return 3

    async def main():
        return await tracked(solve)()

    assert asyncio.run(main()) == 3


@pytest.mark.skipif(sys.version_info < (3, 12), reason="marking came with 3.12")
def test_a_function_marked_as_a_coroutine_function_stays_one(written):
    async def inner():
        return 5

    def solve():
        return inner()

    solve = tracked(inspect.markcoroutinefunction(solve))
    assert inspect.iscoroutinefunction(solve)
    assert asyncio.run(solve()) == 5
    assert written.run.output == 5


def test_an_async_context_manager_can_be_made_of_a_tracked_function(written):
    @contextlib.asynccontextmanager
    @tracked
    async def session(name):
        yield name.upper()

    async def main():
        async with session("a") as value:
            return value

    assert asyncio.run(main()) == "A"
    assert (written.run.input, written.run.output) == ("a", ["A"])
