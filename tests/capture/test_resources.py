"""What a run has used is the run's: not its process's before it, nor other programs'."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.capture import context
from nextmv_autotrack.capture.resources.sampler import (
    FIRST_SAMPLE_S,
    LONGEST_INTERVAL_S,
    SHORTEST_INTERVAL_S,
    Sampler,
    interval_s,
    together,
)
from nextmv_autotrack.capture.resources.timeline import Child, Point
from nextmv_autotrack.capture.resources.usage import CHILDREN, children_usage
from nextmv_autotrack.store import Store
from tests.written import STARTED_NS

MIB = 2**20

posix = pytest.mark.skipif(os.name != "posix", reason="counted by POSIX systems")
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="told by /proc alone"
)

# As a user's program: nothing but what it does is in its memory.
PRELUDE = """
import subprocess, sys, time
from nextmv_autotrack import flush, track_run
from nextmv_autotrack.capture.resources.sampler import FIRST_SAMPLE_S
from nextmv_autotrack.tracker import TRACKER

def memory(mib):
    return b"x" * (mib * 2**20)

def until_seen():
    # Looked at twice, however slow the machine is; and a run that lasts no longer than
    # this does not ask.
    timeline, since_ns = TRACKER.recorder.timeline, time.perf_counter_ns()
    long_enough_ns = since_ns + int(FIRST_SAMPLE_S * 1e9)
    for _ in range(2):
        while timeline.last is None or timeline.last.end_ns <= since_ns:
            time.sleep(0.01)
        since_ns = max(timeline.last.end_ns, long_enough_ns)

def child(code):
    subprocess.run([sys.executable, "-c", code], check=True)
"""


def metrics_of(program: str, *before: str) -> dict[str, dict[str, Any]]:
    """Run a program of its own; return the metrics of its runs by name."""
    words = [sys.executable, "-c", f"{PRELUDE}\n{program}\nassert flush(20)"]
    if os.name == "posix" and not before:
        # A shell between: on what it starts stands no mark of the memory of the tests.
        before = ("/bin/sh", "-c", '"$@"; exit $?', "sh")
    subprocess.run([*before, *words], check=True, timeout=60)
    with Store.open(Path(os.environ["NEXTMV_AUTOTRACK_DIRECTORY"])) as store:
        return {run.name: run.metrics for run in store.runs(limit=100)}


@needs_proc
def test_a_peak_before_a_run_is_not_the_runs():
    found = metrics_of(
        """
held = memory(300)
del held
with track_run("small"):
    time.sleep(0.05)
with track_run("large"):
    held = memory(400)
    del held
with track_run("small again"):
    held = memory(60)
    until_seen()
    del held
"""
    )
    assert 5 < found["small"]["peak_memory_mib"] < 150
    assert 400 < found["large"]["peak_memory_mib"] < 550
    assert 60 < found["small again"]["peak_memory_mib"] < 250


@needs_proc
def test_a_peak_between_two_looks_is_seen_where_the_system_has_a_mark():
    found = metrics_of(
        """
with track_run("run"):
    until_seen()
    held = memory(300)
    del held
    until_seen()
"""
    )
    assert found["run"]["peak_memory_mib"] > 300
    assert found["run"]["peak_threads"] == 1


@needs_proc
def test_the_memory_of_a_program_that_starts_another_is_not_the_others():
    starter = """
import subprocess, sys
memory = b"x" * 400_000_000
sys.exit(subprocess.call(sys.argv[1:]))
"""
    found = metrics_of(
        """
with track_run("run"):
    held = memory(100)
    time.sleep(0.05)
""",
        sys.executable,
        "-c",
        starter,
    )
    assert 100 < found["run"]["peak_memory_mib"] < 300


@posix
def test_what_children_use_is_beside_what_their_process_uses():
    found = metrics_of(
        """
child("pass")
with track_run("before"):
    time.sleep(0.01)
with track_run("short"):
    child("sum(range(10**6)); memory = b'x' * (250 * 2**20)")
with track_run("none"):
    time.sleep(0.01)
child("sum(range(10**7))")
with track_run("none again"):
    time.sleep(0.01)
