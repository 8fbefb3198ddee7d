"""The end of a process, however it comes: what arrives, the exit code, and the time.

Whatever a server does at that moment costs no more time than the setting allows, and
whatever ends the process costs no run.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nextmv_autotrack import tracked
from nextmv_autotrack.status import Status
from nextmv_autotrack.store import StoredRun
from nextmv_autotrack.tracker import Tracker
from tests.platform_server.handle import Platform
from tests.tracker.test_fork import swept

PATIENCE_S = 20

# What a busy machine may take for a process to begin and to end.
SLACK_S = 15

PROGRAM = """
{before}
import atexit, ctypes, os, signal, sys, threading
from concurrent.futures import ThreadPoolExecutor
from nextmv_autotrack import track_run, tracked

@tracked
def solve(data):
    return data

class Late:
    def __del__(self, solve=solve):
        solve("late")

{calls}
{end}
"""

CALLS = "for number in range(3): solve(number)"

posix = pytest.mark.skipif(os.name != "posix", reason="no such end here")


def start(
    home: Path, end: str, before: str = "", calls: str = CALLS, **environ: str
) -> subprocess.Popen[str]:
    program = home.with_name("model.py")
    program.write_text(PROGRAM.format(before=before, calls=calls, end=end))
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(program)],
        env={"NEXTMV_AUTOTRACK_DIRECTORY": str(home), "PATH": "", **environ},
        cwd=program.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


class Ended:
    """How a program has ended, and what it left."""

    def __init__(self, home: Path, end: str, before: str = "", **more: str) -> None:
        began = time.monotonic()
        with start(home, end, before, **more) as program:
            try:
                self.out, self.err = program.communicate(timeout=PATIENCE_S)
            finally:
                program.kill()
        self.seconds = time.monotonic() - began
        self.code = program.returncode
        self.runs = runs_of(home)
        lines = self.err.splitlines(keepends=True)
        # A problem that is met before the end is said in the words of the log.
        lines = [line for line in lines if "and are tried again" not in line]
        # Why runs wait depends on how far they came.
        lines = [re.sub(r" on disk \(.+\);", " on disk;", line) for line in lines]
        self.ours = [line for line in lines if line.startswith("nextmv-autotrack")]
        self.others = "".join(line for line in lines if line not in self.ours)


def runs_of(home: Path) -> dict[object, StoredRun]:
    """Return the runs by their inputs, and expect each input once."""
    with swept(home) as store:
        runs = store.runs(limit=10_000)
        found = {json.loads(store.payload(run.input)): run for run in runs}
    assert len(found) == len(runs)
    assert list((home / "journals").iterdir()) == []
    return found


def access(endpoint: str, flush_timeout_s: float) -> dict[str, str]:
    return {
        "NEXTMV_API_KEY": Platform.key,
        "NEXTMV_APP_ID": "routing",
        "NEXTMV_ENDPOINT": endpoint,
        "NEXTMV_AUTOTRACK_FLUSH_TIMEOUT": f"{flush_timeout_s}",
    }


def waiting(runs: int) -> str:
    """Return the one line that is said of runs that wait."""
    told = ("1 run waits", "it") if runs == 1 else (f"{runs} runs wait", "them")
    return (
        "nextmv-autotrack: {} on disk; `nextmv-autotrack sync` sends {}, or the next "
        "program that tracks\n"
    ).format(*told)


# --- Whatever ends the process: a server that asks for ten minutes sees none of it.

HANDLER = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(4))\n"
KILL = "os.kill(os.getpid(), signal.SIG{})"
ANOTHER = "os.execv(sys.executable, [sys.executable, '-c', ''])"
AT_EXIT = 'import atexit; atexit.register(lambda: solve("late"))'
JOIN_MAIN = "threading.main_thread().join(); solve('late')"

# What is done at the end, the code, what is said beside the line that says that runs
# wait, and whether that line is said: without a chance to say anything it is not.
ENDS = {
    "the end of the program": ("", 0, "", True),
    "sys.exit": ("sys.exit(3)", 3, "", True),
    "sys.exit with words": ("sys.exit('no vehicles')", 1, "no vehicles\n", True),
    "an exception": ("raise ValueError('no')", 1, "ValueError: no\n", True),
    "Ctrl-C": ("raise KeyboardInterrupt", -2, "KeyboardInterrupt\n", True),
    "SIGTERM and a handler": (HANDLER + KILL.format("TERM"), 4, "", True),
    "SIGTERM": (KILL.format("TERM"), -15, "", False),
    "SIGHUP": (KILL.format("HUP"), -1, "", False),
    "SIGKILL": (KILL.format("KILL"), -9, "", False),
    "os._exit": ("os._exit(5)", 5, "", False),
    "os.abort": ("os.abort()", -6, "", False),
    "a segmentation fault": ("ctypes.string_at(0)", -11, "", False),
    "another program": (ANOTHER, 0, "", False),
    "no stderr": ("sys.stderr.close()", 0, "", False),
    "stderr is None": ("sys.stderr = None", 0, "", False),
}


@posix
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_every_call_that_returned_arrives_whatever_ends_the_process(
    home, platform: Platform, end
):
    do, code, said, is_told = end
    platform.fail_next(99, status=503, headers={"Retry-After": "600"})
    ended = Ended(home, do, **access(platform.endpoint, 600))
    assert ended.code == code
    assert ended.seconds < SLACK_S
    assert ended.others.endswith(said)
    assert "autotrack" not in ended.others
    assert ended.ours == [waiting(3)] * is_told
    assert set(ended.runs) == {0, 1, 2}
    assert {run.status for run in ended.runs.values()} == {Status.SUCCEEDED}


# --- Calls that are made while the process ends.

CYCLE = "import gc; gc.disable(); late = Late(); late.self = late; del late"

LATE = {
    "a thread that outlives the main one": (
        f"threading.Thread(target=lambda: exec({JOIN_MAIN!r}, globals())).start()",
        "",
        4,
    ),
    "a pool of threads": ("ThreadPoolExecutor().submit(solve, 'late')", "", 4),
    "a handler from after the import": (AT_EXIT, "", 4),
    "a handler from before the import": ("", AT_EXIT, 3),
    "a finalizer": ("late = Late()", "", 3),
    "a finalizer in a cycle": (CYCLE, "", 3),
}


@pytest.mark.parametrize(("end", "before", "told"), LATE.values(), ids=LATE)
def test_a_call_that_is_made_while_the_process_ends_arrives(
    home, platform: Platform, end, before, told
):
    platform.fail_next(99, status=503, headers={"Retry-After": "600"})
    ended = Ended(home, end, before, **access(platform.endpoint, 600))
    assert (ended.code, ended.ours, ended.others) == (0, [waiting(told)], "")
    assert ended.seconds < SLACK_S
    assert set(ended.runs) == {0, 1, 2, "late"}


@pytest.mark.parametrize("calls", [CALLS, ""], ids=["calls before", "none before"])
def test_a_first_call_when_no_thread_can_be_started_holds_nothing_up(home, calls):
    # Python 3.12 starts none any more when handlers of its exit are called.
    ended = Ended(home, AT_EXIT, calls=calls, NEXTMV_AUTOTRACK_FLUSH_TIMEOUT="600")
    assert (ended.code, ended.err) == (0, "")
    assert ended.seconds < SLACK_S
    assert set(ended.runs) - {0, 1, 2} == {"late"}


def test_daemon_threads_that_track_lose_no_call_that_returned(home):
    end = """
