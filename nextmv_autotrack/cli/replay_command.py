"""`replay`: runs called again with another function, before anybody else calls it."""

from __future__ import annotations

import importlib
import os
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from nextmv_autotrack.cli import choosing, columns, home, screen, shapes
from nextmv_autotrack.cli.words import NOTHING, change, counted, duration, number
from nextmv_autotrack.errors import AutotrackError, ReplayError, StoreError
from nextmv_autotrack.replaying import Outcome, Replayed, Terms, read, replay_recorded
from nextmv_autotrack.settings.outside import PREFIX
from nextmv_autotrack.status import Status
from nextmv_autotrack.store import Store, StoredRun

_HEADS = ("RESULT", "ID", "OUTPUT", "OBJECTIVE", "DURATION", "STATUS")

# For a terminal of 80 columns; ids of one millisecond differ in the next digits.
_ID_CHARS = 16
_WIDTHS = (7, _ID_CHARS, 7, 24, 17)

# What is said of a row stands below its id.
_BELOW = " " * (_WIDTHS[0] + len(screen.GAP))


@dataclass(frozen=True)
class _Tried:
    """A run that was to be replayed."""

    run: StoredRun
    replayed: Replayed | None
    problem: str | None
    """Why it was not."""

    @property
    def verdict(self) -> str:
        found = self.replayed
        if found is None:
            return "skipped"
        if found.new.status is not Status.SUCCEEDED:
            return "failed" if found.is_worse else "failing"
        if found.is_worse or found.is_better:
            return "worse" if found.is_worse else "better"
        return "same" if found.delta is not None else "ran"


def replay(given: Namespace) -> int:
    """Replay runs, and say of each how it goes now; exit code 1 when one is worse."""
    if bool(given.id) == bool(given.last):
        raise AutotrackError("say which runs: give their ids, or --last with a number")
    with _tracking(is_on=given.track):
        with screen.prints_elsewhere():
            function = _function(given.function)
        terms = Terms(
            objective=given.objective,
            maximize=given.maximize,
            tolerance=given.tolerance,
        )
        folder = home.directory()
        runs = _runs(given, folder)
        show = _shower() if not given.json else lambda _: None
        tried = [_try(folder, run, function, terms, given, show) for run in runs]
    if given.json:
        shapes.write([_as_json(one) for one in tried])
    else:
        _summarize(tried, terms)
    return _exit_code(given, tried)


@contextmanager
def _tracking(*, is_on: bool) -> Iterator[None]:
    """Have nothing tracked by what a model starts, threads and processes, or all."""
    variable = f"{PREFIX}ENABLED"
    before = os.environ.get(variable)
    if not is_on:
        os.environ[variable] = "false"
    try:
        yield
    finally:
        os.environ.pop(variable, None)
        if before is not None:
            os.environ[variable] = before


def _exit_code(given: Namespace, tried: list[_Tried]) -> int:
    """Return 1 when a run is worse, or was asked for and could not be replayed."""
    verdicts = {one.verdict for one in tried}
    is_missing = bool(given.id) or verdicts <= {"skipped"}
    bad = {"worse", "failed", "skipped"} if is_missing else {"worse", "failed"}
    return 1 if verdicts & bad or not tried else 0


def _runs(given: Namespace, folder: Path) -> list[StoredRun]:
    with home.store_of(folder) as store:
        if given.id:
            return [store.run(one) for one in given.id]
        wanted = choosing.choice(given)
        ended = (
            run
            for run in store.each(wanted.selection)
            if run.status is not Status.RUNNING and wanted.has(run)
        )
        return list(islice(ended, given.last))


def _try(  # noqa: PLR0913, PLR0917 -- all that a call needs
    folder: Path,
    run: StoredRun,
    function: Callable[..., Any],
    terms: Terms,
    given: Namespace,
    show: Callable[[_Tried], None],
) -> _Tried:
    try:
        # A model may fork: no store is open meanwhile.
        with Store.open(folder) as store:
            recorded = read(store, run.id)
        with screen.prints_elsewhere():
            found = replay_recorded(recorded, function, terms, track=given.track)
        tried = _Tried(run, found, None)
    except (ReplayError, StoreError) as error:
        tried = _Tried(run, None, str(error))
    show(tried)
    return tried


def _function(words: str) -> Callable[..., Any]:
    """Return the function that `module:function` names, as Python would find it here."""
    module_name, found, path = words.partition(":")
    if not found or not module_name or not path:
        raise AutotrackError(
            f"--with {words}: give a module and a function, such as model:solve"
        )
    # A script's folder is there; the folder somebody is in has the model.
    sys.path.insert(0, str(home.here()))
    try:
        value: Any = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise AutotrackError(
            f"--with {words}: importing {module_name} failed: "
            f"{type(error).__name__}: {error}"
        ) from error
    for name in path.split("."):
        if not hasattr(value, name):
            raise AutotrackError(f"--with {words}: {module_name} has no {path}")
        value = getattr(value, name)
    if not callable(value):
        raise AutotrackError(f"--with {words}: it cannot be called")
    return value  # type: ignore[no-any-return]


def _shower() -> Callable[[_Tried], None]:
    rows = columns.Rows(_HEADS, _WIDTHS, spare=("STATUS", "DURATION"))

    def show(tried: _Tried) -> None:
        found = tried.replayed
        run_id = tried.run.id[:_ID_CHARS]
        if found is None:
            rows.add((tried.verdict, run_id, *[NOTHING] * 3, ""))
            screen.hanging(_BELOW, tried.problem or "")
            return
        old, new = found.old, found.new
        rows.add(
            (
                tried.verdict,
                run_id,
                "changed" if found.output_changed else "same",
                _objectives(found),
                f"{duration(old.duration)} -> {duration(new.duration)}",
                _statuses(old, new),
            )
        )
        if new.error is not None:
            screen.hanging(_BELOW, new.error)

    return show


def _objectives(found: Replayed) -> str:
    old, new = found.old.objective, found.new.objective
    if old is None and new is None:
        return NOTHING
    if old is not None and old == new:
        return number(old)
    words = " -> ".join(NOTHING if one is None else number(one) for one in (old, new))
    return words if old is None or new is None else f"{words} ({change(old, new)})"


def _statuses(old: Outcome, new: Outcome) -> str:
    if old.status is new.status:
        return new.status.value
    return f"{old.status.value} -> {new.status.value}"


def _summarize(tried: list[_Tried], terms: Terms) -> None:
    if not tried:
        screen.say("No run is like that.")
        return
    counts = Counter(one.verdict for one in tried)
    words = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    better = "larger" if terms.maximize else "smaller"
    screen.say()
    screen.hanging(
        "",
        f"{counted(len(tried), 'run')}: {words}. A {better} objective is better; worse "
        f"is what is off by more than {terms.tolerance:g} of the old one.",
    )


def _as_json(tried: _Tried) -> dict[str, Any]:
    found = tried.replayed
    return {
        "id": tried.run.id,
        "name": tried.run.name,
        "verdict": tried.verdict,
        "old": _outcome(found.old) if found else None,
        "new": _outcome(found.new) if found else None,
        "delta": found.delta if found else None,
        "output_changed": found.output_changed if found else None,
        "problem": tried.problem,
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status.value,
        "objective": outcome.objective,
        "duration": outcome.duration,
        "error": outcome.error,
    }
