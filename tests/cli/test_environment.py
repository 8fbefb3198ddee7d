"""Where a run was made is shown in a few lines, and compared member by member."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.cli.differences import MISSING, differences
from nextmv_autotrack.cli.environment import comparable, in_lines
from nextmv_autotrack.journal import Kind
from nextmv_autotrack.store import Store
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command
from tests.store.journals import Journal, run_id

WHOLE: dict[str, Any] = {
    "python": {"version": "3.12.1", "implementation": "cpython"},
    "packages": {"highspy": "1.9", "numpy": "2.1"},
    "git": {"commit": "a" * 40, "branch": "main", "dirty": True},
    "os": {"name": "Linux", "release": "6.1", "distribution": "Debian 12"},
    "cpu": {"count": 8, "usable": 4, "model": "EPYC"},
    "memory_mib": 16384,
    "container": {"kind": "docker", "id": "b", "memory_limit_mib": 512.0},
    "scheduler": {"slurm": {"job_id": "7", "partition": "short"}},
    "command": ["python", "model.py", "a b"],
}


def made_in(home: Path, *environments: dict[str, Any]) -> None:
    with Store.open(home) as store:
        for number, content in enumerate(environments):
            with Journal(home, f"{number}-a") as journal:
                meta = {"at_ns": 1, "is_whole": True, "shared": "none"}
                body = json.dumps(content).encode()
                journal.raw(Kind.PROCESS, json.dumps(meta).encode(), body)
                journal.ended(number)
                journal.move(store)


def test_show_says_it_in_a_few_lines(command: Command, home: Path):
    made_in(home, WHOLE)
    page = command("show", run_id(0)).out
    _, _, shown = page.partition("Environment\n")
    lines = [line.strip().split(maxsplit=1) for line in shown.splitlines()]
    assert dict(lines) == {
        "command": "python model.py 'a b'",
        "code": "aaaaaaaaaaaa on main, with changes",
        "python": "cpython 3.12.1",
        "packages": "highspy 1.9, numpy 2.1",
        "system": "Debian 12 (Linux 6.1)",
        "machine": "4 of 8 CPUs, EPYC, 16.0 GiB of memory",
        "container": "docker b, 512 MiB at most",
        "slurm": "job_id 7, partition short",
    }
    assert command("show", run_id(0), "--json").json["environment"] == WHOLE


def test_compare_names_what_differs(command: Command, home: Path):
    other = {
        **WHOLE,
        "packages": {"highspy": "1.10", "numpy": "2.1"},
        "command": ["python", "model.py"],
    }
    made_in(home, WHOLE, other)
    said = command("compare", run_id(0), run_id(1))
    rows = [line.split() for line in said.lines]
    assert ["packages.highspy", "1.9", "1.10"] in rows
    assert "numpy" not in said.out
    found = command("compare", run_id(0), run_id(1), "--json").json
    assert found["environment"] == {
        "packages.highspy": ["1.9", "1.10"],
        "command": ["python model.py 'a b'", "python model.py"],
    }


def test_where_nothing_differs_nothing_is_said(command: Command, home: Path):
    made_in(home, WHOLE, WHOLE)
    assert "Environment" not in command("compare", run_id(0), run_id(1)).out
    found = command("compare", run_id(0), run_id(1), "--json").json
    assert found["environment"] == {}


def test_a_real_run_says_its_python(command: Command, tracker: Tracker):
    with track_run() as run:
        pass
    assert tracker.flush(20)
    found = command("show", run.id, "--json").json["environment"]
    assert found["python"]["implementation"] == sys.implementation.name
    assert f"{sys.implementation.name} 3." in command("show", run.id).out


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"git": 1, "python": [], "cpu": None, "scheduler": {"slurm": 3}},
        {"command": "python", "memory_mib": "x", "container": {}, "os": {"name": ""}},
    ],
)
def test_what_is_not_as_expected_is_left_out(environment):
    assert in_lines(environment) == []


def test_git_that_knows_no_more_than_the_commit_says_so():
    assert in_lines({"git": {"commit": "a" * 40}}) == [("code", "a" * 12)]


def test_what_is_compared_is_not_changed():
    before = json.dumps(WHOLE)
    comparable(WHOLE)
    assert json.dumps(WHOLE) == before


def test_what_only_one_run_has_is_compared_by_its_members():
    found = comparable({"scheduler": {"slurm": {"job_id": "7"}}, "git": 1})
    assert found == {"scheduler.slurm.job_id": "7", "git": 1}
    (difference,) = differences([comparable({}), comparable({"git": {"commit": "a"}})])
    assert difference == ("git.commit", [MISSING, "a"])
