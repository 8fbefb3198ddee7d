"""What a run that has ended is asked by: looked up, waited for, and read back."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from nextmv_autotrack import safely
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.errors import (
    DeliveryTimeoutError,
    NotDeliveredError,
    StoreError,
)
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.whereabouts import Place

if TYPE_CHECKING:
    from nextmv_autotrack.result import RunResult
    from nextmv_autotrack.upload.worker import Worker

# A delivery to a platform nearby takes some tens of milliseconds, a look about one.
FIRST_PAUSE_S = 0.01

# Where it takes long, nobody notices a quarter of a second.
LONGEST_PAUSE_S = 0.25

_GROWTH = 1.5

LookingFor = Callable[[str], AbstractContextManager[Callable[[], bool]]]
"""Keeps forks waiting while a thread looks for a run; says when it is to give up."""

AtWork = Callable[[], "Worker | None"]
"""Begins the work in the background where nobody does it; returns who does it."""


class Handle:
    """Tells where runs are, from the store: whichever process it is that sends them.

    Any thread may ask. Nothing is held while it waits, so that other threads may track,
    flush, shut down or fork meanwhile.

    Args:
        sources: Say where the store is, and how the platform is reached.
        clock: Tells the time.
        looking_for: Keeps forks waiting meanwhile.
        at_work: Begins the work in the background.
    """

    def __init__(
        self,
        sources: Sources,
        clock: Clock,
        *,
        looking_for: LookingFor,
        at_work: AtWork,
    ) -> None:
        self._sources = sources
        self._clock = clock
        self._looking_for = looking_for
        self._at_work = at_work

    def find(self, run_id: str) -> Place | None:
        """Return where a run is; None when that is not known now. Never raises."""
        try:
            return self._look(run_id)
        except NotDeliveredError:
            return None
        except (StoreError, OSError) as error:
            safely.warn(f"where runs are cannot be looked up: {error}", safely.THE_DISK)
            return None

    def wait(self, run_id: str, timeout_s: float) -> Place:
        """Wait until the platform has a run."""
        with self._search(run_id, timeout_s) as search:
            while (place := search.look()) is None:
                time.sleep(search.pause())
        return place

    async def wait_async(self, run_id: str, timeout_s: float) -> Place:
        """Wait until the platform has a run."""
        import asyncio  # noqa: PLC0415 -- loaded by whoever awaits, and not by others

        with self._search(run_id, timeout_s) as search:
            # Another process may be writing to the store: the loop does not wait for it.
            while (place := await asyncio.to_thread(search.look)) is None:  # noqa: ASYNC110 -- another process may send it
                await asyncio.sleep(search.pause())
        return place

    def result(self, run_id: str, timeout_s: float) -> RunResult:
        """Wait for what the platform makes of a run."""
        deadline_s = self._clock.steady() + timeout_s
        place = self.wait(run_id, timeout_s)
        with self._looking_for(run_id):
            from nextmv_autotrack.handle.reading_back import result  # noqa: PLC0415 -- see there
        return result(place, self._sources, self._clock, deadline_s)

    async def result_async(self, run_id: str, timeout_s: float) -> RunResult:
        """Wait for what the platform makes of a run."""
        deadline_s = self._clock.steady() + timeout_s
        place = await self.wait_async(run_id, timeout_s)
        with self._looking_for(run_id):
            from nextmv_autotrack.handle.reading_back import result_async  # noqa: PLC0415 -- see there
        return await result_async(place, self._sources, self._clock, deadline_s)

    def _look(self, run_id: str) -> Place | None:
        with self._looking_for(run_id) as gives_up:
            from nextmv_autotrack.handle.sighting import look  # noqa: PLC0415 -- see there

            return look(run_id, self._sources, gives_up)

    def _search(self, run_id: str, timeout_s: float) -> _Search:
        return _Search(
            run_id,
            timeout_s,
            directory=lambda: self._sources.resolve().directory,
            clock=self._clock,
            look=self._look,
            at_work=self._at_work,
        )


class _Search:
    """One wait for one run."""

    def __init__(  # noqa: PLR0913 -- handed in by name
        self,
        run_id: str,
        timeout_s: float,
        *,
        directory: Callable[[], Path],
        clock: Clock,
        look: Callable[[str], Place | None],
        at_work: AtWork,
    ) -> None:
        self._run_id, self._timeout_s = run_id, timeout_s
        self._directory, self._clock = directory, clock
        self._look, self._at_work = look, at_work
        self._deadline_s = clock.steady() + timeout_s
        self._pause_s = FIRST_PAUSE_S
        self._worker: Worker | None = None
        self._hurry = ExitStack()
        self._last: Place | None = None
        self._problem: Exception | None = None

    def __enter__(self) -> _Search:  # noqa: PYI034 -- Self came with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self._hurry.close()

    def look(self) -> Place | None:
        """Return where the run is if the platform has it; None if it may yet have.

        Raises:
            NotDeliveredError: It never will.
        """
        try:
            seen = self._look(self._run_id)
        except (StoreError, OSError) as error:
            # Who works in the background mends it, or a disk has room again.
            self._problem = error
            return None
        self._last, self._problem = seen, None
        if seen is None or seen.delivery is Delivery.WAITING:
            return None
        if seen.why_not is not None:
            message = f"run {self._run_id} {seen.why_not}"
            raise NotDeliveredError(message, run_id=self._run_id)
        return seen

    def pause(self) -> float:
        """Have somebody work on it, and return how long to wait before the next look.

        Raises:
            DeliveryTimeoutError: There is no time left.
        """
        left_s = self._deadline_s - self._clock.steady()
        if left_s <= 0:
            raise DeliveryTimeoutError(self._too_late(), run_id=self._run_id)
        self._hurry_on(self._at_work())
        pause_s = min(self._pause_s, left_s)
        self._pause_s = min(self._pause_s * _GROWTH, LONGEST_PAUSE_S)
        return pause_s

    def _hurry_on(self, worker: Worker | None) -> None:
        # Another one where another thread has shut down, and it begins anew.
        if worker is not self._worker:
            self._hurry.close()
            self._worker = worker
            if worker is not None:
                self._hurry.enter_context(worker.hurried())

    def _too_late(self) -> str:
        what = f"run {self._run_id} was not delivered in {self._timeout_s:g} s"
        if self._problem is not None:
            return f"{what}: {self._problem}"
        if self._last is None:
            return f"{what}: it is not in the store in {self._directory()} yet"
        problem = self._last.problem or (self._worker and self._worker.problem)
        why = f" ({problem})" if problem else ""
        return f"{what}{why}; it waits on disk, and is sent later"
