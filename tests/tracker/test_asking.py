"""A run that has ended is asked where it is, and what the platform makes of it."""

from __future__ import annotations

import asyncio
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from nextmv_autotrack import (
    DeliveryTimeoutError,
    NotDeliveredError,
    RunTimeoutError,
    SettingsError,
    Status,
    last_run,
    track_run,
    tracked,
)
from nextmv_autotrack.nextmv_api.console import run_page
from nextmv_autotrack.store import Store

PATIENCE_S = 20

NOBODY_THERE = "http://127.0.0.1:9"


@tracked
def solve(data):
    return {"solution": sorted(data), "metrics": {"value": 11}}


def a_run(**settings):
    with track_run("nightly", input=1, **settings) as run:
        run.output = {"routes": [1]}
    return run


def until_tried(tracker, run):
    """Wait until a try to deliver it has failed."""
    tracker.flush(0)
    with Store.open(tracker.sources.resolve().directory) as store:
        while not any(found.attempts for found in store.runs(limit=1)):
            tracker.flush(0.05)
        assert store.run(run.id).problem


def test_the_run_of_a_call_is_waited_for_and_found_on_the_platform(
    to_platform, platform
):
    solve({"a": 1})
    run = last_run()
    platform_run_id = run.wait(PATIENCE_S)
    (arrived,) = platform.runs()
    assert platform_run_id == run.platform_run_id == arrived.id
    assert run.url == run_page(platform.endpoint, "routing", arrived.id)


def test_a_run_that_was_not_waited_for_is_found_once_it_is_delivered(
    to_platform, platform
):
    run = a_run()
    assert to_platform.flush(PATIENCE_S)
    (arrived,) = platform.runs()
    assert run.platform_run_id == arrived.id


def test_a_run_in_progress_or_on_its_way_has_no_id_there_yet(to_platform, platform):
    to_platform.configure({"endpoint": NOBODY_THERE})
    with track_run("nightly") as run:
        assert (run.platform_run_id, run.url) == (None, None)
    assert (run.platform_run_id, run.url) == (None, None)


def test_the_result_is_what_the_platform_says_of_it(to_platform, platform):
    solve({"b": 1, "a": 1})
    result = last_run().result(PATIENCE_S)
    assert result.status is Status.SUCCEEDED
    assert result.output["solution"] == ["a", "b"]
    assert result.metrics["value"] == 11
    assert result.id == platform.runs()[0].id


def test_a_failed_run_has_a_result_like_any_other(to_platform, platform):
    with pytest.raises(ValueError, match="no vehicles"), track_run("fails") as run:
        raise ValueError("no vehicles")
    result = run.result(PATIENCE_S)
    assert (result.status, result.error) == (Status.FAILED, "ValueError: no vehicles")
    assert "Traceback" in result.logs


def test_both_can_be_awaited_for_many_runs_at_once(to_platform, platform):
    runs = [a_run() for _ in range(5)]

    async def ask():
        ids = await asyncio.gather(*(run.wait_async(PATIENCE_S) for run in runs))
        results = await asyncio.gather(*(run.result_async(PATIENCE_S) for run in runs))
        return ids, [result.id for result in results]

    waited_for, read_back = asyncio.run(ask())
    assert waited_for == read_back
    assert set(waited_for) == {run.id for run in platform.runs()}


def test_many_threads_may_wait_while_others_track(to_platform, platform):
    def track_and_wait(_):
        return a_run().wait(PATIENCE_S)

    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(track_and_wait, range(24))]
    assert sorted(found) == sorted(run.id for run in platform.runs())


def test_waiting_inside_the_run_itself_says_that_it_would_never_end(to_platform):
    with track_run("nightly") as run:
        with pytest.raises(NotDeliveredError, match="still in progress") as waited:
            run.wait()
        with pytest.raises(NotDeliveredError, match="still in progress"):
            asyncio.run(run.result_async())
    assert waited.value.run_id == run.id


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, r"NEXTMV_APP_ID.* and .*NEXTMV_API_KEY"),
        ({"app_id": "routing"}, r"set a key \(NEXTMV_API_KEY\)"),
        (
            {"app_id": "routing", "api_key": "k", "destination": "local"},
            "its destination was 'local'",
        ),
    ],
    ids=["nothing known", "no key", "asked for"],
)
def test_a_local_run_says_what_would_have_sent_it(tracker, settings, words):
    tracker.configure(settings)
    run = a_run()
    with pytest.raises(NotDeliveredError, match=words):
        run.wait(PATIENCE_S)
    with pytest.raises(NotDeliveredError, match=words):
        run.result(PATIENCE_S)
    assert (run.platform_run_id, run.url) == (None, None)


def test_a_rejected_run_says_so_in_the_platforms_words(to_platform, platform):
    platform.fail_next(99, status=422, method="POST", body="options are not for you")
    run = a_run()
    with pytest.raises(NotDeliveredError, match="options are not for you"):
        run.wait(PATIENCE_S)


def test_the_time_to_wait_is_kept_when_nobody_answers(to_platform):
    to_platform.configure({"endpoint": NOBODY_THERE})
    run = a_run()
    until_tried(to_platform, run)
    with pytest.raises(DeliveryTimeoutError, match="refused"):
        run.wait(0.05)
    with pytest.raises(DeliveryTimeoutError, match="refused"):
        asyncio.run(run.wait_async(0.05))


