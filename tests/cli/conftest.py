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
