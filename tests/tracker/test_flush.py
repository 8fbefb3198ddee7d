"""Waiting for runs: `flush`, `shutdown`, and the end of the process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nextmv_autotrack import track_run, tracked
from nextmv_autotrack.clock import SYSTEM_CLOCK
from nextmv_autotrack.journal import Home
from nextmv_autotrack.status import Delivery, Status
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.sweep import Sweep
from nextmv_autotrack.tracker import Tracker
from nextmv_autotrack.upload import duties
from nextmv_autotrack.upload.worker import THREAD_NAME

PATIENCE_S = 20

# Nobody waits that long: a test that did would meet its own timeout.
FOR_EVER_S = 600

CREATE = r"/runs$"


@tracked
def solve(data):
    return data


def threads() -> list[threading.Thread]:
    return [found for found in threading.enumerate() if found.name == THREAD_NAME]


def home_of(tracker: Tracker) -> Path:
    return tracker.sources.resolve().directory


def deliveries(home: Path) -> dict[str, Delivery]:
    """Return how far each run is, by its input, whatever process has left it."""
    with Store.open(home) as store:
        Sweep(store, Home(home)).others()
        return {
            json.loads(store.payload(run.input)): run.delivery
            for run in store.runs(limit=1000)
        }


# --- The thread begins with the first run.


def test_nothing_begins_before_the_first_run(tracker):
    before = threads()
    tracker.configure({"app_id": "routing"})
    tracked(name="nightly")(len)
    assert tracker.flush(PATIENCE_S)
    assert tracker.flush(0)
    assert tracker.flush()
    assert tracker.shutdown()
    assert threads() == before
    assert not home_of(tracker).exists()


def test_a_function_that_is_not_enabled_begins_nothing(tracker):
    tracker.configure({"enabled": False})
    before = threads()
    assert solve(1) == 1
    with track_run():
        pass
    assert threads() == before
    assert not home_of(tracker).exists()


def test_the_first_run_begins_one_thread_that_keeps_no_process_alive(tracker):
    before = set(threads())
    workers = [threading.Thread(target=solve, args=(n,)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    (begun,) = set(threads()) - before
    assert begun.daemon
    assert tracker.flush(PATIENCE_S)
    assert sorted(deliveries(home_of(tracker))) == list(range(8))


def test_settings_that_change_no_folder_leave_the_thread_alone(tracker):
    solve(1)
    before = threads()
    tracker.configure({})
    tracker.configure({"max_log": 2000, "directory": home_of(tracker)})
    solve(2)
    assert threads() == before


# --- flush


def test_flush_says_yes_as_often_as_it_is_asked(tracker):
    solve(1)
    assert [tracker.flush(PATIENCE_S) for _ in range(3)] == [True] * 3
    assert tracker.flush(0)
    assert tracker.flush(-1)


def test_flush_does_not_wait_for_what_is_in_progress(tracker):
    solve(1)
    with track_run(input=2):
        assert tracker.flush(PATIENCE_S)
        with Store.open(home_of(tracker)) as store:
            found = {run.name: run.status for run in store.runs(limit=10)}
    assert found == {"solve": Status.SUCCEEDED, "run": Status.RUNNING}


def test_threads_may_flush_at_once(to_platform, platform):
    said = []

    def work(number):
        solve(number)
        said.append(to_platform.flush(PATIENCE_S))

    workers = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert said == [True] * 6
    assert sorted(run.given for run in platform.runs()) == list(range(6))


def test_flush_says_no_until_the_platform_has_every_run(to_platform, platform):
    platform.gather(2, method="POST", path=CREATE)
    solve("first")
    assert to_platform.flush(0.05) is False
    assert platform.runs() == []
    solve("second")
    assert to_platform.flush(PATIENCE_S) is True
    assert len(platform.runs()) == 2


def test_flush_takes_its_timeout_from_the_settings_when_it_is_given_none(
    to_platform, platform
):
    platform.trouble("hang", 99)
    solve(1)
    to_platform.configure({"flush_timeout": 0.05})
    assert to_platform.flush() is False
    to_platform.configure({"flush_timeout": 0})
    assert to_platform.flush() is False
    to_platform.configure({"flush_timeout": FOR_EVER_S})
    assert to_platform.flush(0) is False


def test_flush_ends_early_when_nothing_more_can_happen(to_platform, platform):
    platform.fail_next(99, status=503, headers={"Retry-After": f"{FOR_EVER_S}"})
    solve(1)
    assert to_platform.flush(FOR_EVER_S / 2) is False
    assert deliveries(home_of(to_platform)) == {1: Delivery.WAITING}


def test_flush_ends_early_when_a_run_is_rejected(to_platform, platform):
    platform.fail_next(99, status=422, path=CREATE)
    solve(1)
    assert to_platform.flush(FOR_EVER_S) is True
    assert deliveries(home_of(to_platform)) == {1: Delivery.REJECTED}


def test_flush_ends_early_when_the_store_cannot_be_opened(tracker, caplog):
    home_of(tracker).mkdir()
    (home_of(tracker) / "store.sqlite3").mkdir()
    solve(1)
    assert tracker.flush(FOR_EVER_S) is False
    assert tracker.flush(FOR_EVER_S) is False
    assert len(caplog.records) == 1


# --- shutdown


def test_after_a_shutdown_nothing_of_ours_runs_and_nothing_lies_in_the_journal(tracker):
    before = threads()
    solve(1)
    assert tracker.shutdown(PATIENCE_S) is True
    assert threads() == before
    assert list((home_of(tracker) / "journals").iterdir()) == []
    assert deliveries(home_of(tracker)) == {1: Delivery.LOCAL}


def test_a_shutdown_may_come_twice(tracker):
    solve(1)
    assert [tracker.shutdown(PATIENCE_S) for _ in range(3)] == [True] * 3


def test_after_a_shutdown_the_next_run_begins_anew(tracker):
    solve(1)
    tracker.shutdown(PATIENCE_S)
    before = set(threads())
    solve(2)
    assert len(set(threads()) - before) == 1
    assert tracker.flush(PATIENCE_S)
    assert set(deliveries(home_of(tracker))) == {1, 2}


def test_a_shutdown_keeps_its_timeout_and_the_run_waits_for_the_next(
    to_platform, platform
):
    platform.trouble("hang", 99)
    solve("left")
    assert to_platform.shutdown(0.05) is False
    assert deliveries(home_of(to_platform)) == {"left": Delivery.WAITING}
    platform.reset()
    solve("next")
    assert to_platform.flush(PATIENCE_S)
    assert "next" in {run.given for run in platform.runs()}


def test_a_run_that_a_shutdown_left_is_still_waited_for(to_platform, platform):
    platform.fail_next(1, status=503, headers={"Retry-After": "1"})
    solve("left")
    assert to_platform.shutdown(0.2) is False
    assert to_platform.flush(0.05) is False
    assert to_platform.flush(PATIENCE_S) is True
    assert len(platform.runs()) == 1


def test_a_run_on_its_way_at_a_shutdown_arrives_once(to_platform, platform):
    platform.delay(0.3)
    solve("slow")
    assert to_platform.shutdown(0.5) is False
    platform.delay(0)
    solve("next")
    assert to_platform.flush(PATIENCE_S) is True
    inputs = [run.given for run in platform.runs()]
    assert sorted(inputs) == ["next", "slow"]


def test_a_shutdown_with_time_left_waits_for_what_others_have_left_to_it(
    to_platform, platform
):
    platform.fail_next(8, status=503, path="uploadurl")
    for number in range(8):
        solve(number)
    to_platform.shutdown(0.3)
    platform.delay(0.1)
    solve("next")
    assert to_platform.flush(PATIENCE_S) is True
    to_platform.shutdown(PATIENCE_S)
    assert len(platform.runs()) == len({run.input for run in platform.runs()}) == 9


def test_what_is_kept_nowhere_is_not_where_it_belongs(tracker, tmp_path, as_for_users):
    home_of(tracker).write_text("a file where a folder should be")
    assert solve(1) == 1
    assert tracker.flush(PATIENCE_S) is False


def test_a_run_ends_where_it_has_begun_whatever_is_configured_in_between(
    tracker, tmp_path
):
    before, elsewhere = home_of(tracker), tmp_path / "elsewhere"
    with track_run(input="over") as run:
        tracker.configure({"directory": elsewhere})
        solve("in between")
        run.log("still here")
    assert tracker.flush(PATIENCE_S)
    tracker.shutdown(PATIENCE_S)
    with Store.open(before) as store:
        Sweep(store, Home(before)).others()
        (over,) = store.runs(limit=9)
        assert (over.status, store.log_text(over.id)) == (
            Status.SUCCEEDED,
            "still here\n",
        )
    assert deliveries(elsewhere) == {"in between": Delivery.LOCAL}


def test_a_run_whose_platform_has_a_wrong_address_goes_to_the_right_one_later(
    tmp_path, platform
):
    known = {"NEXTMV_API_KEY": platform.key, "NEXTMV_APP_ID": "routing"}
    wrong = "http//no-such.example"
    said = run_program(tmp_path, **known, NEXTMV_ENDPOINT=wrong)
    assert "nothing is sent until it is mended" in said
    run_program(
        tmp_path,
        **known,
        NEXTMV_ENDPOINT=platform.endpoint,
        NEXTMV_AUTOTRACK_FLUSH_TIMEOUT=f"{PATIENCE_S}",
    )
    assert len(platform.runs()) == 2
    assert set(deliveries(tmp_path).values()) == {Delivery.DELIVERED}


def test_threads_may_shut_down_and_track_at_once(tracker):
    def work(name):
        for number in range(50):
            solve(f"{name} {number}")
            if number % 10 == 0:
                tracker.shutdown(PATIENCE_S)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    tracker.shutdown(PATIENCE_S)
    wanted = {f"{name} {number}" for name in range(4) for number in range(50)}
    assert set(deliveries(home_of(tracker))) == wanted


# --- sync


def test_a_synchronous_run_is_delivered_when_its_call_returns(to_platform, platform):
    to_platform.configure({"flush_timeout": PATIENCE_S})
    assert tracked(sync=True)(lambda data: data)(1) == 1
    with track_run(input=2, sync=True):
        pass
    assert sorted(run.given for run in platform.runs()) == [1, 2]


def test_a_synchronous_run_waits_for_a_silent_platform_no_longer_than_it_may(
    to_platform, platform
):
    platform.trouble("hang", 99)
    to_platform.configure({"flush_timeout": 0.05})
    assert tracked(sync=True)(lambda data: data)(1) == 1
    assert deliveries(home_of(to_platform)) == {1: Delivery.WAITING}


# --- The end of the process.

PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from nextmv_autotrack import tracked

@tracked
def solve(data):
    return data

solve("one")
sys.exit(3)
"""


