"""Runs whose process is dead: failed with what is known of its end, once, by anyone."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nextmv_autotrack import tracked
from nextmv_autotrack.cli import main
from nextmv_autotrack.journal import Home, Kind, process
from nextmv_autotrack.journal.locks import is_held
from nextmv_autotrack.status import Status
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.store.sweep import Sweep
from nextmv_autotrack.tracker import Tracker
from nextmv_autotrack.upload import duties
from tests.platform_server.handle import Platform
from tests.project.paths import ROOT
from tests.store.journals import BEGIN, Journal, run_id

PATIENCE_S = 20

GIB = 2**30
SECOND_NS = 10**9

ENDED = "process ended before the run did"
STRUCK = "the kernel's out-of-memory killer struck in its cgroup meanwhile"

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="told by /proc alone"
)


def until(condition: Callable[[], object]) -> None:
    """Wait for something that another process or the kernel is about to do."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_at


def sees(journal: Journal, **facts: Any) -> None:
    """Write down what the process of a journal is seen using."""
    journal.raw(Kind.SEEN, json.dumps(facts).encode())


def recovered(home: Path) -> dict[str, StoredRun]:
    """Recover what the dead have left, and return all runs by their inputs."""
    with Store.open(home) as store:
        Sweep(store, Home(home)).others()
        runs = store.runs(limit=1000)
        found = {json.loads(store.payload(run.input)): run for run in runs}
    assert len(found) == len(runs)
    return found


# --- What is told of an end.


@pytest.mark.parametrize("file", ["memory.events", "memory.oom_control"])
@needs_proc
def test_a_run_is_failed_with_all_that_is_known_of_the_end_of_its_process(
    tmp_path, file
):
    (tmp_path / file).write_text("oom_kill 4\n")
    facts = {
        **process.identity(),
        "at_ns": BEGIN["started_ns"] + 90 * SECOND_NS,
        "memory_bytes": int(15.8 * GIB),
        "peak_kib": 17 * 2**20,
        "cgroup": str(tmp_path),
        "oom_kills": 3,
    }
    with Journal(tmp_path) as journal:
        journal.begin(1, b"1")
        journal.log(1, b"the last line\n")
        sees(journal, **facts)
    run = recovered(tmp_path)[1]
    assert run.status is Status.FAILED
    assert run.error == f"{ENDED}; last seen using 15.8 GiB; {STRUCK}"
    assert run.metrics == {"peak_memory_mib": 17 * 1024}
    assert run.duration == 90
    with Store.open(tmp_path) as store:
        assert store.log_text(run.id) == "the last line\n"


def test_the_last_sight_counts_and_may_have_been_moved_long_before(tmp_path):
    with Store.open(tmp_path) as store:
        with Journal(tmp_path) as journal:
            journal.begin(1, b"1")
            sees(journal, memory_bytes=GIB)
            sees(journal, memory_bytes=2 * GIB)
            Sweep(store, journal.home).own(journal.writer)
            journal.log(1, b"line\n")
        Sweep(store, journal.home).others()
        assert store.run(run_id(1)).error == f"{ENDED}; last seen using 2.0 GiB"
        left = store._connection.execute("SELECT * FROM processes").fetchall()
        assert left == []


def test_of_a_process_nobody_has_seen_only_the_end_is_known(tmp_path):
    with Journal(tmp_path) as journal:
        journal.begin(1, b"1")
    run = recovered(tmp_path)[1]
    assert (run.error, run.duration, run.metrics) == (ENDED, None, {})


def test_a_clock_that_was_set_back_makes_no_duration_below_zero(tmp_path):
    with Journal(tmp_path) as journal:
        journal.begin(1, b"1")
        sees(journal, at_ns=BEGIN["started_ns"] - 3600 * SECOND_NS)
    assert recovered(tmp_path)[1].duration == 0


def test_a_sight_of_others_tells_nothing(tmp_path):
    with Journal(tmp_path, "1-dead") as dead, Journal(tmp_path, "2-other") as other:
        dead.begin(1, b"1")
        other.begin(2, b"2")
        sees(other, memory_bytes=GIB)
    found = recovered(tmp_path)
    assert [found[1].error, found[2].error] == [
        ENDED,
        f"{ENDED}; last seen using 1.0 GiB",
    ]


@pytest.mark.parametrize(
    "meta",
    [b"", b"[]", b"7", b'{"peak_kib":"x"}', b'{"at_ns":1.5}', b'{"at_ns":null}'],
    ids=repr,
)
def test_a_sight_that_makes_no_sense_stops_no_recovery(tmp_path, meta):
    with Journal(tmp_path) as journal:
        journal.begin(1, b"1")
        sees(journal, memory_bytes=GIB)
        journal.raw(Kind.SEEN, meta)
    assert recovered(tmp_path)[1].error == f"{ENDED}; last seen using 1.0 GiB"


