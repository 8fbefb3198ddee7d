"""Reading runs back from the platform, and waiting for their end."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from nextmv_autotrack.errors import RefusedError, RunTimeoutError, UnknownRunError
from nextmv_autotrack.nextmv_api import Call, calls
from nextmv_autotrack.nextmv_api.answers import Answer
from nextmv_autotrack.nextmv_api.console import run_page
from nextmv_autotrack.nextmv_api.documents import Outcome, RunInformation, read_document
from nextmv_autotrack.nextmv_api.listing import ListedRun
from nextmv_autotrack.platform.patience import SHORTEST_PAUSE_S, Patience
from nextmv_autotrack.platform.steps import Pause, Steps, Tell, together, work
from nextmv_autotrack.result import RunResult, RunSummary
from nextmv_autotrack.status import Status
from nextmv_autotrack.upload.retry import Backoff

# A tracked run has ended when it is created, or soon after; of a long one, nobody needs
# to know the end to the second.
BETWEEN_POLLS = Backoff(first_s=0.5, longest_s=15.0)

# What is left of the time for the last poll: so much, or a share of a short time.
LAST_POLL_S = 1.0
_LAST_POLL_SHARE = 0.1

# What the platform gives, at most, without a detour by its storage.
MAX_INLINE_BYTES = 5 * 1024 * 1024

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Reading:
    """What is read of one application."""

    endpoint: str
    app_id: str
    patience: Patience

    def result(self, run_id: str) -> Steps[RunResult]:
        """Read a run as it stands.

        Raises:
            UnknownRunError: There is no such run.
            PlatformError: The platform did not say.
        """
        information = yield from self._asked(run_id, calls.information)
        return (yield from self._complete(information))

    def result_at_end(
        self, run_id: str, timeout_s: float, on_poll: Callable[[Status], object] | None
    ) -> Steps[RunResult]:
        """Read a run once it has ended; it is asked for once at least.

        Raises:
            RunTimeoutError: It had not ended in time.
            UnknownRunError: There is no such run.
            PlatformError: The platform did not say.
        """
        polls = 0
        kept_s = self._kept_for_the_last_poll(timeout_s)
        while True:
            polls += 1
            information = yield from self._asked(run_id, calls.information)
            if on_poll is not None:
                yield Tell(on_poll, information.status)
            if information.status.is_final:
                return (yield from self._complete(information))
            left_s = self.patience.left_s - kept_s
            if left_s < SHORTEST_PAUSE_S:
                said = information.status.value
                message = f"run {run_id} had not ended in time: it is {said}"
                raise RunTimeoutError(message, platform_run_id=run_id)
            wait_s = BETWEEN_POLLS.after(polls, self.patience.chance())
            yield Pause(min(wait_s, left_s))

    def _kept_for_the_last_poll(self, timeout_s: float) -> float:
        """Return what is to be left of all the time when the last poll begins."""
        if math.isinf(timeout_s):
            return 0.0
        beyond_s = max(self.patience.left_s - timeout_s, 0.0)
        return beyond_s + min(LAST_POLL_S, timeout_s * _LAST_POLL_SHARE)

    def logs(self, run_id: str) -> Steps[str]:
        """Read the logs of a run."""
        return (yield from self._asked(run_id, calls.logs))

    def input(self, run_id: str) -> Steps[Any]:
        """Read the input of a run."""
        information = yield from self._asked(run_id, calls.information)
        kind = information.input_format
        if kind == "json" and information.input_bytes <= MAX_INLINE_BYTES:
            return (yield from self._asked(run_id, calls.input_document))
        return (yield from self._downloaded("input", run_id, kind))

    def page(
        self, token: str | None, status: Status | None
    ) -> Steps[tuple[list[RunSummary], str | None]]:
        """Read a page of runs, and the token of the page behind it."""
        page = yield from self.patience.insist(calls.page(self.app_id, token))
        listed = [self._summary(run) for run in page.runs]
        # The platform itself has no filter.
        wanted = [run for run in listed if status is None or run.status is status]
        return wanted, page.next_token

    def _complete(self, information: RunInformation) -> Steps[RunResult]:
        parts: dict[str, Steps[Any]] = {
            "outcome": self._outcome(information),
            "logs": self._asked(information.id, calls.logs),
        }
        read = yield from together(parts)
        outcome: Outcome = read["outcome"]
        return RunResult(
            id=information.id,
            name=information.name,
            description=information.description,
            status=information.status,
            created_at=information.created_at,
            instance_id=information.instance_id,
            metrics=information.metrics,
            url=run_page(self.endpoint, self.app_id, information.id),
            duration=information.duration,
            output=outcome.output,
            error=outcome.error or information.error,
            logs=read["logs"],
            options=information.options,
        )

    def _outcome(self, information: RunInformation) -> Steps[Outcome]:
        if not information.status.is_final:
            return Outcome(None, None)
        kind = information.output_format
        if kind == "json" and information.output_bytes <= MAX_INLINE_BYTES:
            return (yield from self._asked(information.id, calls.outcome))
        if not information.output_bytes:
            # A text may be empty; a folder without a byte was never uploaded.
            return Outcome("" if kind == "text" else None, None)
        output = yield from self._downloaded("output", information.id, kind)
        return Outcome(output, None)

    def _downloaded(self, part: str, run_id: str, kind: str) -> Steps[Any]:
        url = yield from self.patience.insist(calls.url_of(part, self.app_id, run_id))
        content = yield from self.patience.insist(calls.download(url))
        if kind == "json":
            answer = Answer(200, {}, content)
            return (
                yield from work(partial(read_document, answer, f"reading the {part}"))
            )
        return content.decode("utf-8", "replace") if kind == "text" else content

    def _asked(
        self, run_id: object, new_call: Callable[[str, str], Call[_Read]]
    ) -> Steps[_Read]:
        if not isinstance(run_id, str) or run_id.strip() in {"", ".", ".."}:
            # No such id could be asked for: it would leave its place in the path.
            raise UnknownRunError(f"{run_id!r} is not the id of a run")
        try:
            return (yield from self.patience.insist(new_call(self.app_id, run_id)))
        except RefusedError as refusal:
            if refusal.status_code != 404:
                raise
            message = (
                f"application {self.app_id!r} has no run {run_id!r}, or is not there"
                " itself"
            )
            raise UnknownRunError(message) from refusal

    def _summary(self, run: ListedRun) -> RunSummary:
        return RunSummary(
            **run._asdict(), url=run_page(self.endpoint, self.app_id, run.id)
        )
