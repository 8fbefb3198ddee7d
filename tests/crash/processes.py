"""Processes that are started, waited for and cleared up, children and all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from tests.project.paths import ROOT

# Nothing here takes so long, on the slowest of machines.
PATIENCE_S = 200.0


class Processes:
    """Starts processes, and keeps what they say in a file each."""

    def __init__(self, said: Path, environ: Mapping[str, str]) -> None:
        self._folder = said
        self._environ = environ
        said.mkdir()

    def start(
        self, name: str, module: str, *arguments: str, **environ: str
    ) -> subprocess.Popen[bytes]:
        """Start a module of Python as a program."""
        with (self._folder / name).open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env={**self._environ, **environ},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                # Its children are in its group, and can be found when it is dead.
                start_new_session=True,
            )

    def said(self, name: str) -> str:
        return (self._folder / name).read_text("utf-8", "replace")

    def all_said(self) -> str:
        """Return what all have said, for people who look for a reason."""
        names = sorted(path.name for path in self._folder.iterdir())
        return "\n".join(f"--- {name}:\n{self.said(name)}" for name in names)


def code_of(process: subprocess.Popen[bytes], timeout_s: float) -> int | None:
    """Wait for the end of a process; return its exit code, None if it has not ended."""
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return None


def clear_up(process: subprocess.Popen[bytes], *, spared_s: float = 0.0) -> None:
    """End a process and whatever it has left, and wait until nothing of it runs.

    Its children have some time to end by themselves.
    """
    if process.poll() is None:
        process.kill()
        process.wait()
    until = time.monotonic() + spared_s
    while _group_lives(process.pid):
        if time.monotonic() >= until:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        time.sleep(0.02)


def _group_lives(group: int) -> bool:
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            is_of_it = os.getpgid(process.pid) == group
            if is_of_it and process.status() != psutil.STATUS_ZOMBIE:
                return True
    return False