def test_what_has_ended_stays_as_it_ended(tmp_path):
    with Journal(tmp_path) as journal:
        journal.begin(1, b"1")
        sees(journal, memory_bytes=GIB, peak_kib=1)
        journal.end(1, duration_ns=3 * SECOND_NS, metrics={"value": 1})
        journal.begin(2, b"2")
    run = recovered(tmp_path)[1]
    assert (run.status, run.error, run.duration) == (Status.SUCCEEDED, None, 3)
    assert run.metrics == {"value": 1}


# --- Who recovers, and whom.

RECOVER = """
import sys
from pathlib import Path
from nextmv_autotrack.journal import Home
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.sweep import Sweep
home = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
with Store.open(home) as store:
    Sweep(store, Home(home)).others()
"""


@contextlib.contextmanager
def python(program: str, *arguments: object, **environ: str) -> Iterator[Any]:
    """Run a program, whose first line is read, and which is killed when it remains."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stdout.readline() == "ready\n"
            yield running
        finally:
            running.kill()


def test_several_that_recover_at_once_recover_each_run_once(tmp_path):
    runs = range(60)
    for number in runs:
        with Journal(tmp_path, f"{number % 6}-dead-{number}") as journal:
            journal.begin(number, b"%d" % number)
            journal.log(number, b"line\n")
            sees(journal, memory_bytes=GIB)
    with contextlib.ExitStack() as all_of_them:
        recovering = [
            all_of_them.enter_context(python(RECOVER, tmp_path)) for _ in range(4)
        ]
        for one in recovering:
            one.stdin.write("go\n")
            one.stdin.flush()
        assert [one.wait() for one in recovering] == [0] * 4
    assert list((tmp_path / "journals").iterdir()) == []
    found = recovered(tmp_path)
    assert set(found) == set(runs)
    with Store.open(tmp_path) as store:
        assert {store.log_text(run.id) for run in found.values()} == {"line\n"}
    errors = {run.error for run in found.values()}
    assert errors == {f"{ENDED}; last seen using 1.0 GiB"}


TRACK = """
import os, sys
from nextmv_autotrack import track_run
with track_run(input="in progress") as run:
    run.log("the last line")
    {then}
    print("ready", flush=True)
    sys.stdin.readline()
"""

# Until the thread has written down what the process uses.
SEEN = """
    from nextmv_autotrack.journal import SEEN, read_frames
    from nextmv_autotrack.tracker import TRACKER
    journal = TRACKER._front.writer.current.path
    while SEEN not in [frame.kind for frame in read_frames(journal)]:
        pass
