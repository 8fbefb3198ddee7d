"""`replay`: runs called again with another function, before anybody else calls it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from nextmv_autotrack.cli import choosing, home, screen, shapes
from nextmv_autotrack.cli.replay import shown
from nextmv_autotrack.cli.replay.caller import Caller, Tried
from nextmv_autotrack.cli.results import own_first
from nextmv_autotrack.cli.usage import UsageError
from nextmv_autotrack.encode.unpacking import document
from nextmv_autotrack.errors import StoreError
from nextmv_autotrack.objective import has, names, with_statistics
from nextmv_autotrack.replaying.replayed import Terms
from nextmv_autotrack.status import Status
from nextmv_autotrack.store import Store, StoredRun


def replay(given: Namespace) -> int:
    """Replay runs, and say of each how it goes now; exit code 1 when one is worse."""
    terms = Terms(
        objective=given.objective, maximize=given.maximize, tolerance=given.tolerance
    )
    folder = home.directory()
    with home.store_of(folder) as store:
        runs = _runs(given, store)
        _check_objective(store, runs, given.objective)
    if not runs:
        screen.say("[]" if given.json else "No run is like that.")
        return 1
    tried = _tried(given, folder, runs, terms)
    if given.json:
        shapes.write([shown.as_json(one) for one in tried])
        if shown.is_nothing_compared(tried):
            home.complain(shown.without_objective(tried, terms))
    else:
        shown.summarize(tried, terms)
    return _exit_code(given, tried)


def _runs(given: Namespace, store: Store) -> list[StoredRun]:
    if given.id:
        return [store.run(one) for one in given.id]
    wanted = choosing.choice(given)
    ended = (
        run
        for run in store.each(wanted.selection)
        if run.status is not Status.RUNNING and wanted.has(run)
    )
    return list(islice(ended, given.last))


def _tried(
    given: Namespace, folder: Path, runs: Sequence[StoredRun], terms: Terms
) -> list[Tried]:
    tried = []
    caller = Caller(given.function, folder, terms, track=given.track)
    with caller.ready():
        show = None if given.json else shown.shower()
        for run in runs:
            one = caller.call(run)
            tried.append(one)
            if show is not None:
                show(one)
    return tried


def _check_objective(store: Store, runs: Sequence[StoredRun], name: str | None) -> None:
    """Raise when a metric is named that no run has: a word mistyped finds no fault."""
    succeeded = [run for run in runs if run.status is Status.SUCCEEDED]
    if name is None or not succeeded:
        return
    if any(has(run.metrics, None, name) for run in succeeded):
        return
    found: dict[str, Any] = {}
    for run in succeeded:
        everything = with_statistics(run.metrics, _output(store, run))
        if has(everything, None, name):
            return
        found.update(everything)
    there_are = names(own_first(found))
    raise UsageError(f"--objective {name}: no run has it; there are: {there_are}")


def _output(store: Store, run: StoredRun) -> Any:
    try:
        return document(store.payload(run.output)) if run.output else None
    except (StoreError, ValueError):
        return None


def _exit_code(given: Namespace, tried: Sequence[Tried]) -> int:
    """Return 1 when a run is worse, or what was asked for could not be found out."""
    verdicts = {one.verdict for one in tried}
    if verdicts & {"worse", "failed"}:
        return 1
    if "skipped" in verdicts and (given.id or verdicts == {"skipped"}):
        return 1
    return 1 if shown.is_nothing_compared(tried) else 0
