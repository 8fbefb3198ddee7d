"""What the background thread does now and then, besides moving and delivering."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
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

# A larger database is not looked at for damage that nobody has met: this takes half a
# second of a processor, once in the life of a process.
CHECKED_BYTES = 256 * 1024 * 1024

_DAY_S = 86_400.0

# How long somebody who waits for this thread has it look at where the process runs.
PATIENCE_S = 0.25


class Lookout(Protocol):
    """Looks at this process."""

    def seen(self) -> dict[str, Any] | None:
        """Return what the process uses; None while no run is in progress."""

    def wake(self) -> None:
        """A run may have begun."""

    def sample(self) -> float:
        """Look at what is used, if it is time; return when to do so again."""

    def news(
        self, owner: str, patience_s: Callable[[], float]
    ) -> tuple[bytes, bytes] | None:
        """Return what a journal is to be told of where the process runs, if anything."""


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
        self._is_checked = False

    def do(self, store: Store, sweep: Sweep) -> float:
        """Do what is due; return when to do the next of it, by the steady clock."""
        news = self._lookout.news(self._writer.owner, self._patience_s)
        if news is not None:
            self._writer.append(PROCESS, *news)
        sample_at = self._lookout.sample()
        now_s = self._clock.steady()
        if now_s >= self._seen_at:
            self._seen_at = now_s + SEEN_INTERVAL_S
            self._note_what_is_seen()
        if now_s >= self._sweep_at:
            self._sweep_at = now_s + SWEEP_INTERVAL_S
            for problem in sweep.others(self._writer.owner)[:1]:
                safely.warn(f"runs stay in a journal: {problem}", "a journal")
        if now_s >= self._trim_at:
            self._trim_at = now_s + TRIM_INTERVAL_S
            self._check(store)
            self._trim(store)
        return min(sample_at, self._seen_at, self._sweep_at, self._trim_at)

    def _patience_s(self) -> float:
        if self._gate.is_closing:
            return 0.0
        return PATIENCE_S if self._progress.is_awaited else math.inf

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