import itertools
is_going_on = threading.Event()
def work():
    for number in itertools.count():
        solve(number)
        os.write(1, b"%d\\n" % number)
        if number == 100:
            is_going_on.set()
threading.Thread(target=work, daemon=True).start()
is_going_on.wait()
"""
    environ = {"NEXTMV_AUTOTRACK_FLUSH_TIMEOUT": "0.1"}
    ended = Ended(home, end, calls="", **environ)
    returned = [int(line) for line in ended.out.splitlines()]
    assert (ended.code, ended.err) == (0, "")
    assert ended.seconds < SLACK_S
    assert returned[100:]
    assert set(returned) <= set(ended.runs)
    assert len(ended.runs) <= len(returned) + 1


def test_a_run_that_is_in_progress_when_the_process_ends_arrives_as_failed(home):
    end = """
is_begun = threading.Event()
def work():
    with track_run("amid", input="amid") as run:
        run.log("the last line")
        is_begun.set()
        threading.Event().wait()
threading.Thread(target=work, daemon=True).start()
is_begun.wait()
"""
    ended = Ended(home, end)
    assert (ended.code, ended.err) == (0, "")
    run = ended.runs.pop("amid")
    assert run.status is Status.FAILED
    assert run.error.startswith("process ended before the run did")
    with swept(home) as store:
        assert store.log_text(run.id) == "the last line\n"
    assert {run.status for run in ended.runs.values()} == {Status.SUCCEEDED}


# --- Whatever the server does.


@contextlib.contextmanager
def endpoint_of(platform: Platform, trouble: str) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        silent = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if trouble == "is down":
            listener.close()
        elif trouble == "accepts nothing":
            listener.listen(1)
        elif trouble == "hangs":
            platform.trouble("hang", 99)
        elif trouble == "is slow":
            platform.delay(0.4)
        else:
            platform.trouble("close", 99)
        is_other = trouble in {"is down", "accepts nothing"}
        yield silent if is_other else platform.endpoint


TROUBLES = ["is down", "accepts nothing", "hangs", "is slow", "hangs up"]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_server_holds_up_the_exit_for_longer_than_it_may(
    home, platform: Platform, trouble
):
    with endpoint_of(platform, trouble) as endpoint:
        ended = Ended(home, "sys.exit(3)", **access(endpoint, 0.7))
    assert ended.code == 3
    assert ended.seconds < 0.7 + SLACK_S
    assert ended.ours in ([], *([waiting(count)] for count in (1, 2, 3)))
    assert ended.others == ""
    assert set(ended.runs) == {0, 1, 2}
    assert {run.status for run in ended.runs.values()} == {Status.SUCCEEDED}


def test_a_slow_server_is_waited_for_as_long_as_it_may(home, platform: Platform):
    platform.delay(0.1)
    ended = Ended(home, "sys.exit(3)", **access(platform.endpoint, PATIENCE_S))
    assert (ended.code, ended.err) == (3, "")
    assert ended.seconds < SLACK_S
    assert len(platform.runs()) == 3


def test_a_run_that_another_process_has_on_its_way_is_waited_for(
    to_platform: Tracker, platform: Platform
):
    home = to_platform.sources.resolve().directory
    # As if a fork took that long: the program is suspended without the store open.
    calls = "from nextmv_autotrack.tracker import TRACKER; TRACKER.before_fork()"
    end = f"solve(0); {KILL.format('STOP')}; TRACKER.after_fork_in_parent()"
    environ = access(platform.endpoint, PATIENCE_S)
    with start(home, end, calls=calls, **environ) as program:
        os.waitid(os.P_PID, program.pid, os.WSTOPPED | os.WNOWAIT)
        platform.delay(0.3)
        # Whoever begins takes what there is, and sends it.
        tracked(lambda data: data)("living")
        while not platform.requests():
            pass
        program.send_signal(signal.SIGCONT)
        said = program.communicate(timeout=PATIENCE_S)
        assert (program.returncode, *said) == (0, "", "")
    assert 0 in {run.given for run in platform.runs()}


# --- A program that tracks nothing itself.

CHILDREN = """
for number in range(3):
    child = os.fork()
    if not child:
        solve(number)
        os._exit(0)
    os.waitpid(child, 0)
