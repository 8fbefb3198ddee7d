"""The explicit client: an application of the platform, from code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.platform.access import access, default_instance
from nextmv_autotrack.platform.driving import Driver
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


class Application:
    """An application of the platform: tracks runs made elsewhere, and reads runs back.

    Any thread may use it. Connections are opened when they are needed and kept; `close`,
    or the end of a `with` block, closes them.

    Example:
        >>> from nextmv_autotrack import Application, TrackedRun
        >>> app = Application("routing", api_key="a-key")
        >>> def send(stops: int, routes: list) -> str:
        ...     run = TrackedRun("succeeded", input={"stops": stops}, output=routes)
        ...     return app.track_run(run)

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
        driver = Driver(lambda: Client.to(found))
        self._operations = Operations(
            driver.endpoint, app_id, instance_id, account_of(found)
        )
        self._driver = driver

    def __repr__(self) -> str:
        if "_operations" not in vars(self):
            return "<Application>"  # a traceback shows it while there is no access
        return f"<Application {self.app_id!r} at {self._operations.endpoint}>"

    @property
    def app_id(self) -> str:
        """The id of the application."""
        return self._operations.app_id

    def track_run(
        self,
        run: TrackedRun | NextmvTrackedRun,
        *,
        timeout: float | None = TRACK_TIMEOUT_S,
        instance_id: str | None = None,
        batch_experiment_id: str | None = None,
    ) -> str:
        """Track a run, and return its platform run id.

        It is there once, whatever is lost on the way: after an error, the same
        `TrackedRun` can be tracked again. Where an answer is lost, the run is looked
        for; it is created again only if it is not there 5 s later, or 60 s where we or
        a gateway did not wait for the answer (a time-out, a 502, a 504). A platform
        that takes even longer could have it twice.

        Args:
            run: The run; a `nextmv.TrackedRun` is taken as it is.
            timeout: Seconds it may take, with all attempts; None for no end.
            instance_id: Another instance than that of the application.
            batch_experiment_id: The batch experiment that the run belongs to.

        Raises:
            InvalidRunError: The run cannot be sent as it is.
            PlatformError: The platform did not take it.
        """
        return self._driver.run(
            self._operations.track(run, timeout, instance_id, batch_experiment_id)
        )

    def track_run_with_result(
        self,
        run: TrackedRun | NextmvTrackedRun,
        *,
        timeout: float | None = RESULT_TIMEOUT_S,
        on_poll: OnPoll | None = None,
        instance_id: str | None = None,
        batch_experiment_id: str | None = None,
    ) -> RunResult:
        """Track a run, wait until the platform has ended it, and return its result.

        Args:
            run: The run; a `nextmv.TrackedRun` is taken as it is.
            timeout: Seconds that both may take; None for no end.
            on_poll: Called with the status each time it has been asked for; what it
                raises ends the waiting.
            instance_id: Another instance than that of the application.
            batch_experiment_id: The batch experiment that the run belongs to.

        Raises:
            InvalidRunError: The run cannot be sent as it is.
            RunTimeoutError: It was tracked, and had not ended in time.
            PlatformError: The platform did not take it, or did not say.
        """
        return self._driver.run(
            self._operations.track_with_result(
                run, timeout, on_poll, instance_id, batch_experiment_id
            )
        )

    def run(self, run_id: str) -> RunResult:
        """Return a run as it stands.

        Raises:
            UnknownRunError: There is no such run.
            PlatformError: The platform did not say.
        """
        return self._driver.run(self._operations.result(run_id))

    def runs(self, *, status: Status | str | None = None) -> Iterator[RunSummary]:
        """Return the runs, as the platform lists them; pages are asked for as needed.

        Args:
            status: Only those that are doing so.

        Raises:
            PlatformError: The platform did not list them; raised by the iterator.
        """
        return self._pages(wanted_status(status))

    def _pages(self, status: Status | None) -> Iterator[RunSummary]:
        token = None
        while True:
            runs, token = self._driver.run(self._operations.page(token, status))
            yield from runs
            if token is None:
                return

    def logs(self, run_id: str) -> str:
        """Return the logs of a run.

        Raises:
            UnknownRunError: There is no such run.
            PlatformError: The platform did not say.
        """
        return self._driver.run(self._operations.logs(run_id))

    def input(self, run_id: str) -> Any:
        """Return the input of a run: JSON, a text, or the bytes of an archive.

        Raises:
            UnknownRunError: There is no such run.
            PlatformError: The platform did not say.
        """
        return self._driver.run(self._operations.input(run_id))

    def create(
        self,
        name: str | None = None,
        description: str | None = None,
        *,
        exist_ok: bool = False,
    ) -> bool:
        """Create the application; return whether it was not there before.

        Args:
            name: How it is listed; its id when left out.
            description: What more is said of it.
            exist_ok: Whether it is fine when it is there already.

        Raises:
            PlatformError: The platform did not create it.
        """
        return self._driver.run(
            self._operations.create(name, description, exist_ok=exist_ok)
        )

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._driver.close()

    def __enter__(self) -> Application:  # noqa: PYI034 -- Self is newer than 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
