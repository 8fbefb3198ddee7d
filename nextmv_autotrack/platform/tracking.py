"""Tracking a run by hand: uploads side by side, one create call, and never two runs."""

from __future__ import annotations

import platform
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nextmv_autotrack.clock import Clock
from nextmv_autotrack.errors import (
    AutotrackError,
    InvalidRunError,
    PlatformError,
    UnreachableError,
)
from nextmv_autotrack.nextmv_api import Blob, Call, calls
from nextmv_autotrack.nextmv_api.wire import Facts, create_body
from nextmv_autotrack.platform.parcel import Parcel, pack
from nextmv_autotrack.platform.patience import Patience
from nextmv_autotrack.platform.redaction import redaction
from nextmv_autotrack.platform.steps import Pause, Steps, together, work
from nextmv_autotrack.platform.submissions import Destination, Submission
from nextmv_autotrack.platform.tracked_run import TrackedRun
from nextmv_autotrack.upload.retry import create_settles_s
from nextmv_autotrack.upload.search import search
from nextmv_autotrack.whereabouts import CREATE_ENDS_S

# Mostly the run is there when the answer that says so is lost: it is looked for at once.
FIRST_LOOK_S = 0.2

# Whether a run is not there can only be said once a call that is still at work has had
# the time to end; until then, it is looked for so often.
BETWEEN_LOOKS_S = 5.0

# What is left of the time for the last look.
LAST_LOOK_S = 1.0


@dataclass(frozen=True)
class Tracking:
    """One run on its way to one application."""

    there: Destination
    submission: Submission
    patience: Patience
    clock: Clock

    def steps(self, run: TrackedRun) -> Steps[str]:
        """Track the run; the result is its platform run id.

        Raises:
            PlatformError: The platform did not take it.
            InvalidRunError: A folder of the run cannot be read, or the run is being
                tracked already.
        """
        submission = self.submission
        if submission.is_under_way:
            message = f"{run!r} is being tracked already, by another thread or task"
            raise InvalidRunError(message, field="run")
        submission.is_under_way = True
        try:
            if submission.platform_run_id is None:
                found = yield from self._tracked(run)
                submission.platform_run_id = found
            return submission.platform_run_id
        finally:
            submission.is_under_way = False

    def _tracked(self, run: TrackedRun) -> Steps[str]:
        if self.submission.begun_at is not None:
            found = yield from self._looked_for()
            if found is not None:
                return found
        with _folder_for(run) as folder:
            parcel = yield from work(partial(pack, run, Path(folder)))
            uploads = {
                f"{name}_id": self.patience.persist(partial(self._uploaded, blob))
                for name, blob in parcel.parts.items()
            }
            ids = yield from together(uploads)
        body = create_body(self._facts(run, parcel), **ids)
        return (yield from self._created(body))

    def _uploaded(self, blob: Blob) -> Steps[str]:
        place = yield from self.patience.ask(calls.new_upload(self.there.app_id))
        yield from self.patience.ask(calls.put(place.url, blob))
        return place.id

    def _facts(self, run: TrackedRun, parcel: Parcel) -> Facts:
        began = run.started_at
        if began is None:
            began = self.clock.wall() - (run.duration or 0.0)
        hide = redaction()
        return Facts(
            id=self.submission.id,
            name=hide.line(run.name) or "",
            status=run.status,
            started_at=began,
            duration=run.duration,
            host=platform.node(),
            description=hide.line(run.description),
            error=hide.line(run.error),
            options=hide.options(run.options),
            managed_input_id=parcel.managed_input_id,
            batch_experiment_id=self.there.batch_experiment_id,
            input_format=parcel.input_format,
            output_format=parcel.output_format,
        )

    def _created(self, body: dict[str, Any]) -> Steps[str]:
        """Create the run; an answer that is lost is never a reason to repeat the call."""
        call = calls.create_run(self.there.app_id, self.there.instance_id, body)
        attempts = 0
        while True:
            attempts += 1
            try:
                return (yield from self._asked(call))
            except PlatformError as problem:
                if not problem.may_have_acted:
                    self.submission.begun_at = None
                else:
                    yield Pause(FIRST_LOOK_S)
                    found = yield from self._looked_for(problem)
                    if found is not None:
                        return found
                yield from self.patience.before_another(problem, attempts)

    def _asked(self, call: Call[str]) -> Steps[str]:
        self.submission.begun_at = self.clock.wall()
        # When it is cancelled, or interrupted, the platform goes on.
        settles_s = CREATE_ENDS_S
        try:
            return (yield from self.patience.ask(call))
        except PlatformError as problem:
            settles_s = create_settles_s(problem)
            raise
        finally:
            self.submission.settled_at_s = self.clock.steady() + settles_s

    def _looked_for(self, problem: PlatformError | None = None) -> Steps[str | None]:
        """Look for a run that may be there, until it would be; None: it is not.

        Raises:
            UnreachableError: Nobody knows whether it is there.
        """
        try:
            found = yield from self._found()
            while found is None and self._unsettled_s > 0:
                wait_s = min(self._unsettled_s, BETWEEN_LOOKS_S)
                yield from self.patience.wait(
                    wait_s, "looking for the run", LAST_LOOK_S
                )
                found = yield from self._found()
        except AutotrackError as error:
            raise _unclear(problem or error) from error
        if found is None:
            self.submission.begun_at = None
        return found

    @property
    def _unsettled_s(self) -> float:
        return self.submission.settled_at_s - self.clock.steady()

    def _found(self) -> Steps[str | None]:
        begun_at, now = self.submission.begun_at or 0.0, self.clock.wall()
        pages = search(self.there.app_id, self.submission.id, begun_at, now)
        token = next(pages)
        try:
            while True:
                page = yield from self.patience.insist(
                    calls.page(self.there.app_id, token)
                )
                token = pages.send(page)
        except StopIteration as end:
            found: str | None = end.value
            return found


def _folder_for(run: TrackedRun) -> AbstractContextManager[str]:
    """A folder for archives, where there will be some."""
    if run.input_dir is None and run.output_dir is None:
        return nullcontext("")
    # Somebody who is cancelled leaves while a thread may still be writing there.
    return TemporaryDirectory(prefix="nextmv-autotrack-", ignore_cleanup_errors=True)


def _unclear(problem: AutotrackError) -> UnreachableError:
    return UnreachableError(
        f"{problem}; the run may be on the platform all the same: tracking the same"
        " TrackedRun again looks for it first"
    )
