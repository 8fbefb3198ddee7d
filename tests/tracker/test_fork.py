"""A process that has used the library becomes several: each run is there, once."""

from __future__ import annotations

import json
import multiprocessing
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from nextmv_autotrack.journal import Home
from nextmv_autotrack.status import Delivery, Status
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.store.sweep import Sweep
from nextmv_autotrack.tracker import Tracker
from tests.platform_server.handle import Platform
from tests.project.paths import ROOT
from tests.tracker.process_that_forks import PATIENCE_S, solve

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

METHODS = [
    method
    for method in ("fork", "spawn", "forkserver")
    if method in multiprocessing.get_all_start_methods()
]


@contextmanager
def swept(home: Path) -> Iterator[Store]:
    """Open a store when all that processes have left has been moved into it."""
    with Store.open(home) as store:
        Sweep(store, Home(home)).others()
        yield store


def run_program(home: Path, *mode: str, **environ: str) -> None:
    """Run one, whose children are all gone when it is back, and expect no word."""
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-m",
            "tests.tracker.process_that_forks",
            *mode,
        ],
        env={"NEXTMV_AUTOTRACK_DIRECTORY": str(home), "PATH": "", **environ},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def runs_of(home: Path) -> dict[str, StoredRun]:
    """Return the runs by their inputs, and expect each input once."""
    with swept(home) as store:
        runs = store.runs(limit=10_000)
        found = {json.loads(store.payload(run.input)): run for run in runs}
    assert len(found) == len(runs)
    assert {run.status for run in runs} == {Status.SUCCEEDED}
    assert list((home / "journals").iterdir()) == []
    return found


@needs_fork
@pytest.mark.parametrize(
    ("mode", "inputs"),
    [
        ("child_that_ends_as_a_program", {"before", "child", "after"}),
        ("child_that_flushes", {"before", "child", "after"}),
        ("child_that_is_killed", {"before", "child", "after"}),
        ("child_that_tracks_nothing", {"before", "after"}),
        ("parent_that_has_shut_down", {"before", "child", "after"}),
        ("grandchild", {"before", "child", "grandchild", "child, after"}),
        ("fork_of_a_thread", {"before", "child", "after"}),
    ],
)
def test_the_runs_of_parent_and_child_are_there_once(tmp_path, mode, inputs):
    run_program(tmp_path, mode)
    assert set(runs_of(tmp_path)) == inputs


@needs_fork
def test_a_run_that_is_open_at_the_fork_is_the_parents(tmp_path):
    run_program(tmp_path, "fork_inside_a_run")
    found = runs_of(tmp_path)
    outer = found["outer"]
    assert set(found) == {
        "before",
        "outer",
        "inside, parent",
        "inside, child",
        "after, parent",
        "after, child",
    }
    assert found["inside, parent"].parent_id == outer.id
    assert found["inside, child"].parent_id == outer.id
    assert found["after, child"].parent_id is None
    with swept(tmp_path) as store:
        # What a child says of the run is not lost; the two have a journal each.
        lines = store.log_text(outer.id).splitlines()
        assert sorted(lines) == ["before", "child", "parent"]


@needs_fork
def test_forks_of_a_process_whose_threads_track_lose_and_double_nothing(tmp_path):
    run_program(tmp_path, "forks_of_a_busy_process", "100")
    names = [f"thread {n}" for n in range(4)] + [f"child {n}" for n in range(8)]
    wanted = {f"{name} {number}" for name in names for number in range(100)}
    assert set(runs_of(tmp_path)) == wanted | {"before"}


@needs_fork
def test_a_child_that_outlives_its_parent_loses_nothing(tmp_path):
    run_program(tmp_path, "daemon")
    assert set(runs_of(tmp_path)) == {"before", "parent", "child", "child, alone"}


@needs_fork
def test_a_child_may_be_forked_when_the_thread_has_hardly_begun(tmp_path):
    run_program(tmp_path, "fork_during_the_first_move")
    assert set(runs_of(tmp_path)) == {"before", "child"}


@pytest.mark.parametrize("method", METHODS)
def test_processes_of_multiprocessing_track(tmp_path, method):
    run_program(tmp_path, "processes", method)
    found = runs_of(tmp_path)
    assert set(found) == {"before", "after", f"{method} 0", f"{method} 1"}
    assert found[f"{method} 1"].name == "Model.solve"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["pool", "executor"])
def test_the_workers_of_a_pool_track(tmp_path, method, kind):
    run_program(tmp_path, kind, method)
    wanted = {"before", "after"} | {f"{method} {number}" for number in range(20)}
    assert set(runs_of(tmp_path)) == wanted


@needs_fork
@pytest.mark.parametrize(
    ("mode", "inputs"),
    [
        ("child_that_is_waited_for", ["after", "before", "child"]),
        ("child_that_leaves_runs_after_a_flush", ["before", "child"]),
    ],
)
def test_the_platform_gets_the_runs_of_parent_and_child_once(
    tmp_path, platform: Platform, mode, inputs
):
    run_program(
        tmp_path,
        mode,
        NEXTMV_API_KEY=platform.key,
        NEXTMV_APP_ID="routing",
        NEXTMV_ENDPOINT=platform.endpoint,
    )
    assert sorted(run.given for run in platform.runs()) == inputs
    assert {run.delivery for run in runs_of(tmp_path).values()} == {Delivery.DELIVERED}


@needs_fork
def test_a_fork_does_not_wait_for_another_process_that_writes(tracker: Tracker):
    solve("before")
    assert tracker.flush(PATIENCE_S)
    database = tracker.sources.resolve().directory / "store.sqlite3"
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        solve("meanwhile")
        assert not tracker.flush(0.3)
        tracker.before_fork()
        assert not tracker._gate.is_occupied
        tracker.after_fork_in_parent()
    assert tracker.flush(PATIENCE_S)
