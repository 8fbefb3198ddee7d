"""What the background thread does now and then, besides moving and delivering."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Protocol

from nextmv_autotrack import safely
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.journal import PROCESS, SEEN, Writer
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.upload.fork_gate import ForkGate
from nextmv_autotrack.upload.progress import Progress

if TYPE_CHECKING:
    from nextmv_autotrack.store import Store
    from nextmv_autotrack.store.sweep import Sweep

# How often a process looks for what others have left, so that what a dead one leaves
# is seen within seconds. Each does so when it starts, too.
SWEEP_INTERVAL_S = 5.0

# How often a process with runs in progress is looked at: what is known of its end, if
# that comes too early, is not much older.
SEEN_INTERVAL_S = 1.0

# Shorter runs are not looked at: their process has hardly begun.
FIRST_SEEN_S = 0.3

# How often it is looked whether the folder is within its bounds: counting takes a
# tenth of a second where there are a million runs.
TRIM_INTERVAL_S = 600.0
FIRST_TRIM_S = 30.0

# Share of the bound of the disk that a busy program may add before it is looked again.
TRIM_SHARE = 0.1

# A larger database is not looked at for damage that nobody has met: this takes half a
# second of a processor, once in the life of a process.
CHECKED_BYTES = 256 * 1024 * 1024

_DAY_S = 86_400.0


class Lookout(Protocol):
    """Looks at this process."""

    def seen(self) -> dict[str, Any] | None:
        """Return what the process uses; None while no run is in progress."""

    def wake(self) -> None:
        """A run may have begun."""

    def sample(self) -> float:
        """Look at what is used, if it is time; return when to do so again."""

    def news(self, owner: str) -> tuple[bytes, bytes] | None:
        """Return what a journal is to be told of where the process runs, if anything."""

    def compare(self, *, may_begin: bool) -> float:
        """Look whether the code has changed; return when to do so again."""

    def end(self) -> None:
        """Leave nothing behind: the program ends."""


class Duties:
    """Looks at this process, sweeps behind others, and keeps the folder in bounds."""

    def __init__(  # noqa: PLR0913 -- handed in by name
        self,
        writer: Writer,
        sources: Sources,
        clock: Clock,
        *,
        lookout: Lookout,
        gate: ForkGate,
        progress: Progress,
    ) -> None:
        self._writer = writer
        self._sources = sources
        self._clock = clock
        self._lookout = lookout
        self._gate = gate
        self._progress = progress
        now_s = clock.steady()
        self._sweep_at = now_s
        self._seen_at = now_s + FIRST_SEEN_S
        self._trim_at = now_s + FIRST_TRIM_S
        self._trimmed_at_bytes = 0
        self._is_checked = False

    def do(self, store: Store, sweep: Sweep, *, is_stopping: bool) -> float:
        """Do what is due; return when to do the next of it, by the steady clock."""
        if is_stopping:
            self.end()
        news = self._lookout.news(self._writer.owner)
        if news is not None:
            self._writer.append(PROCESS, *news)
        is_hurried = is_stopping or self._gate.is_closing or self._progress.is_awaited
        compare_at = self._lookout.compare(may_begin=not is_hurried)
        sample_at = self._lookout.sample()
        now_s = self._clock.steady()
        if now_s >= self._seen_at:
            self._seen_at = now_s + SEEN_INTERVAL_S
            self._note_what_is_seen()
        if now_s >= self._sweep_at:
            self._sweep_at = now_s + SWEEP_INTERVAL_S
            for problem in sweep.others(self._writer.owner)[:1]:
                safely.warn(f"runs stay in a journal: {problem}", "a journal")
        if now_s >= self._trim_at or self._is_much_more(sweep.moved_bytes):
            self._trim_at = now_s + TRIM_INTERVAL_S
            self._trimmed_at_bytes = sweep.moved_bytes
            self._check(store)
            self._trim(store)
        return min(compare_at, sample_at, self._seen_at, self._sweep_at, self._trim_at)

    def end(self) -> None:
        """Leave nothing behind: the program ends."""
        self._lookout.end()

    def _is_much_more(self, moved_bytes: int) -> bool:
        if moved_bytes < self._trimmed_at_bytes:
            self._trimmed_at_bytes = 0  # another session has begun to count
        added = moved_bytes - self._trimmed_at_bytes
        return added > self._sources.resolve().max_disk * TRIM_SHARE

    def _note_what_is_seen(self) -> None:
        facts = self._lookout.seen()
        if facts is None:
            # Looked at again when the next run wakes this thread, and not before.
            self._seen_at = math.inf
        else:
            self._writer.append(SEEN, json.dumps(facts).encode("ascii"))

    def hurry(self) -> None:
        """Sweep behind others at once; any thread may ask for it."""
        self._sweep_at = -math.inf

    def wake(self) -> None:
        """Look at the process soon: something has been written."""
        self._lookout.wake()
        self._seen_at = min(self._seen_at, self._clock.steady() + FIRST_SEEN_S)

    def _check(self, store: Store) -> None:
        if not self._is_checked:
            self._is_checked = True
            store.mend(safely.warn, max_bytes=CHECKED_BYTES)

    def _trim(self, store: Store) -> None:
        settings = self._sources.resolve()
        oldest = self._clock.wall() - settings.max_age_days * _DAY_S
        trimmed = store.upkeep.trim(max_bytes=settings.max_disk, before=oldest)
        if trimmed.waiting:
            safely.warn(
                f"{trimmed.waiting} runs that wait for the platform have lost their "
                f"inputs and outputs: {settings.directory} takes more than max_disk, "
                f"{settings.max_disk:,} bytes",
                "the bound of the disk",
            )
