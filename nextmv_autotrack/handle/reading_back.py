"""What the platform makes of a run that it was sent.

Imported when somebody asks, and while no fork is under way, as `sighting`.
"""

from __future__ import annotations

from nextmv_autotrack.clock import Clock
from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.nextmv_api.async_client import AsyncClient
from nextmv_autotrack.platform.access import access
from nextmv_autotrack.platform.async_driving import AsyncDriver
from nextmv_autotrack.platform.driving import Driver
from nextmv_autotrack.platform.operations import Operations
from nextmv_autotrack.platform.steps import Steps
from nextmv_autotrack.result import RunResult
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.settings.access import Access
from nextmv_autotrack.whereabouts import Place


def result(
    place: Place, sources: Sources, clock: Clock, deadline_s: float
) -> RunResult:
    """Wait for what the platform makes of a run.

    Raises:
        SettingsError: There is no key, or it is another platform's.
        RunTimeoutError: It had not ended in time.
        PlatformError: The platform did not say.
    """
    found = _access_to(place, sources)
    driver = Driver(lambda: Client.to(found))
    try:
        return driver.run(_steps(place, clock, deadline_s))
    finally:
        driver.close()


async def result_async(
    place: Place, sources: Sources, clock: Clock, deadline_s: float
) -> RunResult:
    """Wait for what the platform makes of a run, awaited; see `result`."""
    driver = AsyncDriver(AsyncClient.to(_access_to(place, sources)))
    try:
        return await driver.run(_steps(place, clock, deadline_s))
    finally:
        await driver.close()


def _steps(place: Place, clock: Clock, deadline_s: float) -> Steps[RunResult]:
    left_s = deadline_s - clock.steady()
    operations = Operations(place.endpoint, place.app_id or "", clock=clock)
    return operations.result_at_end(place.platform_run_id or "", left_s, None)


def _access_to(place: Place, sources: Sources) -> Access:
    found = access(sources=sources)
    if found.endpoint != place.endpoint:
        raise SettingsError(
            f"run {place.platform_run_id} is on {place.endpoint}, and the key is for "
            f"{found.endpoint}: set NEXTMV_ENDPOINT, or the profile, of the run"
        )
    return found
