"""What a run that has ended is asked by: looked up, waited for, and read back."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from nextmv_autotrack import safely, sighting
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.errors import (
    DeliveryTimeoutError,
    NotDeliveredError,
    SettingsError,
    StoreError,
)
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.sighting import LookingFor
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.whereabouts import Place

if TYPE_CHECKING:
    from nextmv_autotrack.access import Access
    from nextmv_autotrack.platform.steps import Steps
    from nextmv_autotrack.result import RunResult
    from nextmv_autotrack.store import StoredRun
    from nextmv_autotrack.upload.worker import Worker

# A delivery to a platform nearby takes some tens of milliseconds, a look about one.
FIRST_PAUSE_S = 0.01

# Where it takes long, nobody notices a quarter of a second.
LONGEST_PAUSE_S = 0.25

_GROWTH = 1.5

AtWork = Callable[[], "Worker | None"]
"""Begins the work in the background where nobody does it; returns who does it."""


class Handle:
    """Tells where runs are, from the store: whichever process it is that sends them.

    Any thread may ask. Nothing is held while it waits, so that other threads may track,
    flush, shut down or fork meanwhile.

    Args:
        sources: Say where the store is, and how the platform is reached.
        clock: Tells the time.
        looking_for: Lets a thread have the store open.
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
            run = sighting.look(run_id, self._sources, self._looking_for)
        except NotDeliveredError:
            return None
        except (StoreError, OSError) as error:
            safely.warn(f"where runs are cannot be looked up: {error}", safely.THE_DISK)
            return None
        return None if run is None else sighting.place_of(run)

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
        # Not at the top, as below: it takes long to import, and few ask.
        from nextmv_autotrack.nextmv_api import Client  # noqa: PLC0415
        from nextmv_autotrack.platform.driving import Driver  # noqa: PLC0415

        deadline_s = self._clock.steady() + timeout_s
        place = self.wait(run_id, timeout_s)
        access = self._access_to(place)
        driver = Driver(lambda: Client.to(access))
        try:
            return driver.run(self._result_of(place, deadline_s))
        finally:
            driver.close()

    async def result_async(self, run_id: str, timeout_s: float) -> RunResult:
        """Wait for what the platform makes of a run."""
        from nextmv_autotrack.nextmv_api.async_client import (  # noqa: PLC0415
            AsyncClient,
        )
        from nextmv_autotrack.platform.async_driving import (  # noqa: PLC0415
            AsyncDriver,
        )

        deadline_s = self._clock.steady() + timeout_s
        place = await self.wait_async(run_id, timeout_s)
        driver = AsyncDriver(AsyncClient.to(self._access_to(place)))
        try:
            return await driver.run(self._result_of(place, deadline_s))
        finally:
            await driver.close()

    def _result_of(self, place: Place, deadline_s: float) -> Steps[RunResult]:
        from nextmv_autotrack.platform.operations import Operations  # noqa: PLC0415
        from nextmv_autotrack.platform.reading import LAST_POLL_S  # noqa: PLC0415

        # The run is there: what comes of it is asked for once at least.
        left_s = max(deadline_s - self._clock.steady(), LAST_POLL_S)
        operations = Operations(place.endpoint, place.app_id or "", clock=self._clock)
        return operations.result_at_end(place.platform_run_id or "", left_s, None)

    def _access_to(self, place: Place) -> Access:
        """Return what opens the platform that has a run.

        Raises:
            SettingsError: There is no key, or it is another platform's.
        """
        from nextmv_autotrack.platform.access import access  # noqa: PLC0415

        found = access(sources=self._sources)
        if found.endpoint != place.endpoint:
            raise SettingsError(
                f"run {place.platform_run_id} is on {place.endpoint}, and the key is for "
                f"{found.endpoint}: set NEXTMV_ENDPOINT, or the profile, of the run"
            )
        return found

    def _search(self, run_id: str, timeout_s: float) -> _Search:
        return _Search(
            run_id,
            timeout_s,
            sources=self._sources,
            clock=self._clock,
            looking_for=self._looking_for,
            at_work=self._at_work,
        )


class _Search:
    """One wait for one run."""

    def __init__(  # noqa: PLR0913 -- handed in by name
        self,
        run_id: str,
        timeout_s: float,
        *,
        sources: Sources,
        clock: Clock,
        looking_for: LookingFor,
        at_work: AtWork,
    ) -> None:
        self._run_id, self._timeout_s = run_id, timeout_s
        self._sources, self._clock = sources, clock
        self._looking_for, self._at_work = looking_for, at_work
        self._deadline_s = clock.steady() + timeout_s
        self._pause_s = FIRST_PAUSE_S
        self._worker: Worker | None = None
        self._hurry = ExitStack()
        self._last: StoredRun | None = None
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
            run = sighting.look(self._run_id, self._sources, self._looking_for)
        except (StoreError, OSError) as error:
            # Who works in the background mends it, or a disk has room again.
            self._problem = error
            return None
        self._last, self._problem = run, None
        if run is None or run.delivery is Delivery.WAITING:
            return None
        if run.delivery is Delivery.DELIVERED and run.platform_run_id is not None:
            return sighting.place_of(run)
        why = sighting.why_not(run, self._sources)
        raise NotDeliveredError(f"run {run.id} {why}", run_id=run.id)

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
            folder = self._sources.resolve().directory
            return f"{what}: it is not in the store in {folder} yet"
        problem = self._last.problem or (self._worker and self._worker.problem)
        why = f" ({problem})" if problem else ""
        return f"{what}{why}; it waits on disk, and is sent later"
