"""`export`: runs as files, for scripts or for the vendor's own tools."""

from __future__ import annotations

import secrets
import shutil
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from nextmv_autotrack.cli import choosing, home, screen, shapes
from nextmv_autotrack.cli.export.local_runs import LocalRuns, Written
from nextmv_autotrack.cli.words import counted
from nextmv_autotrack.clock import SYSTEM_CLOCK
from nextmv_autotrack.errors import AutotrackError
from nextmv_autotrack.status import Delivery, Status
from nextmv_autotrack.store import Store, StoredRun

_LOCAL = "nextmv-local"
FORMATS = ("json", _LOCAL)

# Noted in one transaction, of some milliseconds, as going to where others may send them.
_AT_ONCE = 500

_Write = Callable[[Store, StoredRun], Written]


@dataclass
class _Done:
    """What has become of all runs."""

    counts: Counter[Written] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    running: int = 0
    waiting: int = 0


def export(given: Namespace) -> int:
    """Write runs that have ended into a folder; exit code 1 when one could not be."""
    folder = Path(given.folder).expanduser()
    is_local = given.format == _LOCAL
    done = _Done()
    with home.store_of(home.directory()) as store:
        # Their ids only: no reading is under way while a long export goes on.
        left = iter(_ids(given, store))
        with _written_to(folder, is_local=is_local) as write:
            while ids := list(islice(left, _AT_ONCE)):
                if is_local:
                    # Before they are there.
                    store.note_exported(ids, now=SYSTEM_CLOCK.wall())
                for run_id in ids:
                    _export_one(store, run_id, write, done)
    for problem in done.problems:
        home.complain(problem)
    _warn(done, is_local=is_local)
    _say(given, folder, done)
    return 1 if done.problems else 0


def _ids(given: Namespace, store: Store) -> list[str]:
    if given.id:
        return [store.run(one).id for one in given.id]
    wanted = choosing.choice(given)
    return [run.id for run in filter(wanted.has, store.each(wanted.selection))]


def _export_one(store: Store, run_id: str, write: _Write, done: _Done) -> None:
    try:
        run = store.run(run_id)
        if run.status is Status.RUNNING:
            done.running += 1
            return
        done.counts[write(store, run)] += 1
        done.waiting += run.delivery is Delivery.WAITING
    except (AutotrackError, OSError) as error:
        # One bad run does not stop the others.
        done.problems.append(f"run {run_id} is left out: {error}")


@contextmanager
def _written_to(folder: Path, *, is_local: bool) -> Iterator[_Write]:
    with ExitStack() as opened:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write = (
                opened.enter_context(LocalRuns.at(folder)).write
                if is_local
                else _as_json(folder)
            )
        except OSError as error:
            raise AutotrackError(
                f"{folder} cannot be written: {error.strerror}; name another folder"
            ) from error
        yield write


def _as_json(folder: Path) -> _Write:
    """Write each run as `show --json` prints it, under its id; archives beside it."""

    def write(store: Store, run: StoredRun) -> Written:
        path = folder / f"{run.id}.json"
        content = shapes.encoded(shapes.shown(run, store))
        if path.exists() and path.read_bytes() == content:
            return Written.UNCHANGED
        _write_archives(folder, store, run)
        unfinished = folder / f".{run.id}.{secrets.token_hex(8)}"
        try:
            unfinished.write_bytes(content)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        return Written.NEW

    return write


def _write_archives(folder: Path, store: Store, run: StoredRun) -> None:
    """Write the files that a run was given, or has written, as they were packed."""
    for part, digest in (("input", run.input), ("output", run.output)):
        found = None if digest is None else store.whole_payload(digest)
        if found is not None and found.format == "multi-file":
            path = folder / f"{run.id}.{part}.tar.gz"
            with found.opened() as archive, path.open("wb") as file:
                shutil.copyfileobj(archive, file)


def _warn(done: _Done, *, is_local: bool) -> None:
    if done.waiting and is_local:
        home.complain(
            f"{counted(done.waiting, 'run')} still to be sent by nextmv-autotrack sync: "
            "export again after it, to have them marked as synced, or the vendor's sync "
            "sends them, too"
        )
    if forgotten := done.counts[Written.FORGOTTEN]:
        home.complain(
            f"{counted(forgotten, 'run')} written anew whose document was lost: if the "
            "vendor's sync had sent them, it would again; nextmv-autotrack sync --local "
            "looks for them first"
        )


def _say(given: Namespace, folder: Path, done: _Done) -> None:
    counts = done.counts
    if given.json:
        shapes.write(
            {
                "directory": str(folder),
                "written": counts[Written.NEW],
                "mended": counts[Written.MENDED] + counts[Written.FORGOTTEN],
                "marked": counts[Written.MARKED],
                "unchanged": counts[Written.UNCHANGED],
                "running": done.running,
                "failed": len(done.problems),
            }
        )
        return
    more = [
        f"{count} {words}"
        for words, count in (
            *(
                (what.value, counts[what])
                for what in Written
                if what is not Written.NEW
            ),
            ("still running and left out", done.running),
        )
        if count
    ]
    words = f"{counted(counts[Written.NEW], 'run')} written to {home.shown(folder)}"
    screen.hanging("", "; ".join([words, *more]) + ".")
