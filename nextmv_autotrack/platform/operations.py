"""All that can be done with one application, as steps that a driver does."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nextmv_autotrack.clock import Clock
from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.ids import NewId, new_id_source
from nextmv_autotrack.nextmv_api.address import app_path
from nextmv_autotrack.nextmv_api.in_place import CLOCK
from nextmv_autotrack.platform.creating import created, exists
from nextmv_autotrack.platform.patience import Patience
from nextmv_autotrack.platform.reading import LAST_POLL_S, Reading
from nextmv_autotrack.platform.steps import Steps, work
from nextmv_autotrack.platform.submissions import (
    Destination,
    digest,
    submission_to,
    submissions_of,
)
from nextmv_autotrack.platform.tracked_run import as_tracked_run
from nextmv_autotrack.platform.tracking import Tracking
from nextmv_autotrack.result import RunResult, RunSummary
from nextmv_autotrack.status import Status
from nextmv_autotrack.whereabouts import seconds

# For one operation, unless its caller says otherwise: a platform that restarts, and a
# large upload, are over by then.
TIMEOUT_S = 60.0

# A run whose create call may be at work without us is looked for until that has ended;
# after that, there is time to create it.
TRACK_TIMEOUT_S = 90.0

OnPoll = Callable[[Status], object]


@dataclass(frozen=True)
class Operations:
    """What can be done with one application.

    Raises:
        SettingsError: The id is not one of an application.
    """

    endpoint: str
    app_id: str
    instance_id: str | None = None
    account: str = ""
    clock: Clock = CLOCK
    chance: Callable[[], float] = random.random
    new_id: NewId = field(default_factory=new_id_source)

    def __post_init__(self) -> None:
        app_path(self.app_id)
        # As it is in the path: there is one application, whatever stands around its id.
        object.__setattr__(self, "app_id", self.app_id.strip())

    def track(
        self,
        run: object,
        timeout_s: float | None,
        instance_id: str | None = None,
        batch_experiment_id: str | None = None,
    ) -> Steps[str]:
        """Track a run; the result is its platform run id."""
        tracked, patience = as_tracked_run(run), self._patience(timeout_s)
        there = Destination(
            self.endpoint,
            self.account,
            self.app_id,
            instance_id or self.instance_id,
            batch_experiment_id,
            # The vendor's can be changed, and is another run then.
            "" if tracked is run else (yield from work(partial(digest, tracked))),
        )
        new_id = self.new_id(self.clock.wall_ns())
        submission = submission_to(there, submissions_of(run), new_id)
        tracking = Tracking(there, submission, patience, self.clock)
        return (yield from tracking.steps(tracked))

    def track_with_result(
        self,
        run: object,
        timeout_s: float | None,
        on_poll: OnPoll | None,
        instance_id: str | None = None,
        batch_experiment_id: str | None = None,
    ) -> Steps[RunResult]:
        """Track a run and read it back; the time is for both."""
        timeout_s = seconds(timeout_s)
        tracking = self.track(run, timeout_s, instance_id, batch_experiment_id)
        deadline_s = self.clock.steady() + timeout_s
        run_id = yield from tracking
        left_s = deadline_s - self.clock.steady()
        return (yield from self.result_at_end(run_id, left_s, on_poll))

    def result(self, run_id: str, timeout_s: float = TIMEOUT_S) -> Steps[RunResult]:
        """Read a run as it stands."""
        return self._reading(timeout_s).result(run_id)

    def result_at_end(
        self, run_id: str, timeout_s: float, on_poll: OnPoll | None
    ) -> Steps[RunResult]:
        """Read a run once it has ended."""
        timeout_s = max(timeout_s, 0.0)
        # The run is there: what comes of it is asked for once at least.
        reading = self._reading(max(timeout_s, LAST_POLL_S))
        return reading.result_at_end(run_id, timeout_s, on_poll)

    def logs(self, run_id: str) -> Steps[str]:
        """Read the logs of a run."""
        return self._reading(TIMEOUT_S).logs(run_id)

    def input(self, run_id: str) -> Steps[Any]:
        """Read the input of a run."""
        return self._reading(TIMEOUT_S).input(run_id)

    def page(
        self, token: str | None, status: Status | None
    ) -> Steps[tuple[list[RunSummary], str | None]]:
        """Read a page of runs."""
        return self._reading(TIMEOUT_S).page(token, status)

    def exists(self, timeout_s: float) -> Steps[bool]:
        """Ask whether the application is there."""
        return exists(self.app_id, self._patience(timeout_s))

    def create(
        self, name: str | None, description: str | None, *, exist_ok: bool
    ) -> Steps[bool]:
        """Create the application."""
        return created(
            self.app_id,
            name or self.app_id,
            description,
            self._patience(TIMEOUT_S),
            exist_ok=exist_ok,
        )

    def _reading(self, timeout_s: float) -> Reading:
        return Reading(self.endpoint, self.app_id, self._patience(timeout_s))

    def _patience(self, timeout_s: float | None) -> Patience:
        return Patience(seconds(timeout_s), self.clock, self.chance)


def wanted_status(status: Status | str | None) -> Status | None:
    """Return the status that listed runs are to have; None: any.

    Raises:
        SettingsError: There is no such status.
    """
    try:
        return None if status is None else Status(status)
    except ValueError:
        known = ", ".join(one.value for one in Status)
        message = f"status {status!r} is none of {known}"
        raise SettingsError(message) from None
