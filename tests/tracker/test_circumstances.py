"""Where a program runs is on its runs, whatever ends it, and goes where it is to go."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from nextmv_autotrack import safely, tracked
from nextmv_autotrack.capture.lookout import Lookout
from nextmv_autotrack.capture.resources.timeline import Timeline
from nextmv_autotrack.clock import SYSTEM_CLOCK
from nextmv_autotrack.journal import Home
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.sweep import Sweep

PATIENCE_S = 20

PRELUDE = """
import os, signal, sys, time
from nextmv_autotrack import flush, track_run, tracked

@tracked
def solve(x):
    return x
"""


@pytest.fixture
def folder() -> Path:
    return Path(os.environ["NEXTMV_AUTOTRACK_DIRECTORY"])


def environments(folder: Path) -> dict[str, dict[str, Any]]:
    """The environments of all runs, by their names."""
    with Store.open(folder) as store:
        Sweep(store, Home(folder)).others()
        return {
            run.name: store.environment(run).content for run in store.runs(limit=100)
        }


def started(tmp_path: Path, program: str, *words: str, **variables: str) -> int:
    script = tmp_path / "model.py"
    script.write_text(f"{PRELUDE}\n{program}\n")
    done = subprocess.run(
        [sys.executable, str(script), *words],
        cwd=tmp_path,
        env={**os.environ, **variables},
        check=False,
        timeout=60,
    )
    return done.returncode


def test_a_run_says_where_it_was_made(tmp_path, folder):
    words = ("--stops", "3")
    assert not started(tmp_path, "solve(1)", *words, SLURM_JOB_ID="77")
    (found,) = environments(folder).values()
    assert found["script"] == str(tmp_path / "model.py")
    assert found["command"][-3:] == [str(tmp_path / "model.py"), *words]
    assert found["python"]["version"].startswith(f"3.{sys.version_info.minor}.")
    assert found["scheduler"] == {"slurm": {"job_id": "77"}}
    assert found["cpu"]["count"] == os.cpu_count()
    assert found["packages"]["nextmv-autotrack"]


def test_a_package_that_is_loaded_later_is_on_later_runs(tmp_path, folder):
    program = """
with track_run("first"):
    pass
flush(20)
time.sleep(1.1)  # what is noted within a second counts for the run before
import numpy
with track_run("second"):
    pass
flush(20)
"""
    assert not started(tmp_path, program)
    found = environments(folder)
    assert "numpy" not in found["first"]["packages"]
    assert "numpy" in found["second"]["packages"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="a death of POSIX")
def test_a_program_that_is_killed_at_once_has_said_what_it_was(tmp_path, folder):
    program = "solve(1); os.kill(os.getpid(), signal.SIGKILL)"
    assert started(tmp_path, program, "--a") == -signal.SIGKILL
    (found,) = environments(folder).values()
    assert found["python"]["implementation"] == sys.implementation.name
    assert found["command"][-1] == "--a"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_has_the_environment_of_its_parent(tmp_path, folder):
    program = """
solve(1)
pid = os.fork()
if not pid:
    with track_run("child"):
        pass
    flush(20)
    os._exit(0)
os.waitpid(pid, 0)
"""
    assert not started(tmp_path, program)
    found = environments(folder)
    assert found["child"]["script"] == found["solve"]["script"]


def with_slow_git(top: Path, does: str) -> str:
    """Have a repository, and return a PATH with a git that does so."""
    tools = top / "tools"
    tools.mkdir()
    (tools / "git").write_text(f"#!/bin/sh\n{does}\n")
    (tools / "git").chmod(0o755)
    (top / ".git").mkdir()
    (top / ".git" / "HEAD").write_text("a" * 40)
    return os.pathsep.join([str(tools), os.environ["PATH"]])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_program_that_waits_for_any_child_meets_none_of_ours(tmp_path, folder):
    """git is under way when the program forks, and ends with the program."""
    begun = tmp_path / "begun"
    path = with_slow_git(tmp_path, f": > {begun}; exec sleep 60")
    program = f"""
solve(1)
while not os.path.exists({str(begun)!r}):
    time.sleep(0.005)
pid = os.fork()
if not pid:
    os._exit(7)
assert os.wait() == (pid, 7 << 8)
try:
    os.wait()
except ChildProcessError:
    os._exit(9)
