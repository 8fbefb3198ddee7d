"""Whether a process lives, and what is known of the end of one that does not.

What no test can do here: a process in a container that shares the folder and no process
numbers is seen by its lock alone, and one there that has lost its lock counts as dead. A
clock that is set has no say, since the start of a process is counted in ticks since the
machine has started.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nextmv_autotrack.journal import Home, process
from nextmv_autotrack.journal.locks import is_held

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="told by /proc alone"
)

PATIENCE_S = 20

OWNER = "9-held"

# More than the kernel ever gives (proc(5), pid_max).
MOST_PIDS = 2**22 + 1

BEGIN = """
import os, signal, sys
from pathlib import Path
from nextmv_autotrack.journal import Home
held = Home(Path(sys.argv[1])).enter("9-held")
"""
WAIT = """
os.write(1, b"ready\\n")
os.read(0, 1)
"""
CLOSE_ALL = "os.closerange(3, 65536)"
LEAVE = "os.ftruncate(held, 0); os.close(held)"
BECOME_ANOTHER = "os.execvp('cat', ['cat', '/dev/fd/0'])"


@contextlib.contextmanager
def owner(home: Path, and_then: str = "", *before: str) -> Iterator[Any]:
    """Run a process that holds the lock of an owner, and has done what it says."""
    program = BEGIN + and_then + WAIT
    with subprocess.Popen(
        [*before, sys.executable, "-c", program, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as running:
        try:
            if running.stdout.readline() != b"ready\n":
                running.wait()
                pytest.skip(f"not possible here: {' '.join(before)}")
            yield running
        finally:
            running.kill()


def until(condition: Callable[[], object]) -> None:
    """Wait for something that another process or the kernel is about to do."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_at


def identity(**other: Any) -> dict[str, Any]:
    return {**process.identity(), **other}


# --- A process by its number, its start, and its place.


def test_this_process_runs():
    assert process.is_running(process.identity())


@pytest.mark.parametrize(
    "other",
    [
        {"started": "1"},
        {"boot_id": "53f5a9a3-dbd4-4bb0-b7b1-4f43b4a6ab9c"},
        {"pid_space": "pid:[1]"},
        {"pid": 2**30},
        {"pid": str(os.getpid())},
        {"pid": None},
        {"started": None},
    ],
    ids=[
        "the number was given again",
        "the machine was started again",
        "it is another container's number",
        "there is no such number",
        "the number is none",
        "there was no number",
        "when it began is not known",
    ],
)
def test_a_process_with_the_number_of_this_one_is_another(other):
    assert not process.is_running(identity(**other))
    assert not process.is_running({})


def test_what_a_process_calls_itself_has_no_say():
    name = b") R 1 (x) Z"
    libc = ctypes.CDLL(None)
    before = ctypes.create_string_buffer(16)
    libc.prctl(16, before)
    known = process.identity()
    libc.prctl(15, name)
    try:
        assert name in Path("/proc/self/stat").read_bytes()
        assert process.identity() == known
        assert process.is_running(known)
    finally:
        libc.prctl(15, before)


def test_a_process_that_ended_and_was_not_waited_for_does_not_run():
    program = """
import json
from nextmv_autotrack.journal import process
print(json.dumps(process.identity()))
"""
    running = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    with running:
        known = json.loads(running.stdout.read())
        os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)
        assert known["pid"] == running.pid
        assert Path(f"/proc/{running.pid}").exists()
        assert not process.is_running(known)
    assert not process.is_running(known)


# --- An owner of a journal.


def test_a_suspended_owner_is_alive(tmp_path):
    with owner(tmp_path) as running:
        running.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, running.pid, os.WSTOPPED | os.WNOWAIT)
        assert Home(tmp_path).is_alive(OWNER)


def test_an_owner_that_lost_its_lock_by_mistake_is_alive_until_it_ends(tmp_path):
    home = Home(tmp_path)
    with owner(tmp_path, CLOSE_ALL) as running:
        assert not is_held(tmp_path / "journals" / f"{OWNER}.lock")
        assert home.is_alive(OWNER)
        running.kill()
        running.wait()
        assert not home.is_alive(OWNER)


def has_random_addresses() -> bool:
    switch = Path("/proc/sys/kernel/randomize_va_space")
    return switch.exists() and switch.read_text().strip() != "0"


@pytest.mark.skipif(not has_random_addresses(), reason="told by an address alone")
def test_an_owner_that_has_become_another_program_is_dead(tmp_path):
    ready = "os.write(1, b'ready\\n')\n"
    with owner(tmp_path, ready + BECOME_ANOTHER) as running:
        lock = tmp_path / "journals" / f"{OWNER}.lock"
        until(lambda: not is_held(lock))
        until(lambda: not Home(tmp_path).is_alive(OWNER))
        assert running.poll() is None


