"""Many calls at the same time: each run has its own, and nothing of another's."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import anyio
import anyio.lowlevel
import pytest

from nextmv_autotrack import current_run, last_run, track_run, tracked

WORKERS = 8

logger = logging.getLogger("concurrency")


def _work(n, meet):
    """Be inside at the same time as all others, at each step."""
    run = current_run()
    meet()
    logger.warning("start %d", n)
    run.metrics["n"] = n
    with track_run("child", input=n) as child:
        meet()
        child.output = -n
        run.log(f"mine {n}")
    meet()
    assert current_run() is run
    return n * 10


def _check(written, count=WORKERS):
    outer = [run for run in written.runs if run.name != "child"]
    inner = [run for run in written.runs if run.name == "child"]
    assert len(outer) == len(inner) == count
    for run in outer:
        n = run.input
        assert run.output == n * 10
        assert run.metrics == {"n": n}
        lines = [line.rpartition(": ")[2] for line in run.logs]
        assert lines == [f"start {n}", f"mine {n}"]
        (child,) = [each for each in inner if each.parent_id == run.id]
        assert (child.input, child.output, child.logs) == (n, -n, [])
    assert sorted(run.input for run in outer) == list(range(count))


def test_threads_do_not_mix(written):
    barrier = threading.Barrier(WORKERS, timeout=20)
    solve = tracked(lambda n: _work(n, barrier.wait))
    threads = [threading.Thread(target=solve, args=(n,)) for n in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _check(written)


def test_calls_in_a_thread_pool_do_not_mix(written):
    barrier = threading.Barrier(WORKERS, timeout=20)
    solve = tracked(lambda n: _work(n, barrier.wait))
    with ThreadPoolExecutor(WORKERS) as pool:
        assert list(pool.map(solve, range(WORKERS))) == [n * 10 for n in range(WORKERS)]
    _check(written)


def test_the_threads_of_a_pool_forget_the_run_they_had(written):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(tracked(lambda: None)).result()
        assert pool.submit(current_run).result() is None


async def _work_later(n, meet):
    run = current_run()
    await meet()
    logger.warning("start %d", n)
    run.metrics["n"] = n
    async with track_run("child", input=n) as child:
        await meet()
        child.output = -n
        run.log(f"mine {n}")
    await meet()
    assert current_run() is run
    return n * 10


class _Meeting:
    """A barrier for coroutines, which 3.10 has not."""

    def __init__(self):
        self._here = 0
        self._all = asyncio.Event()

    async def __call__(self):
        self._here += 1
        if self._here % WORKERS == 0:
            self._all.set()
            self._all = asyncio.Event()
        else:
            await self._all.wait()


def test_gathered_coroutines_do_not_mix(written):
    async def main():
        meet = _Meeting()

        @tracked(input="n")
        async def solve(n):
            return await _work_later(n, meet)

        return await asyncio.gather(*map(solve, range(WORKERS)))

    assert asyncio.run(main()) == [n * 10 for n in range(WORKERS)]
    _check(written)


def test_tasks_do_not_mix_and_name_the_run_they_began_in(written):
    async def main():
        meet = _Meeting()

        @tracked
        async def solve(n):
            return await _work_later(n, meet)

        with track_run("all") as run:
            tasks = [asyncio.create_task(solve(n)) for n in range(WORKERS)]
            for task in tasks:
                await task
        return run.id

    run_id = asyncio.run(main())
    solves = [run for run in written.runs if run.name.endswith("solve")]
    assert [run.parent_id for run in solves] == [run_id] * WORKERS
    everything = next(run for run in written.runs if run.name == "all")
    assert len(everything.logs) == WORKERS
    written.frames = [
        frame for frame in written.frames if frame[1]["id"] != everything.id
    ]
    _check(written)


@pytest.mark.parametrize("n", [3])
def test_coroutines_in_an_anyio_group_do_not_mix(written, n):
    @tracked
    async def solve(name):
        for _ in range(n):
            current_run().log(name)
            await anyio.lowlevel.checkpoint()

    async def main():
        async with anyio.create_task_group() as group:
            group.start_soon(solve, "a")
            group.start_soon(solve, "b")

    anyio.run(main)
    assert {run.input: run.logs for run in written.runs} == {
        "a": ["a"] * n,
        "b": ["b"] * n,
    }


def test_a_call_in_another_thread_is_a_child_only_with_the_context(written):
    child = tracked(name="child")(lambda: None)

    async def main():
        with track_run("parent") as run:
            await asyncio.to_thread(child)
            await asyncio.get_running_loop().run_in_executor(None, child)
            return run.id

    run_id = asyncio.run(main())
    assert [run.parent_id for run in written.runs[1:]] == [run_id, None]


def test_a_copied_context_has_the_run_it_was_copied_in(written):
    with track_run("first"):
        copied = contextvars.copy_context()
        with track_run("second"):
            assert copied.run(current_run).name == "first"


def test_the_last_run_is_that_of_the_thread(written):
    with track_run("here"):
        pass
    seen = []
    thread = threading.Thread(target=lambda: seen.append(last_run()))
    thread.start()
    thread.join()
    assert seen == [None]
    assert last_run().name == "here"


def test_one_block_object_used_in_two_threads_keeps_its_runs_apart(written):
    block = track_run("shared")
    entered = threading.Barrier(2, timeout=20)
    left = threading.Event()

    def first():
        with block as run:
            entered.wait()
            run.output = 1
        left.set()

    def second():
        with block as run:
            entered.wait()
            left.wait(20)
            assert run.duration is None
            run.output = 2

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(first), pool.submit(second)]:
            future.result()
    assert sorted(run.output for run in written.runs) == [1, 2]


def test_a_thread_that_outlives_the_run_is_not_in_its_way(written):
    go, threads = threading.Event(), []

    @tracked
    def solve():
        run = current_run()

        def later():
            go.wait(20)
            run.log("too late")
            logger.warning("too late")
            run.metrics["late"] = True

        thread = threading.Thread(target=later)
        thread.start()
        threads.append(thread)

    solve()
    frames = list(written.frames)
    go.set()
    threads[0].join()
    assert written.frames == frames
    assert written.run.metrics == {}


def test_many_threads_that_begin_and_end_runs_lose_none(written):
    solve = tracked(lambda n: n)
    barrier = threading.Barrier(WORKERS, timeout=20)

    def many(worker):
        barrier.wait()
        for n in range(50):
            solve([worker, n])

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(many, range(WORKERS)))
    assert len(written.runs) == WORKERS * 50
    assert all(run.output == run.input for run in written.runs)
