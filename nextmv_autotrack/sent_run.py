"""A run that has ended, on its way to the platform: what it is asked for then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from nextmv_autotrack.errors import NotDeliveredError
from nextmv_autotrack.status import Delivery, Status
from nextmv_autotrack.whereabouts import (
    RESULT_TIMEOUT_S,
    WAIT_TIMEOUT_S,
    Place,
    seconds,
    whereabouts,
)

if TYPE_CHECKING:
    from nextmv_autotrack.result import RunResult


class Ended(Protocol):
    """What has to be known of a run to ask for it."""

    id: str
    name: str
    status: Status
    duration_ns: int | None
    error: str | None
    metrics: dict[str, Any] | None
    is_left_out: bool
    place: Place | None


class SentRun:
    """What a run says once it has ended: where it is, and what became of it there."""

    __slots__ = ()

    _notes: Ended

    @property
    def platform_run_id(self) -> str | None:
        """The platform's id, once the platform has the run; looked up, not waited for."""
        return None if (place := self._place()) is None else place.platform_run_id

    @property
    def url(self) -> str | None:
        """The run's page, once the platform has the run; looked up, not waited for."""
        return None if (place := self._place()) is None else place.url

    def wait(self, timeout: float | None = WAIT_TIMEOUT_S) -> str:
        """Wait until the platform has the run, and return its platform run id.

        Nothing is lost when that takes too long: the run waits on disk, is sent later,
        and can be waited for again. Any thread may wait, and any number of them.

        Example:
            >>> from nextmv_autotrack import NotDeliveredError, Run
            >>> def told(run: Run) -> str:
            ...     try:
            ...         return run.wait(timeout=10)
            ...     except NotDeliveredError as reason:
            ...         return str(reason)

        Args:
            timeout: Seconds to wait at most; None to wait as long as it takes.

        Raises:
            DeliveryTimeoutError: It was not delivered in time.
            NotDeliveredError: It never will be: it is kept locally, was rejected, was
                left out, or has not ended. The message says which, and the way out.
        """
        timeout_s = seconds(timeout)
        return self._arrived(whereabouts().wait(self._id_to_wait_for(), timeout_s))

    async def wait_async(self, timeout: float | None = WAIT_TIMEOUT_S) -> str:
        """Wait until the platform has the run, awaited; see `wait`."""
        timeout_s = seconds(timeout)
        found = await whereabouts().wait_async(self._id_to_wait_for(), timeout_s)
        return self._arrived(found)

    def result(self, timeout: float | None = RESULT_TIMEOUT_S) -> RunResult:
        """Wait until the platform has ended the run, and return what it says of it.

        Example:
            >>> from nextmv_autotrack import Run
            >>> def metrics_of(run: Run) -> dict:
            ...     return run.result(timeout=30).metrics

        Args:
            timeout: Seconds that the delivery and the result may take; None for no end.

        Raises:
            NotDeliveredError: The platform does not have it; see `wait`.
            RunTimeoutError: The platform has it, and had not ended it in time.
            UnknownRunError: It is not on the platform any more.
            SettingsError: No key is known, or not for where the run is.
            PlatformError: The platform did not say.
        """
        timeout_s = seconds(timeout)
        return whereabouts().result(self._id_to_wait_for(), timeout_s)

    async def result_async(self, timeout: float | None = RESULT_TIMEOUT_S) -> RunResult:
        """Wait for what the platform says of the run, awaited; see `result`."""
        timeout_s = seconds(timeout)
        return await whereabouts().result_async(self._id_to_wait_for(), timeout_s)

    def _place(self) -> Place | None:
        """Return where it is; looked up anew until it is where it stays."""
        notes = self._notes
        if notes.place is not None or not notes.id or notes.is_left_out:
            return notes.place
        if notes.status is Status.RUNNING:
            return None
        found = whereabouts().find(notes.id)
        if found is not None and found.delivery is Delivery.DELIVERED:
            notes.place = found
        return found

    def _id_to_wait_for(self) -> str:
        """Return the id, unless the run can never arrive."""
        notes = self._notes
        if notes.status is Status.RUNNING:
            why = "is still in progress: it is sent once its call, or its block, has ended"
        elif not notes.id:
            why = "was not recorded: tracking is off (`enabled`), or a warning says why"
        elif notes.is_left_out:
            why = "was left out: `sample` keeps a share of the runs only"
        else:
            return notes.id
        raise NotDeliveredError(
            f"run {notes.id or repr(notes.name)} {why}", run_id=notes.id
        )

    def _arrived(self, place: Place) -> str:
        self._notes.place = place
        assert place.platform_run_id is not None  # noqa: S101 -- what was waited for
        return place.platform_run_id

    def _repr_html_(self) -> str:
        """Return a small table, for notebooks."""
        # Not at the top: only notebooks need it.
        from nextmv_autotrack.run_table import duration_text, table  # noqa: PLC0415 -- see above

        notes, place = self._notes, self._place()
        facts = {
            "run": notes.name,
            "id": notes.id or None,
            "status": notes.status.value,
            "duration": duration_text(notes.duration_ns),
            "error": notes.error,
            "delivery": None if place is None else place.delivery.value,
            "why": None if place is None else place.why_not,
        }
        url = None if place is None else place.url
        return table(facts, notes.metrics or {}, url)