FORK = """
import ctypes
if not ctypes.PyDLL(None).fork():
    os.read(0, 1)
    os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_an_owner_is_dead_though_a_child_that_c_code_forked_holds_its_lock(tmp_path):
    home = Home(tmp_path)
    with owner(tmp_path, FORK) as running:
        assert home.is_alive(OWNER)
        running.kill()
        running.wait()
        assert is_held(tmp_path / "journals" / f"{OWNER}.lock")
        assert not home.is_alive(OWNER)


def test_nobody_is_taken_for_dead_who_cannot_be_looked_at(tmp_path):
    known = identity(pid=MOST_PIDS)
    assert process.has_ended(known)
    assert not process.has_ended({**known, "boot_id": "another"})
    assert not process.has_ended({})
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        assert not process.has_ended(known)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_an_owner_that_has_left_is_not_alive_though_its_process_is(tmp_path):
    with owner(tmp_path, LEAVE) as running:
        assert not Home(tmp_path).is_alive(OWNER)
        assert running.poll() is None


def test_an_owner_that_was_killed_and_not_waited_for_is_dead(tmp_path):
    with owner(tmp_path, CLOSE_ALL) as running:
        running.kill()
        os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)
        assert not Home(tmp_path).is_alive(OWNER)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare(1)")
@pytest.mark.parametrize("proc", [["--mount-proc"], []], ids=["own /proc", "our /proc"])
def test_an_owner_in_another_container_is_alive_as_long_as_its_lock(tmp_path, proc):
    container = ["unshare", "--pid", "--fork", "--kill-child", *proc]
    with owner(tmp_path, "", *container) as running:
        lock = tmp_path / "journals" / f"{OWNER}.lock"
        assert Home(tmp_path).is_alive(OWNER)
        who = json.loads(lock.read_bytes())
        # Without a /proc of its own it knows nothing of itself.
        assert bool(who) == bool(proc)
        assert not process.is_running(who)
        running.kill()
        running.wait()
        until(lambda: not Home(tmp_path).is_alive(OWNER))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b"\xff", b"{}", b'{"pid":1}', b"\0" * 100],
    ids=repr,
)
def test_a_lock_nobody_holds_keeps_nobody_alive_whatever_it_says(tmp_path, content):
    (tmp_path / "journals").mkdir()
    (tmp_path / "journals" / f"{OWNER}.lock").write_bytes(content)
    assert not Home(tmp_path).is_alive(OWNER)
    assert not Home(tmp_path).is_alive("8-without-a-lock")


# --- What is known of an end.

GIB = 2**30


def counters(folder: Path, name: str, kills: int) -> Path:
    """Make a cgroup's folder as the kernel fills it, in version 2 or version 1."""
    text = {
        "memory.events": f"low 0\nhigh 0\nmax 7\noom 1\noom_kill {kills}\n",
        "memory.oom_control": f"oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n",
    }[name]
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


@pytest.fixture(params=["memory.events", "memory.oom_control"])
def cgroup(request, tmp_path):
    """A cgroup in which the kernel has killed once, and a function that kills."""
    folder = counters(tmp_path / "cgroup", request.param, 1)
    return folder, lambda kills: counters(folder, request.param, kills)


def seen(folder: Path | None = None, **other: Any) -> dict[str, Any]:
    facts = {**process.identity(), "at_ns": 1, "memory_bytes": int(15.8 * GIB)}
    if folder is not None:
        facts |= {"cgroup": str(folder), "oom_kills": 1}
    return {**facts, **other}


ENDED = "process ended before the run did"
STRUCK = "; the kernel's out-of-memory killer struck in its cgroup meanwhile"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, ""),
        ({"memory_bytes": int(15.8 * GIB)}, "; last seen using 15.8 GiB"),
        ({"memory_bytes": GIB}, "; last seen using 1.0 GiB"),
        ({"memory_bytes": 57 * 2**20}, "; last seen using 57 MiB"),
        ({"memory_bytes": 100_000}, "; last seen using 0 MiB"),
        ({"memory_bytes": "much"}, ""),
        ({"memory_bytes": None, "cgroup": 3, "oom_kills": "x"}, ""),
    ],
    ids=str,
)
def test_an_end_is_told_by_what_was_seen(facts, words):
    assert process.end_of(facts) == ENDED + words


def test_a_kill_of_the_kernels_in_the_cgroup_is_told(cgroup):
    folder, kills = cgroup
    kills(2)
    words = f"{ENDED}; last seen using 15.8 GiB{STRUCK}"
    assert process.end_of(seen(folder)) == words


@pytest.mark.parametrize("count", [1, 0], ids=["none since", "counted anew"])
def test_without_a_kill_since_none_is_told(cgroup, count):
    folder, kills = cgroup
    kills(count)
    assert STRUCK not in process.end_of(seen(folder))


@pytest.mark.parametrize(
    "place", [{"boot_id": "another"}, {"pid_space": "pid:[1]"}], ids=["boot", "pids"]
)
def test_a_cgroup_of_that_name_in_another_place_tells_nothing(cgroup, place):
    folder, kills = cgroup
    kills(2)
    assert STRUCK not in process.end_of(seen(folder, **place))


def test_a_cgroup_that_is_gone_or_no_cgroup_tells_nothing(tmp_path):
    folder = tmp_path / "cgroup"
    assert STRUCK not in process.end_of(seen(folder))
    folder.mkdir()
    assert STRUCK not in process.end_of(seen(folder))
    (folder / "memory.events").write_text("oom_kill many\n")
    assert STRUCK not in process.end_of(seen(folder))


def test_what_this_process_is_seen_using_can_be_told_later():
    facts = json.loads(json.dumps(process.seen()))
    words = process.end_of(facts)
    assert words.startswith(f"{ENDED}; last seen using ")
    assert 2**20 < facts["memory_bytes"] < 100 * GIB
