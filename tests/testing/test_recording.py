from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading

import pytest

import nextmv_autotrack
from nextmv_autotrack import (
    Application,
    NotDeliveredError,
    SettingsError,
    TrackedRun,
    configure,
    current_run,
    flush,
    last_run,
    replay,
    shutdown,
    track_run,
    tracked,
)
from nextmv_autotrack import tracker as tracking
from nextmv_autotrack.capture import context, installed
from nextmv_autotrack.settings import OF_THIS_PROCESS
from nextmv_autotrack.testing import recording


@tracked(options=["vehicles"], description="of a test")
def solve(stops: list[str], vehicles: int = 2) -> dict:
    current_run().log(f"{len(stops)} stops")
    if not stops:
        raise ValueError("no stops")
    return {
        "routes": [tuple(stops)],
        "metrics": {"value": len(stops)},
        "assets": [{"name": "map", "content": {}, "content_type": "json"}],
    }


@pytest.fixture
def runs():
    with recording() as runs:
        yield runs


def test_a_run_has_what_was_given_and_what_came_out_read_back_from_json(runs):
    solve(["bonn"], vehicles=1)
    (run,) = runs
    assert (run.name, run.status, run.description) == (
        "solve",
        "succeeded",
        "of a test",
    )
    assert (run.input, run.options) == (["bonn"], {"vehicles": "1"})
    assert (run.output, run.metrics) == ({"routes": [["bonn"]]}, {"value": 1})
    assert run.assets[0]["name"] == "map"
    assert (run.logs, run.error, run.parent_id) == (["1 stops"], None, None)
    assert 0 <= run.duration < 10


def test_a_run_that_fails_has_its_error_and_the_traceback_in_its_logs(runs):
    with pytest.raises(ValueError, match="no stops"):
        solve([])
    assert (runs[0].status, runs[0].error) == ("failed", "ValueError: no stops")
    assert runs[0].logs[-1] == "ValueError: no stops"
    assert runs[0].output is None


def test_runs_are_in_the_order_in_which_they_began_and_know_what_they_are_in(runs):
    with track_run(name="outer"):
        solve(["bonn"])
        solve(["essen", "bonn"])
    assert [run.name for run in runs] == ["outer", "solve", "solve"]
    assert runs.inside(runs[0]) == runs[1:]


def test_what_is_secret_is_no_more_recorded_than_elsewhere(runs):
    with track_run(name="nightly", input={"a": {"b": {"c": {"password": "hunter2"}}}}):
        current_run().log("Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789")
    assert runs[0].input == {"a": {"b": {"c": {"password": "[redacted]"}}}}
    assert "abcdefgh" not in runs[0].logs[0]


def test_a_run_in_progress_is_there_as_running_with_its_lines_so_far(runs):
    with track_run(name="nightly") as run:
        run.input = {"stops": 3}
        run.log("begun")
        seen = runs.named("nightly")
    assert (seen.status, seen.duration) == ("running", None)
    assert (seen.input, seen.logs) == ({"stops": 3}, ["begun"])
    assert runs[0].status == "succeeded"


def test_a_name_that_is_not_there_once_is_an_error_that_shows_what_is(runs):
    solve(["bonn"])
    with pytest.raises(
        LookupError, match=r"0 runs are named 'nightly' in .*<solve suc"
    ):
        runs.named("nightly")
    with pytest.raises(
        IndexError, match=r"no run 1: recorded so far are .*<solve succ"
    ):
        _ = runs[1]


