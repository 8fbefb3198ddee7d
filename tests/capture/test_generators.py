"""Generator and async generator functions: stepped as before, one run each."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import inspect
import logging
import sys
import threading

import pytest

from nextmv_autotrack import current_run, track_run, tracked


def numbers(n):
    yield from range(n)


def test_a_generator_yields_what_it_yielded_and_is_written_down(written):
    assert list(tracked(numbers)(3)) == [0, 1, 2]
    assert (written.run.input, written.run.output) == (3, [0, 1, 2])
    assert written.run.status == "succeeded"


def test_a_tracked_generator_function_is_one_for_inspect(written):
    tracked_numbers = tracked(numbers)
    assert inspect.isgeneratorfunction(tracked_numbers)
    generator = tracked_numbers(1)
    assert inspect.isgenerator(generator)
    assert (generator.__name__, generator.__qualname__) == ("numbers", "numbers")
    assert inspect.getgeneratorstate(generator) == "GEN_CREATED"
    next(generator)
    assert inspect.getgeneratorstate(generator) == "GEN_SUSPENDED"
    generator.close()
    assert inspect.getgeneratorstate(generator) == "GEN_CLOSED"


def test_sent_values_arrive(written):
    @tracked
    def echo():
        got = None
        while got != "stop":
            got = yield got

    generator = echo()
    assert next(generator) is None
    assert generator.send("a") == "a"
    assert generator.send("b") == "b"
    with pytest.raises(StopIteration):
        generator.send("stop")
    assert written.run.output == [None, "a", "b"]


def test_thrown_exceptions_arrive_and_may_be_answered(written):
    @tracked
    def resilient():
        try:
            yield 1
        except ValueError as error:
            yield str(error)

    generator = resilient()
    next(generator)
    assert generator.throw(ValueError("bad")) == "bad"
    assert list(generator) == []
    assert (written.run.status, written.run.output) == ("succeeded", [1, "bad"])


def test_a_thrown_exception_that_is_not_caught_comes_out_as_the_same_object(written):
    generator = tracked(numbers)(3)
    next(generator)
    error = ValueError("bad")
    with pytest.raises(ValueError, match="bad") as caught:
        generator.throw(error)
    assert caught.value is error
    assert written.run.error == "ValueError: bad"


def test_the_returned_value_is_preserved(written):
    @tracked
    def solve():
        yield 1
        return "best"

    def outer():
        return (yield from solve())

    generator = outer()
    assert next(generator) == 1
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "best"
    assert written.run.output == {"yielded": [1], "returned": "best"}


def test_the_run_lasts_until_the_generator_is_exhausted(written):
    generator = tracked(numbers)(2)
    next(generator)
    written.now += 4
    assert written.run.status == "running"
    list(generator)
    assert written.run.duration == 4.0


@pytest.mark.parametrize("how", ["break", "close", "forget"])
def test_a_generator_that_is_left_early_is_a_success_with_what_it_yielded(written, how):
    generator = tracked(numbers)(100)
    if how == "break":
        for item in generator:
            if item == 1:
                break
        del generator
    else:
        next(generator), next(generator)
        if how == "close":
            generator.close()
        else:
            del generator
    gc.collect()
    assert (written.run.status, written.run.output) == ("succeeded", [0, 1])


def test_a_generator_that_never_starts_is_no_run(written):
    tracked(numbers)(3).close()
    assert written.frames == []


def test_closing_runs_the_finally_of_the_generator(written):
    closed = []

    @tracked
    def solve():
        try:
            yield 1
        finally:
            closed.append(True)

    generator = solve()
    next(generator)
    generator.close()
    assert closed == [True]


def test_what_a_generator_logs_while_it_is_closed_belongs_to_its_run(written):
    logger = logging.getLogger("closing")

    @tracked(name="mine")
    def solve():
        try:
            yield 1
        finally:
            logger.warning("closing")

    with track_run("other"):
        generator = solve()
        next(generator)
    with track_run("another"):
        generator.close()
    mine = next(run for run in written.runs if run.name == "mine")
    assert [line.split(" ", 2)[2] for line in mine.logs] == ["closing: closing"]


def test_the_error_of_a_generator_is_that_of_its_run(written):
    @tracked
    def solve():
        yield 1
        raise KeyError("stop")

    generator = solve()
    next(generator)
    with pytest.raises(KeyError):
        next(generator)
    assert (written.run.status, written.run.error) == ("failed", "KeyError: 'stop'")


def test_a_generator_that_ignores_its_closing_is_told_so_as_before(written):
    @tracked
    def stubborn():
        try:
            yield 1
        except GeneratorExit:
            yield 2

    generator = stubborn()
    next(generator)
    with pytest.raises(RuntimeError, match="generator ignored GeneratorExit"):
        generator.close()


def test_a_generator_may_answer_a_thrown_generator_exit(written):
    def stubborn():
        try:
            yield 1
        except GeneratorExit:
            yield 2

    for function in (stubborn, tracked(stubborn)):
        generator = function()
        next(generator)
        assert generator.throw(GeneratorExit()) == 2
        list(generator)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="close() returns since 3.13")
def test_close_returns_what_the_generator_returns(written):
    def solve():
        try:
            yield 1
        except GeneratorExit:
            return "so far"

    for function in (solve, tracked(solve)):
        generator = function()
        next(generator)
        assert generator.close() == "so far"


def test_a_stop_iteration_inside_becomes_the_same_runtime_error(written):
    @tracked
    def solve():
        yield 1
        raise StopIteration

    generator = solve()
    next(generator)
    with pytest.raises(RuntimeError, match="generator raised StopIteration"):
        next(generator)
    assert written.run.status == "failed"


def test_items_are_taken_down_as_they_are_when_they_are_yielded(written):
    @tracked
    def improving():
        solution = {"cost": 9}
        yield solution
        solution["cost"] = 5
        yield solution

    for item in improving():
        item.setdefault("seen", True)
    assert written.run.output == [{"cost": 9}, {"cost": 5, "seen": True}]


def test_between_the_steps_the_run_is_not_the_consumers(written):
    @tracked
    def solve():
        yield current_run()
        yield current_run()

    with track_run("consumer") as consumer:
        generator = solve()
        first = next(generator)
        assert current_run() is consumer
        second = next(generator)
    assert first is second is not consumer
    generator.close()


def test_two_generators_stepped_in_turns_do_not_mix(written):
    logger = logging.getLogger("turns")

    @tracked
    def solve(name):
        for n in range(2):
            logger.warning("%s %d", name, n)
            yield n

    for _ in zip(solve("a"), solve("b"), strict=True):
        pass
    logs = {run.input: [line[-3:] for line in run.logs] for run in written.runs}
    assert logs == {"a": ["a 0", "a 1"], "b": ["b 0", "b 1"]}


def test_a_generator_sees_and_sets_the_context_of_its_consumer(written):
    variable = contextvars.ContextVar("variable", default=0)

    @tracked
    def solve():
        yield variable.get()
        variable.set(7)
        yield variable.get()

    generator = solve()
    variable.set(3)
    assert next(generator) == 3
    assert next(generator) == 7
    assert variable.get() == 7
    generator.close()


def test_a_generator_may_be_closed_in_another_thread(written):
    generator = tracked(numbers)(9)
    next(generator)
    thread = threading.Thread(target=generator.close)
    thread.start()
    thread.join()
    assert (written.run.status, written.run.output) == ("succeeded", [0])
    assert current_run() is None


def test_a_generator_may_be_stepped_in_another_thread_each_time(written):
    generator = tracked(numbers)(3)
    for _ in range(4):
        thread = threading.Thread(target=next, args=(generator, None))
        thread.start()
        thread.join()
    assert written.run.output == [0, 1, 2]


def test_more_than_max_payload_is_left_out_and_counted(written):
    items = list(tracked(max_payload=1024)(lambda: (yield from ["x" * 510] * 5))())
    assert len(items) == 5
    output = written.run.output
    assert output["yielded"] == ["x" * 510] * len(output["yielded"])
    assert output["items_left_out"] == 5 - len(output["yielded"]) > 0


def test_callables_get_the_list_of_the_items(written):
    @tracked(output=lambda items: items[-1], metrics=lambda items: {"n": len(items)})
    def solve():
        yield from "abc"

    list(solve())
    assert (written.run.output, written.run.metrics) == ("c", {"n": 3})


def test_an_output_that_is_set_goes_before_the_items(written):
    @tracked
    def solve():
        yield 1
        current_run().output = "set"

    list(solve())
    assert written.run.output == "set"


def test_a_context_manager_can_be_made_of_a_tracked_generator(written):
    @contextlib.contextmanager
    @tracked
    def licence(name):
        with contextlib.suppress(KeyError):
            yield name.upper()

    with licence("a") as value:
        assert value == "A"
        raise KeyError
    with pytest.raises(ValueError, match="bad"), licence("b"):
        raise ValueError("bad")
    with pytest.raises(StopIteration), licence("c"):
        raise StopIteration
    assert [run.status for run in written.runs] == ["succeeded", "failed", "failed"]


def test_a_function_that_makes_a_context_manager_can_be_tracked(written):
    @tracked
    @contextlib.contextmanager
    def licence():
        yield 1

    with licence() as value:
        assert value == 1

    @licence()
    def decorated():
        return 2

    assert decorated() == 2


# --- async generators


async def ticks(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i


def test_an_async_generator_yields_what_it_yielded_and_is_written_down(written):
    async def main():
        return [item async for item in tracked(ticks)(3)]

    assert asyncio.run(main()) == [0, 1, 2]
    assert (written.run.input, written.run.output) == (3, [0, 1, 2])


def test_a_tracked_async_generator_function_is_one_for_inspect(written):
    assert inspect.isasyncgenfunction(tracked(ticks))
    generator = tracked(ticks)(1)
    assert inspect.isasyncgen(generator)
    assert generator.__qualname__ == "ticks"


def test_an_async_generator_takes_what_is_sent_and_thrown(written):
    @tracked
    async def echo():
        got = "start"
        while True:
            try:
                got = yield got
            except ValueError as error:
                got = str(error)

    async def main():
        generator = echo()
        got = [await generator.asend(None), await generator.asend("a")]
        got.append(await generator.athrow(ValueError("b")))
        await generator.aclose()
        return got

    assert asyncio.run(main()) == ["start", "a", "b"]
    assert (written.run.status, written.run.output) == (
        "succeeded",
        ["start", "a", "b"],
    )


def test_an_async_generator_that_is_left_early_is_a_success(written):
    async def main():
        async with contextlib.aclosing(tracked(ticks)(9)) as items:
            async for item in items:
                if item == 1:
                    break

    asyncio.run(main())
    assert (written.run.status, written.run.output) == ("succeeded", [0, 1])


def test_an_async_generator_that_raises_fails(written):
    @tracked
    async def solve():
        yield 1
        raise ValueError("no")

    async def main():
        with pytest.raises(ValueError, match="no"):
            async for _ in solve():
                pass

    asyncio.run(main())
    assert (written.run.status, written.run.error) == ("failed", "ValueError: no")


def test_an_async_generator_left_open_is_closed_by_the_loop_without_a_word(written):
    complaints, closed = [], []

    async def solve():
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    async def main(function):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, what: complaints.append(what))
        generator = function()
        await generator.__anext__()
        return generator

    for function in (solve, tracked(solve)):
        asyncio.run(main(function))
    assert (complaints, closed) == ([], [True, True])
    assert written.run.status == "succeeded"


def test_an_async_generator_that_is_forgotten_is_closed_by_the_loop(written):
    closed = asyncio.Event()

    @tracked
    async def solve():
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            closed.set()

    async def main():
        generator = solve()
        await generator.__anext__()
        del generator
        gc.collect()
        await asyncio.wait_for(closed.wait(), 10)

    asyncio.run(main())
    assert written.run.status == "succeeded"


def test_an_async_generator_may_answer_a_thrown_generator_exit(written):
    async def stubborn():
        try:
            yield 1
        except GeneratorExit:
            yield 2

    async def main(function):
        generator = function()
        await generator.__anext__()
        answer = await generator.athrow(GeneratorExit())
        async for _ in generator:
            pass
        return answer

    assert asyncio.run(main(stubborn)) == asyncio.run(main(tracked(stubborn))) == 2


def test_a_cancelled_async_generator_is_a_failed_run(written):
    @tracked
    async def solve():
        yield 1
        await asyncio.Event().wait()

    async def consume():
        async for _ in solve():
            pass

    async def main():
        task = asyncio.create_task(consume())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert (written.run.status, written.run.error) == ("failed", "CancelledError")