def run_program(home: Path, **environ: str) -> str:
    """Run it, and return what it said besides its own words."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env={"NEXTMV_AUTOTRACK_DIRECTORY": str(home), "PATH": "", **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    return done.stderr


def test_a_silent_platform_holds_up_the_exit_no_longer_than_it_may(tmp_path, platform):
    platform.trouble("hang", 99)
    said = run_program(
        tmp_path,
        NEXTMV_API_KEY=platform.key,
        NEXTMV_APP_ID="routing",
        NEXTMV_ENDPOINT=platform.endpoint,
        NEXTMV_AUTOTRACK_FLUSH_TIMEOUT="2",
    )
    assert said == (
        "nextmv-autotrack: 1 run waits on disk; `nextmv-autotrack sync` sends it, "
        "or the next program that tracks\n"
    )
    assert deliveries(tmp_path) == {"one": Delivery.WAITING}


def test_the_line_at_the_end_says_why_runs_wait_and_is_the_only_one(tmp_path, platform):
    said = run_program(
        tmp_path,
        NEXTMV_API_KEY="wrong",
        NEXTMV_APP_ID="routing",
        NEXTMV_ENDPOINT=platform.endpoint,
        NEXTMV_AUTOTRACK_FLUSH_TIMEOUT=f"{PATIENCE_S}",
    )
    (line,) = said.splitlines()
    assert line.startswith(
        "nextmv-autotrack: 1 run waits on disk (asking for an upload"
    )
    assert "status 401; check the API key" in line


def test_an_exit_that_has_no_time_leaves_the_run_on_disk(tmp_path):
    assert run_program(tmp_path, NEXTMV_AUTOTRACK_FLUSH_TIMEOUT="0") == ""
    assert deliveries(tmp_path) == {"one": Delivery.LOCAL}


def test_an_exit_ends_early_when_all_is_where_it_belongs(tmp_path, platform):
    run_program(
        tmp_path,
        NEXTMV_API_KEY=platform.key,
        NEXTMV_APP_ID="routing",
        NEXTMV_ENDPOINT=platform.endpoint,
        NEXTMV_AUTOTRACK_FLUSH_TIMEOUT=f"{FOR_EVER_S}",
    )
    assert deliveries(tmp_path) == {"one": Delivery.DELIVERED}


AFTER_THE_END = """
from nextmv_autotrack import flush, tracked

