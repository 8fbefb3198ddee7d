"""Recorded runs, and the command on them as a user would give it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nextmv_autotrack import current_run, tracked
from nextmv_autotrack.cli import main
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.tracker import Tracker
from tests.platform_server.handle import Platform

DOCTORS_CHECKS = (
    "tracking",
    "key",
    "endpoint",
    "clock",
    "application",
    "upload",
    "store",
    "journals",
    "disk",
)


@dataclass
class Said:
    """What the command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        assert (self.code, self.err) == (0, "")
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture
def home(sources: Sources) -> Path:
    """The folder the command reads; nothing is in it yet."""
    return sources.resolve().directory


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Give the command, in this process."""

    def give(*words: str) -> Said:
        capsys.readouterr()
        code = main(words)
        return Said(code, *capsys.readouterr())

    return give


@pytest.fixture
def connected(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """A platform that the settings lead to."""
    monkeypatch.setenv("NEXTMV_API_KEY", platform.key)
    monkeypatch.setenv("NEXTMV_ENDPOINT", platform.endpoint)
    monkeypatch.setenv("NEXTMV_APP_ID", "routing")
    return platform


def found(command: Command, code: int) -> dict[str, dict[str, str]]:
    """What `doctor` says, by its checks."""
    said = command("doctor", "--json")
    assert said.code == code, said.out
    return {one["check"]: one for one in Said(0, said.out, "").json}


def states(command: Command, code: int) -> dict[str, str]:
    """How the checks of `doctor` went."""
    told = found(command, code)
    assert tuple(told) == DOCTORS_CHECKS
    return {name: check["state"] for name, check in told.items()}


@pytest.fixture
def three_runs(tracker: Tracker) -> None:
    """A run that succeeded, one with a long log, and one that failed."""

    @tracked(options=["limit"])
    def solve(data: dict[str, int], limit: int = 3) -> dict[str, Any]:
        return {"solution": sorted(data)[:limit], "metrics": {"value": 7.5, "gap": 0.0}}

    @tracked(name="talkative")
    def talk(lines: int) -> None:
        run = current_run()
        assert run is not None
        for number in range(lines):
            run.log(f"line {number}")

    @tracked
    def fail() -> None:
        raise ValueError("no vehicles")

    solve({"b": 2, "a": 1})
    talk(30)
    with pytest.raises(ValueError, match="no vehicles"):
        fail()


MODEL = """
import os

print("importing")

def solve(demand, factor=1.0):
    print("solving")
    os.write(1, b"a solver in C\\n")
    if "essen" in demand:
        raise ValueError("no way\\nto essen")
    return {"solution": sorted(demand), "metrics": {"value": factor * sum(demand.values())}}

def cheaper(demand):
    return solve(demand, 0.5)

def dearer(demand):
    return solve(demand, 1.01)

def spawning(demand):
    import subprocess, sys
    program = "from nextmv_autotrack import track_run\\nwith track_run('child'): pass"
    subprocess.run([sys.executable, "-c", program], check=True)
    return solve(demand)

def heavier(demand):
    return {**solve(demand), "metrics": {"weight": 1}}

def leaving(demand):
    if "aachen" in demand:
        os._exit(7)
    return solve(demand)

def slipping(demand):
    os._exit(0)

def crashing(demand):
    import signal
    os.kill(os.getpid(), signal.SIGSEGV)

def reading(demand):
    import sys
    assert sys.stdin.read() == "" and os.read(0, 1) == b""
    return solve(demand)

class Model:
    def solve(self, demand):
        return solve(demand)

model = Model()
broken = 3
"""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, where somebody is."""
    (tmp_path / "amodel.py").write_text(MODEL)
    (tmp_path / "faulty.py").write_text("1 / 0")
    (tmp_path / "lacking.py").write_text("import nowhere")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEXTMV_AUTOTRACK_ENABLED", "true")
    return tmp_path


@pytest.fixture
def plans(models: Path, tracker: Tracker, command: Command) -> list[str]:
    """Two runs that succeeded, one of them twice as dear."""

    @tracked(name="plan")
    def plan(demand: dict[str, int]) -> Any:
        metrics = {"value": sum(demand.values()), "size": "small"}
        return {"solution": sorted(demand), "metrics": metrics}

    plan({"bonn": 4})
    plan({"bonn": 4, "aachen": 4})
    assert tracker.flush(10)
    return [run["id"] for run in command("list", "--json", "--reverse").json]