"""


def tracking(home: Path, then: str = "", **environ: str) -> Any:
    """Run a program that is amid a run, until its input ends."""
    program = TRACK.format(then=then.strip())
    return python(program, NEXTMV_AUTOTRACK_DIRECTORY=str(home), **environ)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no such signal")
def test_a_suspended_process_keeps_its_run(tmp_path):
    # As if it forked all the time: it is suspended without the store open.
    then = "from nextmv_autotrack.tracker import TRACKER; TRACKER.before_fork()"
    environ = {"NEXTMV_AUTOTRACK_FLUSH_TIMEOUT": "0"}
    with tracking(tmp_path, then, **environ) as running:
        running.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, running.pid, os.WSTOPPED | os.WNOWAIT)
        assert recovered(tmp_path)["in progress"].status is Status.RUNNING
        running.send_signal(signal.SIGCONT)
        running.communicate("go on\n")
        assert running.returncode == 0
    run = recovered(tmp_path)["in progress"]
    assert (run.status, run.error) == (Status.SUCCEEDED, None)


@needs_proc
def test_a_process_that_closed_all_its_files_keeps_its_run_until_it_dies(tmp_path):
    with tracking(tmp_path, "os.closerange(3, 65536)") as running:
        (lock,) = (tmp_path / "journals").glob("*.lock")
        assert not is_held(lock)
        assert recovered(tmp_path)["in progress"].status is Status.RUNNING
        running.kill()
        running.wait()
    assert recovered(tmp_path)["in progress"].status is Status.FAILED


@needs_proc
@pytest.mark.parametrize(
    "other",
    [{"started": "1"}, {"boot_id": "another"}, {"pid_space": "pid:[1]"}],
    ids=["its number given again", "before a reboot", "in another container"],
)
def test_a_stale_lock_keeps_no_run_from_being_recovered(tmp_path, other):
    with Journal(tmp_path) as journal:
        journal.begin(1, b"1")
    # As a dead process leaves it, whose number is that of this one.
    who = {**process.identity(), **other}
    (tmp_path / "journals" / "1-a.lock").write_text(json.dumps(who))
    assert recovered(tmp_path)[1].error == ENDED
    assert list((tmp_path / "journals").iterdir()) == []


def test_a_process_that_goes_on_under_another_name_is_not_taken_for_dead(tmp_path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        sweep = Sweep(store, journal.home)
        journal.ended(1)
        sweep.leave(journal.writer)
        journal.begin(2)
        sweep.others()
        assert store.run(run_id(1)).status is Status.SUCCEEDED
        assert store.run(run_id(2)).status is Status.RUNNING
    with Store.open(tmp_path) as store:
        Sweep(store, journal.home).others()
        assert store.run(run_id(2)).status is Status.FAILED


# --- Recovery in the life of a user.


def test_a_living_sibling_recovers_and_delivers_what_a_killed_process_leaves(
    tracker: Tracker, platform: Platform, monkeypatch
):
    # Within seconds; those a test does not have.
    assert duties.SWEEP_INTERVAL_S <= 5
    monkeypatch.setattr(duties, "SWEEP_INTERVAL_S", 0.1)
    known = {"endpoint": platform.endpoint, "api_key": platform.key, "app_id": "a"}
    tracker.configure(known)
    tracked(lambda data: data)("living")
    environ = {f"NEXTMV_{name.upper()}": value for name, value in known.items()}
    with tracking(tracker.sources.resolve().directory, **environ) as running:
        until(lambda: len(platform.runs()) == 1)
        running.kill()
        until(lambda: len(platform.runs()) == 2)
    run = platform.runs()[1]
    assert (run.given, run.logs) == ("in progress", b"the last line\n")
    assert run.result["status"] == "failed"
    assert run.result["error_message"].startswith(ENDED)


@needs_proc
def test_the_command_line_recovers_what_a_killed_process_leaves(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("NEXTMV_AUTOTRACK_DIRECTORY", str(tmp_path))
    with tracking(tmp_path, SEEN) as running:
        assert main(["list", "--json"]) == 0
        (run,) = json.loads(capsys.readouterr().out)
        assert run["status"] == "running"
        running.kill()
    assert main(["list", "--json"]) == 0
    (run,) = json.loads(capsys.readouterr().out)
    assert run["status"] == "failed"
    assert run["error"].startswith(f"{ENDED}; last seen using ")
    assert run["metrics"]["peak_memory_mib"] > 1
    assert run["duration"] > 0
    assert main(["show", run["id"], "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["input"], shown["logs"]) == ("in progress", ["the last line"])


# --- A real kill of the kernel's.

LIMIT_BYTES = 100 * 2**20


def made_cgroup() -> Path | None:
    """Make a cgroup with little memory, where that is permitted."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top = Path("/sys/fs/cgroup/memory" if controllers else "/sys/fs/cgroup")
        folder = top / path.lstrip("/") / f"autotrack-{os.getpid()}"
        limit = "memory.limit_in_bytes" if controllers else "memory.max"
        without_swap = (
            "memory.memsw.limit_in_bytes" if controllers else "memory.swap.max"
        )
        with contextlib.suppress(OSError):
            folder.mkdir()
            try:
                (folder / limit).write_text(str(LIMIT_BYTES))
            except OSError:
                folder.rmdir()
                raise
            with contextlib.suppress(OSError):
                (folder / without_swap).write_text(
                    str(LIMIT_BYTES if controllers else 0)
                )
            return folder
    return None


@pytest.fixture
def small_cgroup() -> Iterator[Path]:
    folder = made_cgroup()
    if folder is None:
        pytest.skip("no cgroup may be made here")
    yield folder
    until(lambda: is_removed(folder))


def is_removed(cgroup: Path) -> bool:
    with contextlib.suppress(OSError):
        cgroup.rmdir()
    return not cgroup.exists()


USE_MEMORY = (
    SEEN
    + """
    kept = []
    print("ready", flush=True)
    while True:
        kept.append(b"x" * 2**20)
"""
)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="cgroups are Linux's")
def test_a_process_that_the_kernel_killed_for_its_memory_is_known_as_such(
    small_cgroup, tmp_path
):
    procs = str(small_cgroup / "cgroup.procs")
    enter = f"import os; open({procs!r}, 'w').write(str(os.getpid()))\n"
    program = enter + TRACK.format(then=USE_MEMORY.strip())
    with python(program, NEXTMV_AUTOTRACK_DIRECTORY=str(tmp_path)) as running:
        assert running.wait() == -signal.SIGKILL
    run = recovered(tmp_path)["in progress"]
    assert run.error.startswith(f"{ENDED}; last seen using ")
    assert run.error.endswith(f" MiB; {STRUCK}")
