"""The explicit client, awaited: the same as `Application`, and the same steps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from nextmv_autotrack.nextmv_api.async_client import AsyncClient
from nextmv_autotrack.platform.access import access, default_instance
from nextmv_autotrack.platform.async_driving import AsyncDriver
from nextmv_autotrack.platform.nextmv_values import NextmvTrackedRun
from nextmv_autotrack.platform.operations import (
    TRACK_TIMEOUT_S,
    OnPoll,
    Operations,
    wanted_status,
)
from nextmv_autotrack.platform.submissions import account_of
from nextmv_autotrack.platform.tracked_run import TrackedRun
from nextmv_autotrack.result import RunResult, RunSummary
from nextmv_autotrack.status import Status
from nextmv_autotrack.whereabouts import RESULT_TIMEOUT_S


class AsyncApplication:
    """An application of the platform, awaited: what `Application` does, in tasks.

    Connections are kept for each event loop; `close`, or the end of an `async with`
    block, closes them. What is cancelled stops; a run that may be on the platform by
    then is looked for when the same `TrackedRun` is tracked again.

    Example:
        >>> from nextmv_autotrack import AsyncApplication, TrackedRun
        >>> async def send(stops: int, routes: list) -> str:
        ...     run = TrackedRun("succeeded", input={"stops": stops}, output=routes)
        ...     async with AsyncApplication("routing") as app:
        ...         return await app.track_run(run)

    Args:
        app_id: The application.
        instance_id: Its instance; the setting, or the platform's default, when left out.
        api_key: The platform's key; the setting when left out.
        endpoint: Address of the platform; the setting when left out.
        profile: Of Nextmv's own tools, for what neither of these says; `NEXTMV_PROFILE`
            goes before it.

    Raises:
        SettingsError: There is no key, or one of these cannot be used.
    """

    def __init__(
        self,
        app_id: str,
        *,
        instance_id: str | None = None,
        api_key: str | None = None,
        endpoint: str | None = None,
        profile: str | None = None,
    ) -> None:
        found = access(endpoint=endpoint, api_key=api_key, profile=profile)
        instance_id = instance_id or default_instance()
        client = AsyncClient.to(found)
        self._operations = Operations(
            client.endpoint, app_id, instance_id, account_of(found)
        )
        self._driver = AsyncDriver(client)

    def __repr__(self) -> str:
        if "_operations" not in vars(self):
            return "<AsyncApplication>"  # a traceback shows it while there is no access
        return f"<AsyncApplication {self.app_id!r} at {self._operations.endpoint}>"

    @property
    def app_id(self) -> str:
        """The id of the application."""
        return self._operations.app_id

    async def track_run(
        self,
        run: TrackedRun | NextmvTrackedRun,
        *,
        timeout: float | None = TRACK_TIMEOUT_S,
        instance_id: str | None = None,
        batch_experiment_id: str | None = None,
    ) -> str:
        """Track a run, and return its platform run id; see `Application.track_run`."""
        return await self._driver.run(
            self._operations.track(run, timeout, instance_id, batch_experiment_id)
        )

    async def track_run_with_result(
        self,
        run: TrackedRun | NextmvTrackedRun,
        *,
        timeout: float | None = RESULT_TIMEOUT_S,
        on_poll: OnPoll | None = None,
        instance_id: str | None = None,
        batch_experiment_id: str | None = None,
    ) -> RunResult:
        """Track a run, and return its result once it has ended.

        See `Application.track_run_with_result`; `on_poll` may be a coroutine function.
        """
        return await self._driver.run(
            self._operations.track_with_result(
                run, timeout, on_poll, instance_id, batch_experiment_id
            )
        )

    async def run(self, run_id: str) -> RunResult:
        """Return a run as it stands; see `Application.run`."""
        return await self._driver.run(self._operations.result(run_id))

    def runs(self, *, status: Status | str | None = None) -> AsyncIterator[RunSummary]:
        """Return the runs, as the platform lists them; see `Application.runs`."""
        return self._pages(wanted_status(status))

    async def _pages(self, status: Status | None) -> AsyncIterator[RunSummary]:
        token = None
        while True:
            runs, token = await self._driver.run(self._operations.page(token, status))
            for run in runs:
                yield run
            if token is None:
                return

    async def logs(self, run_id: str) -> str:
        """Return the logs of a run; see `Application.logs`."""
        return await self._driver.run(self._operations.logs(run_id))

    async def input(self, run_id: str) -> Any:
        """Return the input of a run; see `Application.input`."""
        return await self._driver.run(self._operations.input(run_id))

    async def create(
        self,
        name: str | None = None,
        description: str | None = None,
        *,
        exist_ok: bool = False,
    ) -> bool:
        """Create the application; return whether it was not there before.

        See `Application.create`.
        """
        return await self._driver.run(
            self._operations.create(name, description, exist_ok=exist_ok)
        )

    async def close(self) -> None:
        """Close the connections of this event loop; a later call opens new ones."""
        await self._driver.close()

    async def __aenter__(self) -> AsyncApplication:  # noqa: PYI034 -- Self is newer than 3.10
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
