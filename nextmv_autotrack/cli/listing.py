"""`list`: the runs, newest first."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nextmv_autotrack.cli import home, screen, shapes
from nextmv_autotrack.cli.words import age, duration, number, short_lengths
from nextmv_autotrack.store import StoredRun

# They fit on a screen.
ROWS = 20

_HEADS = ("ID", "NAME", "STATUS", "STARTED", "DURATION", "DELIVERY", "RESULT")

# More would not fit on a line. The words that every model has come first.
_METRICS_SHOWN = 3
_METRICS_FIRST = ("status", "value")

# They are measured for every run, and say little about what came out.
_OF_THE_PROCESS = frozenset({"cpu_s", "peak_memory_mib"})


def run(given: Namespace) -> int:
    """Print the runs of the local store."""
    folder = home.directory()
    limit = given.limit
    if limit is None:
        limit = 0 if given.json else ROWS
    # One more than is shown: it tells whether there are more, and how long the id of
    # the one before it has to be.
    runs = read(folder, limit + 1 if limit else sys.maxsize)
    listed = runs[:limit] if limit else runs
    if given.json:
        shapes.write([shapes.listed(run) for run in listed])
    elif listed:
        show(listed, beside=runs[len(listed) :])
        _say_what_next(runs, more=len(runs) > len(listed))
    else:
        _say_how_to_begin(folder)
    return 0


def read(folder: Path, limit: int) -> list[StoredRun]:
    """Return the newest runs, at most `limit` of them."""
    if not folder.is_dir():
        # Looking must not leave a folder behind.
        return []
    with home.open_store(folder) as store:
        return store.runs(limit=limit)


def show(runs: Sequence[StoredRun], beside: Sequence[StoredRun] = ()) -> None:
    """Print a table of `runs`; ids are told apart from those `beside`, too."""
    now = time.time()
    lengths = short_lengths(run.id for run in (*runs, *beside))
    screen.table(
        _HEADS,
        [
            (
                run.id[: lengths[run.id]],
                run.name,
                run.status,
                age(run.started_at, now),
                duration(run.duration),
                run.delivery,
                _result(run),
            )
            for run in runs
        ],
    )


def _result(run: StoredRun) -> str:
    """The error, or the metrics that say what came out."""
    if run.error is not None:
        return run.error
    own = {
        name: value
        for name, value in run.metrics.items()
        if name not in _OF_THE_PROCESS and isinstance(value, (int, float, str))
    }
    names = sorted(own, key=lambda name: name not in _METRICS_FIRST)
    return " ".join(f"{name}={number(own[name])}" for name in names[:_METRICS_SHOWN])


def own_first(metrics: dict[str, Any]) -> dict[str, Any]:
    """Return metrics in order, the model's before those of its process."""
    return dict(sorted(metrics.items(), key=lambda item: item[0] in _OF_THE_PROCESS))


def _say_what_next(runs: Sequence[StoredRun], *, more: bool) -> None:
    if not screen.is_terminal():
        return
    screen.say()
    if more:
        screen.say("There are older ones: nextmv-autotrack list --limit 0")
    first = runs[0].id[: short_lengths(run.id for run in runs)[runs[0].id]]
    screen.say(f"One of them in full: nextmv-autotrack show {first}")


def _say_how_to_begin(folder: Path) -> None:
    screen.say(f"No runs in {home.shown(folder)} yet.")
    screen.say("Put @tracked on the function that solves, and call it:")
    screen.say("    from nextmv_autotrack import tracked")
    screen.say("or see what it looks like: nextmv-autotrack demo")
