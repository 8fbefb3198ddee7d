"""A share of the runs is kept, and every failure."""

from __future__ import annotations

import asyncio

import pytest

from nextmv_autotrack import current_run, track_run, tracked


def test_no_run_is_kept_of_a_share_of_nothing(written):
    assert [tracked(sample=0.0)(lambda x: x)(n) for n in range(5)] == [0, 1, 2, 3, 4]
    assert written.frames == []


def test_every_run_is_kept_of_a_share_of_all(written):
    solve = tracked(sample=1)(lambda x: x)
    for n in range(5):
        solve(n)
    assert len(written.runs) == 5


def test_about_the_share_is_kept(written):
    solve = tracked(sample=0.5)(lambda: None)
    for _ in range(400):
        solve()
    assert 100 < len(written.runs) < 300


def test_a_failure_is_kept_whole(written):
    @tracked(sample=0.0)
    def solve(data):
        current_run().log("before")
        current_run().metrics["n"] = 1
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        solve([1])
    run = written.run
    assert (run.input, run.status, run.error) == ([1], "failed", "ValueError: no")
    assert run.logs[0] == "before"
    assert run.logs[-1] == "ValueError: no"
    assert run.metrics == {"n": 1}


def test_a_run_that_was_made_to_fail_is_kept(written):
    with track_run(sample=0.0) as run:
        run.fail("infeasible")
    assert written.run.error == "infeasible"


def test_an_orderly_exit_is_not_kept(written):
    with pytest.raises(SystemExit), track_run(sample=0.0):
        raise SystemExit(0)
    assert written.frames == []


def test_a_cancelled_coroutine_is_kept(written):
    @tracked(sample=0.0)
    async def solve():
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(solve())
    assert written.run.error == "CancelledError"


def test_a_run_that_is_not_kept_is_the_current_one_all_the_same(written):
    with track_run(sample=0.0, input=[1]) as run:
        assert current_run() is run
        assert run.input == [1]
    assert run.status.value == "succeeded"
