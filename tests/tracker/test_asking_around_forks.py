"""Waiting for a run ends, rightly, whichever process asks."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.platform_server.handle import Platform
from tests.project.paths import ROOT
from tests.tracker.test_fork import METHODS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def inputs_after(platform: Platform, home, *mode: str) -> list[str]:
    """Run a process in a mode, expect no word of it, and return what has arrived."""
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-m",
            "tests.tracker.process_that_waits",
            *mode,
        ],
        env={
            "PATH": "",
            "NEXTMV_API_KEY": platform.key,
            "NEXTMV_APP_ID": "routing",
            "NEXTMV_ENDPOINT": platform.endpoint,
            "NEXTMV_AUTOTRACK_DIRECTORY": str(home),
            "NEXTMV_AUTOTRACK_FLUSH_TIMEOUT": "20",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return sorted(run.given for run in platform.runs())


@pytest.mark.parametrize(
    ("mode", "inputs"),
    [
        ("child_for_its_own", ["before", "child"]),
        ("child_for_the_parents", ["before"]),
        ("child_for_one_that_is_open", ["before"]),
        ("child_that_leaves_the_store_alone", ["before", "child"]),
    ],
)
def test_a_forked_child_asks_for_runs_as_its_parent_does(
    tmp_path, platform, mode, inputs
):
    assert inputs_after(platform, tmp_path, mode) == inputs


def test_a_thread_waits_for_its_runs_while_others_fork(tmp_path, platform):
    inputs = inputs_after(platform, tmp_path, "thread_while_others_fork")
    of_the_thread = [one for one in inputs if one.startswith("thread")]
    assert len(of_the_thread) == len({*of_the_thread}) == 20


@pytest.mark.parametrize("method", METHODS)
def test_runs_that_a_pool_gives_back_are_waited_for(tmp_path, platform, method):
    inputs = inputs_after(platform, tmp_path, "parent_for_those_of_a_pool", method)
    assert inputs == ["pool 0", "pool 1", "pool 2", "pool 3"]
