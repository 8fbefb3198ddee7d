"""`demo`: has real models solved in a process of its own, and lists their runs."""

from __future__ import annotations

import subprocess
import sys
import time
from argparse import Namespace
from importlib.util import find_spec

from nextmv_autotrack.cli import home, listing, screen
from nextmv_autotrack.cli.choosing import Choice
from nextmv_autotrack.cli.words import short_length
from nextmv_autotrack.errors import AutotrackError

MODULE = "nextmv_autotrack.demo"


def run(given: Namespace) -> int:  # noqa: ARG001 -- every command is given its words
    """Solve the models, then show what `list` shows."""
    missing = [name for name in ("highspy", "numpy") if find_spec(name) is None]
    if missing:
        msg = (
            f"demo needs {' and '.join(missing)}, which an extra brings: "
            f"pip install 'nextmv-autotrack[demo]'"
        )
        raise AutotrackError(msg)
    screen.say("One function under @tracked solves three models:", flush=True)
    began = time.time()
    # Its own process, as a model is in real life: what is listed here was read from
    # the store, not from memory.
    solved = subprocess.run(  # noqa: S603 -- this Python, and a module of ours
        [sys.executable, "-m", MODULE],
        stderr=subprocess.PIPE,
        check=False,
    )
    said = solved.stderr.decode(errors="replace").strip()
    if solved.returncode != 0:
        reason = said.rpartition("\n")[2] or f"exit code {solved.returncode}"
        msg = f"the models were not solved: {reason}"
        raise AutotrackError(msg)
    if said:
        print(said, file=sys.stderr)  # noqa: T201 -- warnings, such as of a full disk
    _show_runs(began)
    return 0


def _show_runs(since_s: float) -> None:
    folder = home.directory()
    runs = [
        run
        for run in listing.read(folder, Choice(), listing.ROWS)
        if run.started_at >= since_s
    ]
    if not runs:
        msg = f"the models were solved, but {home.shown(folder)} has none of their runs"
        raise AutotrackError(msg)
    screen.say()
    screen.say(f"$ nextmv-autotrack list --limit {len(runs)}")
    listing.show(runs)
    last = runs[0].id[: short_length(run.id for run in runs)]
    screen.say()
    screen.say(f"The runs are in {home.shown(folder)}; no account was needed. Next:")
    screen.pairs(
        [
            (f"nextmv-autotrack show {last}", "why this one failed"),
            ("nextmv-autotrack list", "the runs of your own models"),
        ],
        indent="  ",
    )
