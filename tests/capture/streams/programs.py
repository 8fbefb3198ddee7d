"""Programs that print, run as processes of their own, and the logs of their runs."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from nextmv_autotrack.journal import Home
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.selection import Selection
from nextmv_autotrack.store.sweep import Sweep

ROOT = Path(__file__).parents[3]

PATIENCE_S = 60


def surroundings(home: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
        "HOME": str(home),
        "NEXTMV_AUTOTRACK_DIRECTORY": str(home),
        **more,
    }


@dataclass
class Done:
    """How a program has ended, and what its runs are."""

    code: int
    out: bytes
    err: bytes
    logs: list[list[str]]
    """Of each run that it has made, in the order in which they began."""


def run(program: str, home: Path, *words: str, **more: str) -> Done:
    """Run a program to its end."""
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
        env=surroundings(home, **more),
    )
    return Done(done.returncode, done.stdout, done.stderr, logs_in(home))


def logs_in(home: Path) -> list[list[str]]:
    """The log lines of each run of a home, the oldest first; the dead are swept."""
    with Store.open(home) as store:
        assert Sweep(store, Home(home)).others() == []
        runs = reversed([*store.each(Selection())])
        return [store.log_text(run.id).split("\n")[:-1] for run in runs]
