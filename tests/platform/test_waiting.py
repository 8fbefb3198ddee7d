"""Time that passes while the platform is waited for: moved by hand, on both edges."""

from __future__ import annotations

import asyncio

import pytest

from nextmv_autotrack.errors import (
    AutotrackError,
    RefusedError,
    RunTimeoutError,
    UnreachableError,
)
from nextmv_autotrack.platform.operations import TRACK_TIMEOUT_S, Operations
from nextmv_autotrack.platform.tracked_run import TrackedRun
from nextmv_autotrack.status import Status
from nextmv_autotrack.whereabouts import CREATE_ENDS_S
from tests.platform.driving import InTasks, InThreads
from tests.upload.model_platform import Time


@pytest.fixture
def time():
    return Time()


@pytest.fixture(params=[InThreads, InTasks], ids=["called", "awaited"])
def driver(request, platform, time):
    driver = request.param(platform, time)
    yield driver
    driver.end()


@pytest.fixture
def operations(platform, time):
    return Operations(
        platform.endpoint, "routing", clock=time.clock, chance=lambda: 1.0
    )


def a_run():
    return TrackedRun("succeeded", input={"stops": 3}, output=[1], logs="a line")


def test_the_end_of_a_run_is_waited_for_longer_and_longer(operations, driver, platform):
    run_id = driver.run(operations.track(a_run(), 60))
    platform.show_statuses(*["queued", *["running"] * 7, "canceled"])
    seen = []
    result = driver.run(operations.result_at_end(run_id, 300, seen.append))
    assert (result.id, result.status) == (run_id, Status.CANCELED)
    assert seen == ["queued", *["running"] * 7, "canceled"]
    assert driver.waits == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]


def test_what_has_ended_is_not_waited_for(operations, driver):
    result = driver.run(operations.track_with_result(a_run(), 60, None))
    assert result.status is Status.SUCCEEDED
    assert driver.waits == []


def test_a_listener_may_be_awaited_where_the_call_is(operations, driver, platform):
    run_id = driver.run(operations.track(a_run(), 60))
    platform.show_statuses("running", "succeeded")
    seen = []

    async def listen(status):
        seen.append(status)

    def listen_here(status):
        seen.append(status)

    is_async = isinstance(driver, InTasks)
    listener = listen if is_async else listen_here
    driver.run(operations.result_at_end(run_id, 60, listener))
    assert seen == ["running", "succeeded"]


def test_a_run_that_does_not_end_in_time_is_said_to_be_there(
    operations, driver, platform, time
):
    platform.show_statuses(*["running"] * 50)
    begun_at = time.now
    with pytest.raises(RunTimeoutError, match="it is running") as caught:
        driver.run(operations.track_with_result(a_run(), 10, None))
    assert caught.value.platform_run_id == platform.runs()[0].id
    assert isinstance(caught.value, TimeoutError)
    assert 8 < time.now - begun_at <= 10


@pytest.mark.parametrize("timeout_s", [0.2, 1.0, 1.5, 3.0])
def test_a_short_time_is_used_up_to_its_last_part(
    operations, driver, platform, time, timeout_s
):
    platform.show_statuses(*["running"] * 50)
    begun_at = time.now
    with pytest.raises(RunTimeoutError):
        driver.run(operations.track_with_result(a_run(), timeout_s, None))
    assert time.now - begun_at == pytest.approx(timeout_s * 0.9)


def test_without_time_a_run_is_asked_for_once(operations, driver, platform, time):
    run_id = driver.run(operations.track(a_run(), 60))
    platform.show_statuses(*["running"] * 5)
    seen = []
    for timeout_s in (0, -1):
        with pytest.raises(RunTimeoutError):
            driver.run(operations.result_at_end(run_id, timeout_s, seen.append))
    assert (seen, driver.waits) == (["running"] * 2, [])


