"""The one background thread: journals are moved, and runs that wait are delivered."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from nextmv_autotrack import safely
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.errors import DamagedStoreError
from nextmv_autotrack.journal import Home, Writer
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.upload.duties import Duties, Lookout
from nextmv_autotrack.upload.fork_gate import ForkGate
from nextmv_autotrack.upload.progress import Progress, Wake

if TYPE_CHECKING:
    from nextmv_autotrack.store import Store
    from nextmv_autotrack.store.sweep import Sweep
    from nextmv_autotrack.upload.deliveries import Deliveries

THREAD_NAME = "nextmv-autotrack"

# A busy process is moved five times a second: rarely enough that many frames share
# one transaction, often enough that `list` elsewhere looks live.
MOVE_INTERVAL_S = 0.2

# Share of the bound of the disk that a journal may take that is not moved in time.
BACKLOG_SHARE = 0.5

# Until a store that cannot be opened is tried again; the journal goes on meanwhile.
STORE_RETRY_S = 30.0

# One that was mended, or moved aside, is tried at once, and one that was not, too: the
# damage may have been a disk's that answered wrongly. Then it is waited.
DAMAGES_AT_ONCE = 2

# The end of the thread is waited for so long when there is no time left: it stops
# between two transactions, which take some milliseconds.
LEAST_STOP_S = 0.1


class Worker:
    """Moves the journals of a home into its store, and delivers from there.

    It is the only thread that touches the store. Callers only nudge it, which costs
    them next to nothing while it is awake.
    """

    def __init__(  # noqa: PLR0913 -- handed in by name
        self,
        *,
        directory: Path,
        home: Home,
        writer: Writer,
        sources: Sources,
        clock: Clock,
        gate: ForkGate,
        lookout: Lookout,
        before: Worker | None,
    ) -> None:
        self._directory = directory
        self._home = home
        self._writer = writer
        self._sources = sources
        self._clock = clock
        self._gate = gate
        self._before = before
        """Who did this work before: two at once would clear up behind each other."""
        self._deliveries: Deliveries | None = None
        self._wake = Wake()
        self._stopping = False
        self._stop_by = 0.0
        self._moved = 0
        self._damages = 0
        """How often in a row the store was damaged."""
        self._is_checked = False
        self._progress = Progress()
        self._duties = Duties(
            writer, sources, clock, lookout=lookout, gate=gate, progress=self._progress
        )
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        writer.wake_reader = self.nudge

    def start(self) -> None:
        """Start the thread; at the end of the interpreter there may be none."""
        try:
            self._thread.start()
        except RuntimeError:
            # The journal keeps what is written now, for the next process.
            self._progress.give_up()

    def nudge(self) -> None:
        """Say that there is something to move."""
        self._writer.reader_sleeps = False
        self._wake.set()

    def flush(self, timeout_s: float) -> bool:
        """Wait until what has been written so far is where it belongs."""
        if self._thread.ident is None:
            return False  # it could not be started, and nobody will ever tell
        deadline = self._clock.steady() + timeout_s
        if self._gate.has_children or self._home.has_dead():
            # What children have left that are gone by now is waited for, too; whose
            # children the dead were is known to nobody.
            self._gate.has_children = True
            self._duties.hurry()
            self._progress.doubt()
        with self._progress.awaited():
            self._wake.set()
            return self._progress.wait(self._writer.appended, deadline, timeout_s)

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Have what is written moved at once, for as long as the block lasts."""
        with self._progress.awaited():
            self._wake.set()
            yield

    @property
    def has_ended(self) -> bool:
        """Whether the thread is at its end: what is written now is for the next one."""
        return self._progress.has_ended

    @property
    def left(self) -> int:
        """How many runs the platform was still to get when that was last counted."""
        return self._progress.unsettled

    @property
    def problem(self) -> str | None:
        """Why they were not sent, if that is known."""
        return None if self._deliveries is None else self._deliveries.problem

    def stop(self, deadline_s: float) -> None:
        """End the thread once what is on its way has come back, or it is too late."""
        self._stop_by = deadline_s
        self._stopping = True
        self._wake.set()
        self.join(max(LEAST_STOP_S, deadline_s - self._clock.steady()))

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for the end of the thread, if it has begun."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        if self._before is not None:
            self._before.join()
            # What it has on its way still comes back.
            self._deliveries, self._before = self._before._deliveries, None  # noqa: SLF001 -- another one of this class
        while not self._stopping:
            self._safe_session()
        self._duties.end()
        if self._deliveries is not None:
            self._deliveries.rest()
        self._progress.end()

    def _safe_session(self) -> None:
        try:
            self._session()
            self._damages = 0
        except DamagedStoreError as damage:
            self._damages += 1
            self._is_checked = False
            self._set_aside(damage)
        except Exception as error:  # noqa: BLE001 -- the boundary
            # A fork does not wait for another process that writes.
            if not self._gate.is_closing:
                self._wait_for_the_store(error)

    def _set_aside(self, damage: DamagedStoreError) -> None:
        from nextmv_autotrack.store import Store  # noqa: PLC0415 -- loaded by then

        try:
            with self._gate.inside(self._wake.set):
                Store.set_aside(self._directory, damage, safely.warn)
        except Exception as error:  # noqa: BLE001 -- the boundary
            self._wait_for_the_store(error)
            return
        if self._damages > DAMAGES_AT_ONCE:
            self._wait_for_the_store(damage)

    def _wait_for_the_store(self, error: Exception) -> None:
        safely.warn(f"runs stay in the journal for now: {error}", safely.THE_DISK)
        self._progress.give_up()
        with suppress(OSError):  # whatever is wrong with the store is wrong here, too
            left_bytes = self._home.size_of(self._writer.owner)
            self._writer.has_room = left_bytes < self._most_backlog_bytes()
        self._wake.wait(STORE_RETRY_S)

    def _most_backlog_bytes(self) -> float:
        return self._sources.resolve().max_disk * BACKLOG_SHARE

    def _session(self) -> None:
        """Work with the store open, until the end or the next fork."""
        with self._gate.inside(self._wake.set):
            # Not at the top: sqlite3 takes milliseconds to import, and this is not the
            # caller's thread.
            from nextmv_autotrack.store import Store  # noqa: PLC0415 -- after the fork gate, in this thread
            from nextmv_autotrack.upload.deliveries import Deliveries  # noqa: PLC0415 -- as the store

            if self._writer.is_gone:
                # In this order: as soon as the journal is there, others may move it.
                with Store.open(self._directory) as store:
                    store.doubt_earlier_runs()
                self._writer.begin_anew()
            self._writer.reopen()
            deliveries = self._deliveries
            if deliveries is None or deliveries.owner != self._writer.owner:
                if deliveries is not None:
                    deliveries.rest()
                deliveries = self._deliveries = Deliveries(
                    self._writer.owner,
                    family=self._writer.family,
                    sources=self._sources,
                    clock=self._clock,
                )
            deliveries.wake = self._wake.set
            with Store.open(
                self._directory, gives_up=lambda: self._gate.is_closing
            ) as store:
                deliveries.man(store)
                self._writer.has_room = True
                if not self._is_checked:
                    # Once: a program that forks all the time has many sessions.
                    store.check()
                    self._is_checked = True
                self._rounds(store, deliveries)

    def _rounds(self, store: Store, deliveries: Deliveries) -> None:
        from nextmv_autotrack.store.sweep import Sweep  # noqa: PLC0415 -- as the store

        now, sweep = self._clock.steady, Sweep(store, self._home)
        move_at: float | None = None
        while not (self._gate.is_closing or self._is_gone(store)):
            stopping, awaited = self._stopping, self._progress.is_awaited
            doubts = self._progress.doubts
            due_at = self._duties.do(store, sweep, is_stopping=stopping)
            written = self._writer.all_written()
            if stopping and (not deliveries.is_busy or now() >= self._stop_by):
                self._end(sweep, deliveries)
                self._moved = written
                self._tell(store, deliveries, math.inf, doubts)
                return
            if (written < 0 or written != self._moved) and move_at is None:
                # Not at once: whoever writes one record may be about to write many,
                # and would have to share the interpreter with this thread.
                move_at = now() + MOVE_INTERVAL_S
                self._duties.wake()
            if move_at is not None and (awaited or stopping or now() >= move_at):
                sweep.own(self._writer, most_bytes=self._most_backlog_bytes())
                if self._is_gone(store):
                    return  # what was to be moved may have been there no more
                self._moved, move_at = written, None
            if awaited:
                # Before it: without threads it takes as long as the platform does.
                self._tell(store, deliveries, now(), doubts)
            next_try = deliveries.go_on(store, take_more=not stopping)
            if awaited:
                next_s = now() if deliveries.is_busy else next_try
                self._tell(store, deliveries, next_s, doubts)
            if stopping and not deliveries.is_busy:
                continue  # nothing is left that would wake this thread
            due_at = min(due_at, next_try, self._stop_by if stopping else math.inf)
            if move_at is None:
                self._pause(due_at - now(), self._moved)
            else:
                self._pause(min(due_at, move_at) - now(), None)

    def _is_gone(self, store: Store) -> bool:
        """Whether somebody has removed the folder, or the store in it."""
        return self._writer.is_gone or not store.is_in_place()

    def _tell(
        self, store: Store, deliveries: Deliveries, next_try_s: float, doubts: int
    ) -> None:
        unsettled = deliveries.unsettled(store, with_children=self._gate.has_children)
        self._progress.tell(self._moved, unsettled, next_try_s, doubts=doubts)

    def _end(self, sweep: Sweep, deliveries: Deliveries) -> None:
        if deliveries.is_busy:
            # What is on its way is claimed by this owner, which must not count as dead
            # before it has come back.
            sweep.own(self._writer)
        else:
            sweep.leave(self._writer)

    def _pause(self, seconds: float, moved: int | None) -> None:
        """Sleep until something is due; with all moved, until there is more to move."""
        self._writer.reader_sleeps = moved is not None
        # Looked at after saying so: who has written before that did not see it.
        if moved is None or self._writer.appended == moved:
            self._wake.wait(max(0.0, seconds))
        self._wake.clear()
        self._writer.reader_sleeps = False
