"""Runs replayed in a process of their own, begun anew when a model has ended it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import orjson

from nextmv_autotrack.cli import home
from nextmv_autotrack.cli.replay.child import Child
from nextmv_autotrack.cli.usage import UsageError
from nextmv_autotrack.errors import AutotrackError
from nextmv_autotrack.replaying.replayed import Outcome, Replayed, Terms
from nextmv_autotrack.settings.outside import PREFIX
from nextmv_autotrack.status import Status
from nextmv_autotrack.store import StoredRun

# What a shell reports for a program ended by signal n is this and n.
_EXIT_BY_SIGNAL = 128


@dataclass(frozen=True)
class Tried:
    """A run that was to be replayed."""

    run: StoredRun
    replayed: Replayed | None
    problem: str | None = None
    """Why it was not."""

    @property
    def verdict(self) -> str:
        """How it went, in a word."""
        found = self.replayed
        if found is None:
            return "skipped"
        if found.new.status is not Status.SUCCEEDED:
            return "failed" if found.is_worse else "failing"
        if found.is_worse or found.is_better:
            return "worse" if found.is_worse else "better"
        return "same" if found.delta is not None else "ran"


class Caller:
    """Calls one function with what runs were given; see `replay_process`."""

    def __init__(
        self, function: str, folder: Path, terms: Terms, *, track: bool
    ) -> None:
        self._function = function
        self._terms = terms
        self._job = orjson.dumps(
            {
                "function": function,
                "folder": str(folder),
                "terms": asdict(terms),
                "track": track,
            }
        )
        self._environ = dict(os.environ)
        if not track:
            # Nor what a model starts, threads and processes.
            self._environ[f"{PREFIX}ENABLED"] = "false"
        self._child: Child | None = None

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Have the function imported, and nothing of it left behind.

        Raises:
            UsageError: It is named wrongly.
            AutotrackError: Importing it failed.
        """
        with _sigterm_is_raised():
            try:
                self._begin()
                yield
                self._end()
            finally:
                if self._child is not None:
                    self._child.stop()

    def call(self, run: StoredRun) -> Tried:
        """Return how a run goes; one that ends the process has failed."""
        child = self._child
        if child is None or child.has_ended:
            self._end()
            child = self._begin()
        child.ask(run.id.encode())
        old = Outcome(run.status, None, run.duration, run.error)
        while answer := child.answer():
            if "old" in answer:
                old = _outcome(answer["old"])
            elif "skipped" in answer:
                return Tried(run, None, answer["skipped"])
            else:
                return Tried(run, self._replayed(answer["replayed"]))
        new = Outcome(Status.FAILED, None, None, f"the process ended {self._how()}")
        return Tried(run, Replayed(run.id, run.name, old, new, None, self._terms))

    def _begin(self) -> Child:
        self._child = child = Child(self._environ)
        child.ask(self._job)
        answer = child.answer()
        with_it = f"--with {self._function}"
        if answer is None:
            raise AutotrackError(
                f"{with_it}: importing it ended the process {self._how()}"
            )
        if "refused" in answer:
            raise UsageError(f"{with_it}: {answer['refused']}")
        if "broken" in answer:
            raise AutotrackError(f"{with_it}: {answer['broken']}")
        return child

    def _how(self) -> str:
        """Return how the process has ended, which needs to be said once."""
        code = self._child.end() if self._child else 0
        self._child = None
        if code >= 0:
            return f"with exit code {code}"
        try:
            return f"by signal {signal.Signals(-code).name}"
        except ValueError:  # those for real time have no names
            return f"by signal {-code}"

    def _end(self) -> None:
        if self._child is not None and self._child.end() != 0:
            home.complain(f"after its last call, the process ended {self._how()}")
        self._child = None

    def _replayed(self, told: Mapping[str, Any]) -> Replayed:
        outcomes = {name: _outcome(told[name]) for name in ("old", "new")}
        return Replayed(**{**told, **outcomes, "terms": self._terms})


def _outcome(told: Mapping[str, Any]) -> Outcome:
    return Outcome(**{**told, "status": Status(told["status"])})


@contextmanager
def _sigterm_is_raised() -> Iterator[None]:
    """Let an end from outside, as by a time limit, leave no model behind that runs on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(_EXIT_BY_SIGNAL + number)