@tracked
def solve(data):
    return data

class Late:
    def __del__(self, flush=flush, solve=solve):
        solve("late")
        flush(1)

late = Late()
solve("in time")
"""


def test_a_call_after_the_end_is_on_disk_and_holds_nothing_up(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", AFTER_THE_END],
        env={"NEXTMV_AUTOTRACK_DIRECTORY": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert set(deliveries(tmp_path)) == {"in time", "late"}


# Registered after ours, and so called before it.
CTRL_C = PROGRAM.replace(
    "sys.exit(3)", "import atexit; atexit.register(print, 'ends', flush=True)"
)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_ctrl_c_ends_the_flush_at_the_exit_at_once(tmp_path, platform):
    platform.trouble("hang", 99)
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", CTRL_C],
        env={
            "NEXTMV_AUTOTRACK_DIRECTORY": str(tmp_path),
            "NEXTMV_API_KEY": platform.key,
            "NEXTMV_APP_ID": "routing",
            "NEXTMV_ENDPOINT": platform.endpoint,
            "NEXTMV_AUTOTRACK_FLUSH_TIMEOUT": f"{FOR_EVER_S}",
            "PATH": "",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout.readline() == "ends\n"
        while not platform.requests():
            pass  # until it is at it
        program.send_signal(signal.SIGINT)
        said = program.communicate(timeout=PATIENCE_S)[1]
    assert "Traceback" not in said
    assert said.startswith("nextmv-autotrack: 1 run waits on disk")
    assert deliveries(tmp_path) == {"one": Delivery.WAITING}


def test_the_thread_ends_as_soon_as_what_was_on_its_way_has_come_back(
    to_platform, platform, monkeypatch
):
    # It would wake it up.
    monkeypatch.setattr(duties, "SWEEP_INTERVAL_S", FOR_EVER_S)
    platform.delay(0.1)
    solve(1)
    while not platform.requests():
        pass
    worker = to_platform._front.end_work(is_settled=False)
    worker.stop(SYSTEM_CLOCK.steady() + PATIENCE_S)
    assert worker.has_ended
    assert len(platform.runs()) == 1