def test_without_an_end_the_time_is_never_over(operations, driver, platform):
    platform.show_statuses(*["running"] * 100, "failed")
    result = driver.run(operations.track_with_result(a_run(), None, None))
    assert result.status is Status.FAILED
    assert sum(driver.waits) > 1_000


def test_a_platform_that_hiccups_is_asked_again(operations, driver, platform):
    platform.fail_next(1, status=503, path="uploadurl$")
    platform.fail_next(1, status=500, method="PUT")
    platform.fail_next(1, status=429, path="runs$")
    assert driver.run(operations.track(a_run(), 60)) == platform.runs()[0].id
    assert len(platform.runs()) == 1


def test_a_platform_that_is_down_is_given_up_after_some_attempts(
    operations, driver, platform
):
    platform.fail_next(100, status=503, path="metadata$")
    with pytest.raises(RefusedError, match="status 503"):
        driver.run(operations.result("run-1"))
    assert driver.waits == [0.4, 0.8, 1.6, 3.2, 6.4]


def test_what_the_platform_asks_to_wait_is_waited(operations, driver, platform):
    run_id = driver.run(operations.track(a_run(), 60))
    platform.fail_next(status=429, path="logs$", headers={"Retry-After": "7"})
    assert driver.run(operations.logs(run_id)) == "a line"
    assert driver.waits == [7.0]


def test_a_wait_that_is_longer_than_there_is_time_is_not_begun(
    operations, driver, platform
):
    platform.fail_next(status=429, path="logs$", headers={"Retry-After": "3600"})
    with pytest.raises(RefusedError, match="status 429"):
        driver.run(operations.logs("run-1"))
    assert driver.waits == []


def test_what_has_no_time_left_is_not_begun(operations, driver, platform):
    with pytest.raises(UnreachableError, match="left out: 0 s are over") as caught:
        driver.run(operations.track(a_run(), 0))
    assert not caught.value.may_have_acted
    assert platform.requests() == []


def test_an_expired_place_is_asked_for_anew(operations, driver, platform):
    platform.fail_next(
        status=403, method="PUT", body="<Error><Code>ExpiredToken</Code></Error>"
    )
    driver.run(operations.track(a_run(), 60))
    assert len(platform.runs()) == 1
    assert sum("uploadurl" in seen.path for seen in platform.requests()) == 4


def test_a_run_whose_answer_is_lost_is_looked_for_and_found(
    operations, driver, platform
):
    platform.trouble("lose answer", path="runs$", method="POST")
    found = driver.run(operations.track(a_run(), 60))
    assert [run.id for run in platform.runs()] == [found]
    assert driver.waits == [0.2]


@pytest.mark.parametrize("status", [500, 503])
def test_a_run_that_is_not_there_in_the_end_is_created_again(
    operations, driver, platform, status
):
    platform.fail_next(status=status, path="runs$", method="POST")
    found = driver.run(operations.track(a_run(), 60))
    assert [run.id for run in platform.runs()] == [found]
    # Looked for at once, and when the call must have ended.
    assert driver.waits == [0.2, pytest.approx(4.8), 0.4]


@pytest.mark.parametrize("status", [502, 504])
def test_behind_a_gateway_that_did_not_wait_a_run_has_longer_to_appear(
    operations, driver, platform, status
):
    platform.fail_next(status=status, path="runs$", method="POST")
    found = driver.run(operations.track(a_run(), TRACK_TIMEOUT_S))
    assert [run.id for run in platform.runs()] == [found]
    assert driver.waits == [0.2, *[5.0] * 11, pytest.approx(4.8), 0.4]


def test_the_time_is_used_to_look_for_a_run_up_to_its_last_part(
    operations, driver, platform
):
    platform.fail_next(status=504, path="runs$", method="POST")
    with pytest.raises(UnreachableError, match="may be on the platform"):
        driver.run(operations.track(a_run(), 12))
    assert driver.waits == [0.2, 5.0, 5.0, pytest.approx(0.8)]
    assert platform.requests()[-1].method == "GET"