"""


@posix
def test_a_program_sends_what_its_children_had_no_time_for(home, platform: Platform):
    ended = Ended(home, "", calls=CHILDREN, **access(platform.endpoint, PATIENCE_S))
    assert (ended.code, ended.err) == (0, "")
    assert {run.given for run in platform.runs()} == {0, 1, 2}
    assert len(platform.runs()) == 3


@posix
@pytest.mark.parametrize("trouble", TROUBLES)
def test_it_is_held_up_for_no_longer_than_it_may_by_what_its_children_left(
    home, platform: Platform, trouble
):
    with endpoint_of(platform, trouble) as endpoint:
        ended = Ended(home, "sys.exit(3)", calls=CHILDREN, **access(endpoint, 0.7))
    assert ended.code == 3
    assert ended.seconds < 0.7 + SLACK_S
    assert ended.ours in ([waiting(count)] for count in (1, 2, 3))
    assert ended.others == ""
    assert {run.status for run in ended.runs.values()} == {Status.SUCCEEDED}
    assert set(ended.runs) == {0, 1, 2}


@posix
def test_a_damaged_store_is_mended_or_set_aside_for_what_its_children_left(
    home, platform: Platform
):
    home.mkdir()
    (home / "store.sqlite3").write_bytes(b"not a database, " * 1000)
    ended = Ended(home, "", calls=CHILDREN, **access(platform.endpoint, PATIENCE_S))
    assert (ended.code, ended.others) == (0, "")
    assert any("store.sqlite3.damaged-" in line for line in ended.ours)
    assert len(platform.runs()) == 3


@posix
def test_a_program_that_tracks_no_function_leaves_to_others_what_is_theirs(
    home, platform: Platform
):
    environ = access(platform.endpoint, PATIENCE_S)
    Ended(home, KILL.format("KILL"), **environ, calls="solve('left')")
    with subprocess.Popen(
        [sys.executable, "-c", "import nextmv_autotrack"],
        env={"NEXTMV_AUTOTRACK_DIRECTORY": str(home), "PATH": "", **environ},
    ) as program:
        assert program.wait(PATIENCE_S) == 0
    assert platform.requests() == []


# --- Somebody does not want to wait.


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_that_ends_a_program_ends_the_flush_too(
    home, platform: Platform, name
):
    platform.trouble("hang", 99)
    handlers = HANDLER + "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    tell = "atexit.register(print, 'ends', flush=True)"
    environ = access(platform.endpoint, 600)
    with start(home, handlers + tell, **environ) as program:
        assert program.stdout.readline() == "ends\n"
        while not platform.requests():
            pass
        program.send_signal(getattr(signal, name))
        _, said = program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 0
    assert said == waiting(3)
    assert set(runs_of(home)) == {0, 1, 2}


def test_a_handler_of_a_signal_may_flush_at_any_step_of_a_flush(tracker: Tracker):
    solve = tracked(lambda data: data)
    solve(0)

    def interrupted_at(wanted: int) -> bool:
        """Flush, and flush amid it; return whether there was such a step."""
        steps = 0

        def trace(frame, event, _):
            nonlocal steps
            steps += event == "line"
            if steps == wanted:
                sys.settrace(before)
                assert tracker.flush(PATIENCE_S)
                return None
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            assert tracker.flush(PATIENCE_S)
        finally:
            sys.settrace(before)
        return steps >= wanted

    step = 1
    while interrupted_at(step):
        step += 1
    assert step > 30