def test_threads_tasks_and_generators_are_recorded(runs):
    @tracked
    def steps(count):
        yield from range(count)

    @tracked
    async def asked(number):
        await asyncio.sleep(0)
        return number

    async def both():
        await asyncio.gather(asked(1), asked(2))

    threads = [threading.Thread(target=solve, args=(["bonn"],)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(both())
    assert list(steps(2)) == [0, 1]
    assert [run.status for run in runs] == ["succeeded"] * 11
    assert {run.input for run in runs[8:]} == {1, 2}


def test_no_folder_no_thread_and_nothing_in_the_usual_place(runs, tmp_path):
    before = threading.active_count()
    solve(["bonn"])
    assert flush(timeout=0)
    assert shutdown(timeout=0)
    assert threading.active_count() == before
    assert not (tmp_path / "home").exists()
    assert tracking.TRACKER._front is None


def test_settings_from_outside_have_no_say_and_those_of_code_have(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("NEXTMV_AUTOTRACK_ENABLED", "false")
    monkeypatch.setenv("NEXTMV_AUTOTRACK_MAX_PAYLOAD", "nonsense")
    monkeypatch.setenv("NEXTMV_APP_ID", "of-the-developer")
    (tmp_path / "pyproject.toml").write_text("[tool.nextmv-autotrack]\nlogs = false\n")
    monkeypatch.chdir(tmp_path)
    with recording() as runs:
        configure(app_id="of-the-code", destination="cloud", directory=tmp_path / "no")
        solve(["bonn"])
        assert [run.app_id for run in runs] == ["of-the-code"]
    assert not (tmp_path / "no").exists()
    assert OF_THIS_PROCESS.origin("app_id") != "configure"
    assert os.environ["NEXTMV_AUTOTRACK_ENABLED"] == "false"


def test_chance_does_not_leave_out_a_run_and_what_is_not_tracked_is_not_there(runs):
    tracked(lambda x: x, sample=0.0, name="seldom")(1)
    tracked(lambda x: x, enabled=False, name="never")(1)
    assert [run.name for run in runs] == ["seldom"]


def test_who_waits_for_a_run_hears_at_once_that_it_is_not_sent(runs):
    solve(["bonn"])
    with pytest.raises(NotDeliveredError, match="recorded in memory"):
        last_run().wait()
    with pytest.raises(NotDeliveredError, match="FakePlatform"):
        last_run().result()
    assert last_run().platform_run_id is None


@pytest.mark.parametrize("given", [{}, {"api_key": "a-key"}])
def test_the_explicit_client_sends_nothing_and_says_what_to_do(runs, given):
    app = Application("routing", **given)
    with pytest.raises(SettingsError, match="needs a FakePlatform"):
        app.track_run(TrackedRun("succeeded", input={}, output={}))


def test_a_client_from_before_finds_the_network_down(platform):
    app = Application("routing", endpoint=platform.endpoint, api_key=platform.key)
    with recording(), pytest.raises(nextmv_autotrack.UnreachableError):
        app.run("run-1")
    assert platform.requests() == []


def test_what_is_tracked_by_processes_that_a_test_starts_is_recorded_nowhere(
    runs, tmp_path
):
    program = """
from nextmv_autotrack import track_run
with track_run(name="elsewhere"):
    pass
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    assert not (tmp_path / "home").exists()
    assert len(runs) == 0


def test_afterwards_all_is_as_before_and_recordings_may_be_nested(written):
    with recording() as outer:
        solve(["bonn"])
        with recording() as inner:
            solve(["essen"])
        solve(["aachen"])
    solve(["köln"])
    assert [run.input for run in outer] == [["bonn"], ["aachen"]]
    assert [run.input for run in inner] == [["essen"]]
    assert [run.input for run in written.runs] == [["köln"]]
    assert "NEXTMV_AUTOTRACK_ENABLED" not in os.environ


def test_what_a_test_leaves_open_is_not_in_progress_for_the_next_one():
    before = installed.recorder(), last_run()
    with recording() as runs:
        opened = track_run(name="left open")
        opened.__enter__()
    assert (runs[0].status, current_run()) == ("running", None)
    assert context.open_roots == {}
    assert (installed.recorder(), last_run()) == before


def test_runs_around_the_recording_are_not_around_those_in_it(written):
    with track_run(name="of the session"), recording() as runs:
        solve(["bonn"])
    assert runs[0].parent_id is None


def test_a_replay_inside_a_test_records_nothing_of_its_own(runs, tmp_path):
    with pytest.raises(nextmv_autotrack.UnknownRunError):
        replay("0123", solve)
    assert len(runs) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_does_not_disturb_what_its_parent_has_recorded(runs):
    solve(["bonn"])
    child = os.fork()
    if not child:
        solve(["essen"])
        os._exit(len(runs))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 2
    assert len(runs) == 1


def test_the_runs_show_themselves_with_what_matters_and_their_last_lines(runs):
    with track_run(name="nightly", input={"stops": list(range(100))}) as run:
        run.log("\n".join(f"line {number}" for number in range(30)))
        run.fail("too many")
    assert repr(runs).startswith("[<nightly failed input={'stops': [0, 1, 2,")
    assert "error='too many' 30 lines of log>]" in repr(runs)
    shown = str(runs).splitlines()
    assert shown[1:3] == ["    ... 10 lines", "    line 10"]
    assert len(shown) == 22


def test_what_a_test_configures_holds_and_what_was_configured_before_does_not():
    @tracked
    def solve():
        return 1

    with recording():
        configure(enabled=False)
        with recording() as runs:
            solve()
            configure(enabled=False)
            solve()
        assert len(runs) == 1
        with recording() as runs:
            solve()
        assert len(runs) == 1
