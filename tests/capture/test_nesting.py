"""Runs inside runs: each names its parent, and recursion is no run."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from nextmv_autotrack import current_run, last_run, track_run, tracked


def _parents(written):
    names = {run.id: run.name for run in written.runs}
    return {run.name: names.get(run.parent_id) for run in written.runs}


def test_every_nested_run_names_its_parent(written):
    @tracked(name="master")
    def master():
        return pricing() + pricing_again()

    @tracked(name="pricing")
    def pricing():
        with track_run("block"):
            return 1

    @tracked(name="again")
    def pricing_again():
        return 1

    assert master() == 2
    assert _parents(written) == {
        "master": None,
        "pricing": "master",
        "block": "pricing",
        "again": "master",
    }


def test_the_parent_is_the_current_run_again_afterwards(written):
    with track_run() as outer:
        with track_run() as inner:
            assert current_run() is inner
        assert current_run() is outer
        assert last_run() is inner
    assert last_run() is outer


def test_the_parent_is_the_current_run_again_after_a_failure(written):
    def fail():
        raise ValueError

    with track_run() as outer:
        with contextlib.suppress(ValueError):
            tracked(fail)()
        assert current_run() is outer
    assert [run.status for run in written.runs] == ["succeeded", "failed"]


def test_a_recursive_call_is_part_of_the_outer_run(written):
    @tracked
    def factorial(n):
        return 1 if n == 0 else n * factorial(n - 1)

    assert factorial(5) == 120
    assert (written.run.input, written.run.output) == (5, 120)


def test_a_recursive_call_by_way_of_another_run_is_no_run_either(written):
    @tracked(name="a")
    def a(n):
        return b(n)

    @tracked(name="b")
    def b(n):
        return a(n - 1) if n else 0

    assert a(3) == 0
    assert [run.name for run in written.runs] == ["a", "b"]


def test_a_recursive_method_of_another_object_is_part_of_the_outer_run(written):
    class Node:
        def __init__(self, child=None):
            self.child = child

        @tracked
        def depth(self):
            return 1 + (self.child.depth() if self.child else 0)

    assert Node(Node(Node())).depth() == 3
    assert len(written.runs) == 1


def test_a_recursive_coroutine_and_generator_are_part_of_the_outer_run(written):
    @tracked
    async def later(n):
        return n if n == 0 else await later(n - 1)

    @tracked
    def walk(n):
        yield n
        if n:
            yield from walk(n - 1)

    assert asyncio.run(later(3)) == 0
    assert list(walk(3)) == [3, 2, 1, 0]
    assert [run.output for run in written.runs] == [0, [3, 2, 1, 0]]


def test_the_same_function_is_a_run_again_after_the_recursion(written):
    @tracked
    def down(n):
        return down(n - 1) if n else 0

    down(2), down(1)
    assert [run.input for run in written.runs] == [2, 1]


def test_a_task_that_outlives_the_inner_run_belongs_to_the_outer_one(written):
    logger = logging.getLogger("outlives")

    async def main():
        go = asyncio.Event()

        async def later():
            await go.wait()
            logger.warning("late")
            with track_run("child"):
                pass

        with track_run("outer"):
            with track_run("inner"):
                task = asyncio.create_task(later())
                await asyncio.sleep(0)
            # So that "outer" is not found merely as the only one there is.
            other = asyncio.create_task(_hold(go))
            await asyncio.sleep(0)
            go.set()
            await task
            await other

    asyncio.run(main())
    assert _parents(written)["child"] == "outer"
    outer, inner = written.runs[:2]
    assert [line[-4:] for line in outer.logs] == ["late"]
    assert inner.logs == []


async def _hold(go):
    await go.wait()


def test_a_task_that_outlives_every_run_belongs_to_none(written):
    async def main():
        go = asyncio.Event()

        async def later():
            await go.wait()
            assert current_run() is None
            with track_run("late"):
                pass

        with track_run("early"):
            task = asyncio.create_task(later())
            await asyncio.sleep(0)
        go.set()
        await task

    asyncio.run(main())
    assert _parents(written) == {"early": None, "late": None}


def test_runs_left_in_another_order_than_entered_do_not_stay(written):
    first, second = track_run("first"), track_run("second")
    first.__enter__()
    inner = second.__enter__()
    first.__exit__(None, None, None)
    inner.log("still open")
    second.__exit__(None, None, None)
    assert current_run() is None
    assert [run.status for run in written.runs] == ["succeeded", "succeeded"]


def test_chance_leaves_out_a_run_with_the_runs_inside_it(written):
    with track_run("parent", sample=0.0), track_run("child"):
        pass
    assert written.frames == []


def test_a_failed_run_is_kept_with_the_runs_around_it(written):
    with track_run("outer", sample=0.0), track_run("middle"):
        with track_run("fine"):
            pass
        with track_run("bad") as run:
            run.fail("no vehicles")
    assert _parents(written) == {"outer": None, "middle": "outer", "bad": "middle"}
    assert [run.status for run in written.runs] == ["succeeded", "succeeded", "failed"]


def test_a_run_left_out_ends_complete_when_one_inside_it_fails_later(written):
    with track_run("outer", sample=0.0) as outer:
        outer.log("before")
        with track_run("bad") as run:
            run.fail("no vehicles")
        outer.log("after")
    kept = {run.name: run for run in written.runs}
    assert kept["outer"].logs == ["before", "after"]
    assert kept["outer"].status == "succeeded"


def test_a_block_that_outlasts_the_one_it_was_entered_in_stays_the_innermost(written):
    first, second = track_run("first"), track_run("second")
    first.__enter__()
    inner = second.__enter__()
    first.__exit__(None, None, None)
    assert current_run() is inner
    second.__exit__(None, None, None)
    assert current_run() is None
    assert [run.status for run in written.runs] == ["succeeded", "succeeded"]