"""
    assert started(tmp_path, program, PATH=path) == 9
    (found,) = environments(folder).values()
    assert found["git"] == {"commit": "a" * 40}


@pytest.mark.skipif(os.name != "posix", reason="a script for a shell")
def test_git_that_has_not_answered_costs_no_other_fact_and_ends_with_the_program(
    tmp_path, folder
):
    told = tmp_path / "told"
    os.mkfifo(told)
    path = with_slow_git(tmp_path, f"exec 3>{told}; echo begun >&3; sleep 60")
    program = f"""
solve(1)
told = open({str(told)!r})
assert told.readline() == "begun\\n"
from nextmv_autotrack import shutdown
shutdown(20)
assert told.read() == ""  # nobody holds the other end any more
"""
    assert not started(tmp_path, program, PATH=path)
    (found,) = environments(folder).values()
    assert found["git"] == {"commit": "a" * 40}
    assert {"cpu", "os", "memory_mib", "packages"} <= set(found)


@pytest.mark.skipif(os.name != "posix", reason="a script for a shell")
def test_what_git_answers_later_is_on_runs_that_have_ended(tmp_path, folder):
    path = with_slow_git(tmp_path, "echo ' M model.py'")
    program = """
solve(1)
from pathlib import Path
from nextmv_autotrack.store import Store
while True:
    flush(20)
    with Store.open(Path(os.environ["NEXTMV_AUTOTRACK_DIRECTORY"])) as store:
        (run,) = store.runs(limit=2)
        if "dirty" in store.environment(run).content.get("git", {}):
            break
    time.sleep(0.01)
"""
    assert not started(tmp_path, program, PATH=path)
    (found,) = environments(folder).values()
    assert found["git"] == {"commit": "a" * 40, "dirty": True}


def test_after_a_shutdown_the_next_journal_knows_it_too(tmp_path, folder):
    program = """
from nextmv_autotrack import shutdown
solve(1)
shutdown(20)
with track_run("again"):
    pass
"""
    assert not started(tmp_path, program)
    found = environments(folder)
    assert found["again"] == found["solve"]
    assert "cpu" in found["again"]


@pytest.mark.parametrize(
    ("shared", "known"),
    [("full", True), ("versions", False), ("none", None)],
)
def test_the_platform_is_told_what_the_setting_says(
    to_platform, platform, shared, known
):
    to_platform.configure({"environment": shared})
    tracked(lambda x: {"solution": x, "assets": [{"name": "mine"}]})(1)
    assert to_platform.flush(PATIENCE_S)
    (run,) = platform.runs()
    assets = {asset["name"]: asset for asset in run.document["assets"]}
    assert "mine" in assets
    ours = assets.get("autotrack_environment")
    if known is None:
        assert ours is None
    else:
        assert ours["content"]["python"]["version"]
        assert ("command" in ours["content"]) is known


def test_what_the_process_of_a_run_has_said_holds_whoever_sends_it(
    tmp_path, folder, to_platform, platform
):
    program = """
from nextmv_autotrack import configure
configure(environment="none")
solve(1)
os._exit(0)
"""
    to_cloud = {
        "NEXTMV_API_KEY": platform.key,
        "NEXTMV_APP_ID": "routing",
        "NEXTMV_ENDPOINT": platform.endpoint,
    }
    assert not started(tmp_path, program, **to_cloud)
    tracked(lambda: 2)()
    assert to_platform.flush(PATIENCE_S)
    documents = [run.document for run in platform.runs()]
    assert len(documents) == 2
    assert sum("autotrack_environment" in json.dumps(one) for one in documents) == 1


def test_a_look_that_fails_costs_no_run_and_is_told_once(
    sources, monkeypatch, as_for_users, caplog
):
    lookout = Lookout(Timeline(), sources, SYSTEM_CLOCK)
    monkeypatch.setattr(lookout._circumstances, "_shared", lambda: 1 / 0, raising=True)
    for _ in range(3):
        assert lookout.news("1-a") is None
    assert len(caplog.records) == 1
    assert safely.failures


def test_no_thread_is_added_for_what_is_looked_at(tracker):
    before = {thread.name for thread in threading.enumerate()}
    tracked(lambda: None)()
    assert tracker.flush(PATIENCE_S)
    added = {thread.name for thread in threading.enumerate()} - before
    assert added == {"nextmv-autotrack"}