def test_a_run_nobody_can_look_for_is_never_sent_twice(operations, driver, platform):
    platform.trouble("lose answer", path="runs$", method="POST")
    platform.fail_next(1, status=401, path="runs$", method="GET")
    run = a_run()
    with pytest.raises(UnreachableError, match="may be on the platform") as caught:
        driver.run(operations.track(run, 60))
    assert caught.value.may_have_acted
    assert len(platform.runs()) == 1
    # The same again looks first, and uploads nothing.
    before = len(platform.requests())
    assert driver.run(operations.track(run, 60)) == platform.runs()[0].id
    assert len(platform.runs()) == 1
    assert len(platform.requests()) == before + 1


def test_a_run_that_there_is_no_time_to_look_for_may_be_there(
    operations, driver, platform
):
    platform.fail_next(status=504, path="runs$", method="POST")
    run = a_run()
    with pytest.raises(UnreachableError, match="may be on the platform"):
        driver.run(operations.track(run, 3))
    assert platform.runs() == []
    assert driver.run(operations.track(run, 90)) == platform.runs()[0].id


def test_a_call_that_may_be_at_work_has_time_to_end_before_the_run_is_missed(
    operations, driver, platform
):
    platform.fail_next(status=504, path="runs$", method="POST")
    run = a_run()
    with pytest.raises(UnreachableError, match="may be on the platform"):
        driver.run(operations.track(run, 3))
    driver.run(operations.track(run, 90))
    assert sum(driver.waits) == pytest.approx(CREATE_ENDS_S)


def test_a_clear_no_leaves_nothing_to_look_for(operations, driver, platform):
    platform.fail_next(status=403, path="runs$", method="POST")
    run = a_run()
    with pytest.raises(RefusedError):
        driver.run(operations.track(run, 60))
    driver.run(operations.track(run, 60))
    assert driver.waits == []
    assert not any(seen.method == "GET" for seen in platform.requests())


def test_a_run_is_not_tracked_by_two_at_once(operations, driver):
    run = a_run()
    first = operations.track(run, 60)
    next(first)
    with pytest.raises(AutotrackError, match="is being tracked already"):
        driver.run(operations.track(run, 60))
    first.close()
    assert driver.run(operations.track(run, 60))


async def seen(platform, path, times=1):
    """Let the tasks go on until the platform has seen such requests."""
    while sum(path in seen.path for seen in platform.requests()) < times:  # noqa: ASYNC110 -- it is another process
        await asyncio.sleep(0)


def test_a_task_that_is_cancelled_leaves_nothing_at_work_and_nothing_twice(
    operations, platform, time
):
    driver = InTasks(platform, time)
    platform.trouble("hang", path="runs$", method="POST")
    run = a_run()

    async def cancel_when_created():
        task = asyncio.ensure_future(driver.driver.run(operations.track(run, 60)))
        await seen(platform, "routing/runs", times=4)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    driver.loop.run_until_complete(cancel_when_created())
    assert driver.run(operations.track(run, 90)) == platform.runs()[0].id
    assert len(platform.runs()) == 1
    # The call that was cancelled had time to end before the run was missed.
    assert sum(driver.waits) == pytest.approx(CREATE_ENDS_S)
    driver.end()


@pytest.mark.parametrize("at", ["uploadurl", "uploads"])
def test_uploads_that_are_cancelled_are_no_more(operations, platform, time, at):
    driver = InTasks(platform, time)
    platform.trouble("hang", 3, path=at)

    async def cancel_at_once():
        task = asyncio.ensure_future(driver.driver.run(operations.track(a_run(), 60)))
        await seen(platform, at, times=3)
        task.cancel()
        await asyncio.wait([task])
        assert asyncio.all_tasks() == {asyncio.current_task()}

    driver.loop.run_until_complete(cancel_at_once())
    assert platform.runs() == []
    driver.end()