with track_run("long"):
    process = subprocess.Popen(
        [sys.executable, "-c", "memory = b'x' * (120 * 2**20); print(1, flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    process.stdout.readline()
    until_seen()
    process.communicate(b"end")
"""
    )
    assert found["short"]["children_cpu_s"] > 0.01
    assert 250 < found["short"]["children_peak_memory_mib"] < 350
    assert found["short"]["peak_memory_mib"] < 150
    for name in ("before", "none", "none again"):
        assert not any(key.startswith("children") for key in found[name]), name
    assert found["long"]["children_cpu_s"] > 0.01
    # The largest so far was larger: this is what was seen.
    assert 120 < found["long"]["children_peak_memory_mib"] < 240


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_is_looked_at_by_itself():
    found = metrics_of(
        """
import os
with track_run("parent"):
    until_seen()
    pid = os.fork()
    if not pid:
        with track_run("child"):
            until_seen()
        flush(20)
        os._exit(0)
    os.waitpid(pid, 0)
    until_seen()
"""
    )
    assert found["child"]["peak_threads"] == 1
    assert "children_peak_memory_mib" not in found["child"]
    assert found["parent"]["children_peak_memory_mib"] > 1


def test_a_child_that_is_a_solver_is_found():
    pytest.importorskip("pulp")
    found = metrics_of(
        """
import pulp
with track_run("cbc"):
    model = pulp.LpProblem("knapsack", pulp.LpMaximize)
    takes = [pulp.LpVariable(f"x{i}", cat="Binary") for i in range(40)]
    model += pulp.lpSum((i * 37 % 41 + 1) * take for i, take in enumerate(takes))
    model += pulp.lpSum((i * 53 % 43 + 1) * take for i, take in enumerate(takes)) <= 99
    model.solve(pulp.PULP_CBC_CMD(msg=False))
"""
    )
    assert found["cbc"]["children_cpu_s"] > 0


@posix
def test_a_run_of_a_program_with_children_asks_what_they_have_used_so_far(written):
    CHILDREN.begin_anew()
    with track_run("first"):
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        written.now += 1
    assert CHILDREN.are_counted
    before = children_usage().cpu_ns
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    between = children_usage().cpu_ns
    with track_run("second"):
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        written.now += 1
    after = children_usage().cpu_ns
    assert after > between > before
    _, second = written.runs
    assert second.end["children_cpu_ns"] == after - between


@posix
def test_children_from_before_the_program_became_this_one_cost_its_calls_nothing():
    words = (
        f"{PRELUDE}\nfrom nextmv_autotrack.capture.resources.usage import CHILDREN\n"
    )
    words += 'with track_run("run"):\n    time.sleep(0.02)\n'
    words += "assert not CHILDREN.are_counted\nassert flush(20)"
    before = f"{sys.executable} -c 'sum(range(10**6))'"
    subprocess.run(
        ["/bin/sh", "-c", f'{before}; exec "$@"', "sh", sys.executable, "-c", words],
        check=True,
        timeout=60,
    )
    with Store.open(Path(os.environ["NEXTMV_AUTOTRACK_DIRECTORY"])) as store:
        (run,) = store.runs(limit=9)
    assert not any(name.startswith("children") for name in run.metrics)


@posix
def test_a_child_of_ours_is_not_the_models(written):
    CHILDREN.begin_anew()
    with track_run():
        process = subprocess.Popen([sys.executable, "-c", "pass"])
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        CHILDREN.leave_out(int((used.ru_utime + used.ru_stime) * 1e9))
        written.now += 1
    assert "children_cpu_ns" not in written.run.end
    assert not CHILDREN.are_counted


@posix
def test_whether_there_are_children_is_asked_without_waiting_for_one():
    program = """
import subprocess, sys
from nextmv_autotrack.capture.resources.sampler import has_children
assert not has_children()
with subprocess.Popen([sys.executable, "-c", "import os; os._exit(3)"]) as process:
    assert has_children()
    assert process.wait(20) == 3  # it was still there to be waited for
assert not has_children()
"""
    # Of its own: the process of the tests may have children of other tests.
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


# --- When the process is looked at.


@pytest.fixture
def sampler(written):
    return Sampler(
        written.recorder.timeline,
        lambda: [*context.open_roots.values()],
        written.recorder.clock,
        spent_s=lambda: 0.0,
    )


def test_nothing_is_looked_at_while_no_run_is_in_progress(sampler, written):
    sampler.wake()
    written.now += 10
    assert sampler.sample() == float("inf")
    assert written.recorder.timeline.last is None


def test_nothing_is_looked_at_for_runs_without_resources(sampler, written):
    with track_run(resources=False):
        sampler.wake()
        written.now += 10
        assert sampler.sample() == float("inf")
    assert written.recorder.timeline.last is None


def test_a_run_is_looked_at_the_rarer_the_longer_it_lasts(sampler, written):
    with track_run():
        sampler.wake()
        assert sampler.sample() == pytest.approx(written.now + FIRST_SAMPLE_S)
        assert written.recorder.timeline.last is None
        written.now += FIRST_SAMPLE_S
        due_s = sampler.sample()
        assert due_s == pytest.approx(written.now + SHORTEST_INTERVAL_S)
        written.now += 60
        assert sampler.sample() == pytest.approx(written.now + 1, abs=0.1)
        assert len(written.recorder.timeline.all()) == 2
    written.now += 10
    assert sampler.sample() == float("inf")
    assert written.recorder.timeline.last is None


def test_a_run_that_begins_beside_a_long_one_is_looked_at_soon(sampler, written):
    with track_run():
        sampler.wake()
        written.now += 1000
        sampler.sample()
        with track_run():
            sampler.wake()
            assert sampler.sample() == pytest.approx(written.now + FIRST_SAMPLE_S)


@pytest.mark.parametrize(
    ("age_s", "wanted_s"),
    [
        (0, SHORTEST_INTERVAL_S),
        (30, 0.5),
        (60, 1.0),
        (1e9, LONGEST_INTERVAL_S),
    ],
)
def test_the_interval_grows_with_the_run_within_bounds(age_s, wanted_s):
    assert interval_s(age_s) == wanted_s


def test_of_many_children_the_largest_are_kept_apart():
    many = [Child(100.0 + at, 1000 - at, at) for at in range(40)]
    kept = together(many)
    assert len(kept) == 16
    assert kept[:15] == tuple(many[:15])
    assert kept[15].begun_at == 115.0
    for name in ("memory_kib", "cpu_ns"):
        total = sum(getattr(child, name) for child in many)
        assert sum(getattr(child, name) for child in kept) == total
    assert together(many[:16]) == tuple(many[:16])


# --- What a run takes of what was seen.


def point(end_ns: int, **seen: Any) -> Point:
    usual = {
        "begin_ns": end_ns,
        "end_ns": end_ns,
        "memory_kib": 1024,
        "children": (),
        "cpu_ns": 0,
        "waited_ns": 0,
        "alive_ns": 0,
        "threads": 1,
    }
    return Point(**{**usual, **seen})


def test_children_that_were_there_before_a_run_are_not_its_own(written):
    begun_at = STARTED_NS / 1e9
    old = Child(begun_at - 60, 900 * 1024, 5 * 10**9)
    own = Child(begun_at + 0.1, 70 * 1024, 2 * 10**9)
    with track_run():
        at_ns = int((written.now + 1) * 1e9)
        seen = point(
            at_ns,
            children=(old, own),
            waited_ns=CHILDREN.now().cpu_ns,
            threads=7,
        )
        written.recorder.timeline.add(seen)
        written.now += 2
    end = written.run.end
    assert end["children_peak_kib"] == 70 * 1024
    assert end["children_cpu_ns"] == 2 * 10**9
    assert end["threads"] == 7


def test_a_run_inside_another_has_what_was_seen_in_it(written):
    timeline = written.recorder.timeline
    with track_run("outer"):
        timeline.add(point(int(written.now * 1e9), threads=9))
        written.now += 1
        with track_run("inner"):
            timeline.add(point(int(written.now * 1e9), threads=3))
            written.now += 1
        timeline.add(point(int(written.now * 1e9) + 1, threads=5))
        written.now += 1
    outer, inner = written.runs
    assert (outer.end["threads"], inner.end["threads"]) == (9, 3)


def test_the_end_of_a_short_run_says_nothing_of_what_was_seen(written):
    with track_run():
        written.recorder.timeline.add(point(int(written.now * 1e9), threads=9))
        written.now += 0.1
    assert "threads" not in written.run.end
