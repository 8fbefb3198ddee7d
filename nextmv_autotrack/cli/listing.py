"""`list`: the runs, newest first."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from nextmv_autotrack.cli import choosing, following, home, screen, shapes, tables
from nextmv_autotrack.cli.choosing import Choice
from nextmv_autotrack.cli.results import result
from nextmv_autotrack.cli.words import age, duration, short_length
from nextmv_autotrack.errors import AutotrackError
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import StoredRun

# They fit on a screen.
ROWS = 20

_HEADS = ("ID", "NAME", "STATUS", "STARTED", "DURATION", "DELIVERY", "RESULT")

# What a narrow terminal can do without.
_SPARE = ("DELIVERY", "DURATION", "STARTED")


def run(given: Namespace) -> int:
    """Print the runs of the local store."""
    folder = home.directory()
    wanted = choosing.choice(given)
    limit = given.limit
    if limit is None:
        limit = 0 if given.json and not given.follow else ROWS
    if given.follow:
        if wanted.sort != choosing.STARTED or wanted.is_reversed:
            raise AutotrackError(
                "-f prints runs as they come: leave out --sort and --reverse"
            )
        return following.runs(folder, wanted, limit=limit, as_json=given.json)
    # One more than is shown: it tells whether there are more, and how long ids have
    # to be.
    runs = read(folder, wanted, limit + 1 if limit else 0)
    listed = runs[:limit] if limit else runs
    if given.json:
        shapes.write([shapes.listed(run) for run in listed])
    elif listed:
        show(listed, beside=runs[len(listed) :])
        _say_what_next(runs, more=len(runs) > len(listed))
    elif wanted.is_everything:
        _say_how_to_begin(folder)
    else:
        screen.say("No run is like that.")
    return 0


def read(folder: Path, wanted: Choice, limit: int) -> list[StoredRun]:
    """Return the chosen runs, at most `limit` of them unless that is 0."""
    if not home.is_there(folder):
        return []
    with home.open_store(folder) as store:
        found = wanted.runs(store, limit)
        if words := wanted.unknown_metric(store, found):
            home.complain(words)
        return found


def show(runs: Sequence[StoredRun], beside: Sequence[StoredRun] = ()) -> None:
    """Print a table of `runs`; ids are told apart from those `beside`, too."""
    now = time.time()
    id_length = short_length(run.id for run in (*runs, *beside))
    tables.table(
        _HEADS,
        [
            (
                run.id[:id_length],
                run.name,
                run.status,
                age(run.started_at, now),
                duration(run.duration),
                run.delivery,
                result(run),
            )
            for run in runs
        ],
        spare=_SPARE,
        usual=Delivery.LOCAL,
    )


def _say_what_next(runs: Sequence[StoredRun], *, more: bool) -> None:
    if not screen.is_terminal():
        return
    screen.say()
    if more:
        screen.say("There are more: the same with --limit 0")
    first = runs[0].id[: short_length(run.id for run in runs)]
    lead, command = "One of them in full:", f"nextmv-autotrack show {first}"
    # A command is copied from one line.
    gap = " " if len(f"{lead} {command}") <= screen.width() else "\n"
    screen.say(f"{lead}{gap}{command}")


def _say_how_to_begin(folder: Path) -> None:
    screen.say(f"No runs in {home.shown(folder)} yet.")
    screen.say("Put @tracked on the function that solves, and call it:")
    screen.say("    from nextmv_autotrack import tracked")
    screen.say("or see what it looks like: nextmv-autotrack demo")
