"""`list -f` and `logs -f`: what happens to runs, as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nextmv_autotrack.cli import columns, home, screen, shapes
from nextmv_autotrack.cli.choosing import Choice
from nextmv_autotrack.cli.results import result
from nextmv_autotrack.cli.words import clock_time, cut, duration, one_line
from nextmv_autotrack.status import Status
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.store.selection import Selection

# People call it at once, and looking takes milliseconds.
POLL_S = 0.5

# A run is seen at the latest when the journal of its process has been moved, which is
# a matter of seconds; a machine may sleep in between.
_LOOK_BACK_S = 600.0

_HEADS = ("ID", "STARTED", "STATUS", "DURATION", "NAME", "RESULT")

# Ids of one millisecond differ in the next digits; they are few.
_ID_CHARS = 16
_WIDTHS = (_ID_CHARS, 8, 9, 12)

# A name is cut on a terminal, so that the result stands where it can be seen.
_SHORTEST_NAME, _LONGEST_NAME = 12, 32
_BESIDE_NAME = 72


def runs(folder: Path, wanted: Choice, *, limit: int, as_json: bool) -> int:
    """Print the last runs, then each that begins and each that ends, without an end."""
    while not home.is_there(folder):
        time.sleep(POLL_S)
    tell = _tell_as_json if as_json else _teller()
    with home.open_store(folder) as store:
        changes = Changes(store)
        changes.take()
        for run in reversed(wanted.runs(store, limit)):
            changes.note(run)
            tell(run)
        while True:
            time.sleep(POLL_S)
            home.catch_up(store, folder)
            for run in reversed(changes.of(wanted)):
                tell(run)


class Changes:
    """Notices runs that are new, and those that have ended."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running = {
            run.id for run in store.each(Selection(statuses=(Status.RUNNING,)))
        }
        self._known: dict[str, Status] = {}

    def take(self) -> tuple[str, ...]:
        """Return the ids of the runs that have changed since it was last asked."""
        recent = _first_id(time.time() - _LOOK_BACK_S)
        now = {run.id: run.status for run in self._looked_at(recent)}
        changed = tuple(
            run_id
            for run_id, status in now.items()
            if self._known.get(run_id) != status
        )
        self._running = {
            run_id for run_id, status in now.items() if status is Status.RUNNING
        }
        self._known = now
        return changed

    def note(self, run: StoredRun) -> None:
        """Take a run for known as it is here."""
        self._known[run.id] = run.status

    def of(self, wanted: Choice) -> list[StoredRun]:
        """Return those of the chosen runs that have changed, newest first."""
        changed = self.take()
        if not changed:
            return []
        among = replace(wanted.selection, ids=changed)
        return [run for run in self._store.each(among) if wanted.has(run)]

    def _looked_at(self, recent: str) -> list[StoredRun]:
        """The recent runs, and older ones that were running when last looked at."""
        older = tuple(run_id for run_id in self._running if run_id < recent)
        found = list(self._store.each(Selection(first_id=recent)))
        return [*found, *(self._store.each(Selection(ids=older)) if older else ())]


def logs(folder: Path, id_or_prefix: str, *, as_json: bool) -> int:
    """Print the log lines of a run as they come, until it has ended."""
    with home.store_of(folder) as store:
        run = store.run(id_or_prefix)
        told = 0
        while True:
            # In this order: a run that has ended by now has written all its lines.
            run = store.run(run.id)
            text = store.log_text(run.id)
            _tell_lines(text[told:], as_json=as_json)
            told = len(text)
            if run.status is not Status.RUNNING:
                return 0
            time.sleep(POLL_S)
            home.catch_up(store, folder)


def _tell_lines(text: str, *, as_json: bool) -> None:
    if as_json:
        for line in shapes.lines(text):
            shapes.write_line(line)
    else:
        screen.text(text)


def _tell_as_json(run: StoredRun) -> None:
    shapes.write_line(shapes.listed(run))


def _teller() -> Callable[[StoredRun], None]:
    room = screen.width() - _BESIDE_NAME
    name_width = min(_LONGEST_NAME, max(_SHORTEST_NAME, room))
    rows = columns.Rows(_HEADS, (*_WIDTHS, name_width), spare=("STARTED", "DURATION"))

    def tell(run: StoredRun) -> None:
        name = one_line(run.name)
        rows.add(
            (
                run.id[:_ID_CHARS],
                clock_time(run.started_at),
                run.status,
                duration(run.duration),
                cut(name, name_width) if screen.is_terminal() else name,
                result(run),
            )
        )

    return tell


def _first_id(then_s: float) -> str:
    """The least id that can have been made then: ids begin with their time."""
    return f"{max(0, int(then_s * 1000)):012x}"
