from __future__ import annotations

import asyncio
import os
import threading

import pytest

from nextmv_autotrack import (
    Application,
    AsyncApplication,
    DeliveryTimeoutError,
    RefusedError,
    TrackedRun,
    UnreachableError,
    configure,
    flush,
    last_run,
    track_run,
    tracked,
)
from nextmv_autotrack.capture import installed
from nextmv_autotrack.testing import FakePlatform, recording

RUN = {"input": {"stops": 3}, "output": {"routes": [[1, 2]]}, "metrics": {"value": 4}}


@tracked(options=["vehicles"])
def solve(stops: list[str], vehicles: int = 2) -> dict:
    return {"routes": [stops], "metrics": {"value": len(stops)}}


@pytest.fixture
def fake():
    with FakePlatform() as fake:
        yield fake


def sent(**more) -> TrackedRun:
    return TrackedRun("succeeded", **(RUN | more))


def test_a_tracked_call_arrives_and_its_handle_reads_it_back(fake):
    solve(["bonn", "essen"], vehicles=1)
    run = last_run()
    assert run.wait(timeout=10) == fake.runs[0].id
    assert run.result(timeout=10).metrics == {"value": 2}
    assert (fake.runs[0].name, fake.runs[0].app_id) == ("solve", "an-app")
    assert (fake.runs[0].input, fake.runs[0].options) == (
        ["bonn", "essen"],
        {"vehicles": "1"},
    )
    assert fake.runs[0].output == {"routes": [["bonn", "essen"]]}
    assert fake.runs[0].metrics == {"value": 2}


def test_flush_and_the_end_of_the_block_wait_until_all_is_there():
    with FakePlatform(app_id="routing") as fake:
        with track_run(name="first") as run:
            run.log("two vehicles")
            run.fail("no solution")
        assert flush(timeout=10)
        (first,) = fake.runs
        assert (first.status, first.error) == ("failed", "no solution")
        assert (first.logs, first.app_id) == (["two vehicles"], "routing")
        solve(["bonn"])
    assert [run.name for run in fake.runs] == ["first", "solve"]


def test_the_explicit_client_needs_no_key_and_reads_back_what_it_has_sent(fake):
    with Application("routing") as app:
        result = app.track_run_with_result(sent(name="nightly"))
        assert (result.name, result.status, result.metrics) == (
            "nightly",
            "succeeded",
            {"value": 4},
        )
        assert app.input(result.id) == {"stops": 3}
        assert [run.id for run in app.runs()] == [result.id]
    assert fake.runs[0].app_id == "routing"
    assert fake.runs.named("nightly").output == {"routes": [[1, 2]]}


def test_the_awaited_client_is_answered_too(fake):
    async def send():
        async with AsyncApplication("routing", api_key="any") as app:
            fake.fail_next(status=503)
            return await app.track_run(sent())

    assert asyncio.run(send()) == fake.runs[0].id
    assert fake.skipped_s > 0


def test_requests_are_refused_as_ordered_and_the_waits_in_between_are_skipped(fake):
    fake.fail_next(3, status=503, method="POST", path="uploadurl")
    Application("routing").track_run(sent())
    assert [request.status for request in fake.requests[:4]].count(503) == 3
    assert len(fake.runs) == 1
    assert fake.skipped_s > 0.5


def test_a_platform_that_stays_out_of_order_is_an_error_without_a_wait(fake):
    fake.fail_next(1000, status=500)
    with pytest.raises(RefusedError, match="out of order"):
        Application("routing").track_run(sent())
    assert len(fake.runs) == 0


def test_an_answer_that_is_lost_makes_no_second_run(fake):
    fake.lose_next_answer(method="POST", path="/runs$")
    run_id = Application("routing").track_run(sent())
    assert [run.id for run in fake.runs] == [run_id]
    assert [request.status for request in fake.requests].count(None) == 1


def test_a_platform_that_cannot_be_reached_is_tried_again(fake):
    fake.be_unreachable(2)
    Application("routing").track_run(sent())
    assert [request.status for request in fake.requests[:2]] == [None, None]
    assert len(fake.runs) == 1


def test_an_answer_that_comes_later_than_anybody_waits_is_a_timeout(fake):
    fake.delay_next(3600, 1000)
    with pytest.raises(UnreachableError):
        Application("routing").track_run(sent(), timeout=30)
    assert fake.skipped_s > 29


def test_an_answer_that_comes_late_but_in_time_is_taken(fake):
    fake.delay_next(10, path="uploadurl")
    Application("routing").track_run(sent(), timeout=60)
    assert fake.skipped_s > 1


def test_texts_come_back_as_texts(fake):
    Application("routing").track_run(TrackedRun("succeeded", input="a\nb", output="c"))
    assert (fake.runs[0].input, fake.runs[0].output) == ("a\nb", "c")


def test_nothing_comes_from_outside_and_nothing_goes_there(
    platform, monkeypatch, tmp_path
):
    monkeypatch.setenv("NEXTMV_API_KEY", platform.key)
    monkeypatch.setenv("NEXTMV_ENDPOINT", platform.endpoint)
    monkeypatch.setenv("NEXTMV_APP_ID", "of-the-developer")
    before = Application("routing")
    with FakePlatform() as fake:
        solve(["bonn"])
        Application("mine", api_key=platform.key).track_run(sent())
        with pytest.raises(UnreachableError, match="in place of the network"):
            before.run("run-1")
        assert flush(timeout=10)
    assert {run.app_id for run in fake.runs} == {"an-app", "mine"}
    assert platform.requests() == []
    assert not (tmp_path / "home").exists()


def test_its_folder_and_its_thread_go_with_it():
    before = {thread.name for thread in threading.enumerate()}
    with FakePlatform():
        solve(["bonn"])
        folder = installed.recorder().sources.resolve().directory
        assert folder.is_dir()
    assert not folder.exists()
    assert {thread.name for thread in threading.enumerate()} <= before


def test_applications_can_be_made_there(fake):
    assert Application("routing").create()
    assert not Application("routing").create(exist_ok=True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("is_first", [True, False])
def test_a_run_of_a_forked_child_arrives_too(is_first):
    with FakePlatform() as fake:
        if not is_first:
            solve(["bonn"])
        child = os.fork()
        if not child:
            solve(["essen"])
            os._exit(0)
        os.waitpid(child, 0)
    assert [run.input for run in fake.runs if run.input != ["bonn"]] == [["essen"]]


def test_a_folder_is_its_files_in_memory_and_on_the_platform(tmp_path):
    (tmp_path / "plan.txt").write_text("bonn")
    with recording() as recorded, track_run(name="files", output_dir=tmp_path):
        pass
    with FakePlatform() as fake, track_run(name="files", output_dir=tmp_path):
        pass
    assert recorded[0].output == fake.runs[0].output == {"plan.txt": b"bonn"}


def test_who_waits_less_than_an_answer_is_late_does_not_get_it(fake):
    fake.delay_next(100)
    solve(["bonn"])
    run = last_run()
    with pytest.raises(DeliveryTimeoutError):
        run.wait(timeout=20)
    assert run.wait(timeout=600)
    assert fake.skipped_s >= 20


def test_who_waits_longer_than_an_answer_is_late_gets_it(fake):
    fake.delay_next(10)
    solve(["bonn"])
    assert last_run().wait(timeout=20)


def test_what_a_test_configures_holds(fake):
    configure(enabled=False)
    solve(["bonn"])
    configure(enabled=True)
    solve(["aachen"])
    assert last_run().wait(timeout=20)
    assert [run.input for run in fake.runs] == [["aachen"]]