def test_what_a_run_waits_for_is_said_and_once_mended_it_can_be_waited_for_again(
    to_platform, platform
):
    to_platform.configure({"api_key": "revoked"})
    run = a_run()
    assert not to_platform.flush(PATIENCE_S)
    with pytest.raises(DeliveryTimeoutError, match=r"401.*; it waits on disk") as late:
        run.wait(0)
    assert "revoked" not in str(late.value)
    assert isinstance(late.value, TimeoutError)
    to_platform.configure({"api_key": platform.key})
    assert run.wait(PATIENCE_S) == platform.runs()[0].id


def test_a_run_that_chance_left_out_says_so_at_once(to_platform):
    run = a_run(sample=0.0)
    with pytest.raises(NotDeliveredError, match="sample"):
        run.wait()
    assert run.platform_run_id is None


def test_a_run_that_chance_left_out_and_that_failed_is_delivered(to_platform, platform):
    with pytest.raises(ValueError, match="x"), track_run(sample=0.0) as run:
        raise ValueError("x")
    assert run.wait(PATIENCE_S) == platform.runs()[0].id


def test_a_run_that_is_not_tracked_says_so_at_once(to_platform):
    run = a_run(enabled=False)
    with pytest.raises(NotDeliveredError, match="tracking is off"):
        run.wait()
    assert (run.platform_run_id, run.url) == (None, None)


def test_a_wait_goes_on_with_the_work_after_a_shutdown(to_platform, platform):
    to_platform.configure({"endpoint": NOBODY_THERE})
    early = a_run()
    assert not to_platform.shutdown(0)
    to_platform.configure({"endpoint": platform.endpoint})
    with pytest.raises(DeliveryTimeoutError):
        early.wait(0)  # it is meant for where nobody is
    late = a_run()
    to_platform.shutdown(0)
    assert late.wait(PATIENCE_S) == platform.runs()[0].id


def test_an_awaited_wait_can_be_cancelled(to_platform):
    to_platform.configure({"endpoint": NOBODY_THERE})
    run = a_run()

    async def cancelled():
        task = asyncio.ensure_future(run.wait_async())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(cancelled(), PATIENCE_S))


def test_a_result_that_does_not_come_in_time_leaves_the_run_where_it_is(
    to_platform, platform
):
    run = a_run()
    platform_run_id = run.wait(PATIENCE_S)
    platform.show_statuses("running")
    with pytest.raises(RunTimeoutError) as late:
        run.result(0)
    assert late.value.platform_run_id == platform_run_id
    assert run.result(PATIENCE_S).status is Status.SUCCEEDED


def test_the_key_of_one_platform_does_not_ask_another(to_platform, platform):
    run = a_run()
    run.wait(PATIENCE_S)
    to_platform.configure({"endpoint": NOBODY_THERE})
    with pytest.raises(SettingsError, match=f"is on {platform.endpoint}"):
        run.result(PATIENCE_S)


@pytest.mark.parametrize("timeout", ["soon", float("nan"), True, b"1"])
def test_a_timeout_that_is_no_number_is_refused(to_platform, timeout):
    run = a_run()
    for ask in (run.wait, run.result):
        with pytest.raises(SettingsError, match="number of seconds"):
            ask(timeout)


@pytest.mark.parametrize(
    "timeout", [None, float("inf"), 10**400, 20.5], ids=["none", "inf", "long", "20.5"]
)
def test_a_timeout_may_be_as_long_as_one_likes(to_platform, platform, timeout):
    run = a_run()
    assert run.wait(timeout) == platform.runs()[0].id
    assert run.result(timeout).status is Status.SUCCEEDED


@pytest.mark.parametrize(
    "timeout", [-1, -(10**400), float("-inf")], ids=["whole", "long", "inf"]
)
def test_a_timeout_below_nothing_is_nothing(to_platform, timeout):
    to_platform.configure({"endpoint": NOBODY_THERE})
    with pytest.raises(DeliveryTimeoutError, match="not delivered in 0 s"):
        a_run().wait(timeout)


def test_a_run_that_was_pickled_can_be_waited_for(to_platform, platform):
    run = pickle.loads(pickle.dumps(a_run()))  # noqa: S301 -- our own
    assert run.wait(PATIENCE_S) == platform.runs()[0].id


def test_what_is_known_of_a_run_goes_along_to_where_its_store_is_not(
    to_platform, platform, tmp_path
):
    run = a_run()
    run.wait(PATIENCE_S)
    to_platform.configure({"directory": tmp_path / "other"})
    copy = pickle.loads(pickle.dumps(run))  # noqa: S301 -- our own
    assert (copy.platform_run_id, copy.url) == (platform.runs()[0].id, run.url)
    assert not (tmp_path / "other").exists()


def test_a_store_that_cannot_be_read_is_what_a_wait_says(tracker, tmp_path):
    run = a_run()
    assert tracker.flush(PATIENCE_S)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "store.sqlite3").mkdir(parents=True)
    tracker.configure({"directory": elsewhere})
    with pytest.raises(DeliveryTimeoutError, match=r"store\.sqlite3"):
        run.wait(0)
    assert (run.platform_run_id, run.url) == (None, None)
    assert "succeeded" in run._repr_html_()


def test_looking_for_a_run_leaves_no_folder_behind(tracker, tmp_path):
    run = a_run()
    assert tracker.flush(PATIENCE_S)
    tracker.configure({"directory": tmp_path / "other"})
    with pytest.raises(DeliveryTimeoutError, match="not in the store"):
        run.wait(0)
    assert not (tmp_path / "other").exists()
