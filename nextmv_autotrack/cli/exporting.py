"""`export`: runs as files, for scripts or for the vendor's own tools."""

from __future__ import annotations

import secrets
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from nextmv_autotrack.cli import choosing, home, screen, shapes
from nextmv_autotrack.cli.local_runs import LocalRuns, Written
from nextmv_autotrack.cli.words import counted
from nextmv_autotrack.errors import AutotrackError
from nextmv_autotrack.status import Delivery, Status
from nextmv_autotrack.store import Store, StoredRun

FORMATS = ("json", "nextmv-local")

_Write = Callable[[Store, StoredRun], Written]


def export(given: Namespace) -> int:
    """Write runs that have ended into a folder; exit code 1 when one could not be."""
    folder = Path(given.folder).expanduser()
    counts: Counter[Written] = Counter()
    problems: list[str] = []
    running = waiting = 0
    with home.store_of(home.directory()) as store:
        write = _writer(folder, given.format)
        for run in _runs(given, store):
            if run.status is Status.RUNNING:
                running += 1
                continue
            waiting += run.delivery is Delivery.WAITING
            try:
                counts[write(store, run)] += 1
            except (AutotrackError, OSError) as error:
                # One bad run does not stop the others.
                problems.append(f"run {run.id} is left out: {error}")
    for problem in problems:
        home.complain(problem)
    if waiting and given.format == "nextmv-local":
        home.complain(
            f"{counted(waiting, 'run')} still to be sent by nextmv-autotrack sync: the "
            "vendor's sync would send what we send, too"
        )
    _say(given, folder, counts, running, len(problems))
    return 1 if problems else 0


def _runs(given: Namespace, store: Store) -> Iterator[StoredRun]:
    if given.id:
        yield from [store.run(one) for one in given.id]
        return
    wanted = choosing.choice(given)
    yield from filter(wanted.has, store.each(wanted.selection))


def _writer(folder: Path, format_name: str) -> _Write:
    try:
        if format_name == "nextmv-local":
            return LocalRuns(folder).write
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AutotrackError(
            f"{folder} cannot be written: {error.strerror}; name another folder"
        ) from error
    return _as_json(folder)


def _as_json(folder: Path) -> _Write:
    """Write each run as `show --json` prints it, under its id."""

    def write(store: Store, run: StoredRun) -> Written:
        path = folder / f"{run.id}.json"
        content = shapes.encoded(shapes.shown(run, store))
        if path.exists() and path.read_bytes() == content:
            return Written.UNCHANGED
        unfinished = folder / f".{run.id}.{secrets.token_hex(8)}"
        try:
            unfinished.write_bytes(content)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        return Written.NEW

    return write


def _say(
    given: Namespace, folder: Path, counts: Counter[Written], running: int, failed: int
) -> None:
    if given.json:
        shapes.write(
            {
                "directory": str(folder),
                "written": counts[Written.NEW],
                "marked": counts[Written.MARKED],
                "unchanged": counts[Written.UNCHANGED],
                "running": running,
                "failed": failed,
            }
        )
        return
    more = [
        f"{count} {words}"
        for words, count in (
            (Written.MARKED.value, counts[Written.MARKED]),
            (Written.UNCHANGED.value, counts[Written.UNCHANGED]),
            ("still running and left out", running),
        )
        if count
    ]
    words = f"{counted(counts[Written.NEW], 'run')} written to {home.shown(folder)}"
    screen.hanging("", "; ".join([words, *more]) + ".")
