"""A platform in the process: takes runs as the real one does, and fails when it is told to."""

from __future__ import annotations

import math
import os
import threading
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from nextmv_autotrack.leaving import send_what_is_left
from nextmv_autotrack.nextmv_api.in_place import CLOCK
from nextmv_autotrack.testing.apart import HOST, set_apart, tracking_by
from nextmv_autotrack.testing.messages import Answer, Request
from nextmv_autotrack.testing.platform_runs import as_recorded
from nextmv_autotrack.testing.recorded_run import RecordedRuns
from nextmv_autotrack.testing.service import Service
from nextmv_autotrack.testing.trouble import Kind, Trouble
from nextmv_autotrack.tracker import Tracker
from nextmv_autotrack.upload.fork_gate import ForkGate

if TYPE_CHECKING:
    import httpx

# What nothing is wrong with arrives in milliseconds, but on a machine that is busy.
_ALL_IS_THERE_S = 10.0

_STORAGE_HOST = f"storage.{HOST}"


class SeenRequest(NamedTuple):
    """A request that a fake platform has seen."""

    method: str
    path: str
    status: int | None
    """Of the answer; None when there was none."""


class FakePlatform:
    """A platform in the process, in place of the real one for as long as a block lasts.

    What is tracked in the block is sent to it, by `@tracked` and `track_run` as well as
    by an `Application` that is made there: with any key, and without one. Nothing is
    sent anywhere else, and neither the environment nor a file has a say. It is as
    strict as the platform is known to be.

    Its waits are no waits: between the attempts of an `Application`, and where an
    answer is ordered for later, the time is skipped. What is tracked is sent in the
    background, as ever; the end of the block waits for it as the end of a program does.

    Example:
        >>> from nextmv_autotrack import Application, TrackedRun, track_run
        >>> from nextmv_autotrack.testing import FakePlatform
        >>> with FakePlatform() as platform:
        ...     with track_run(name="nightly", input={"stops": 3}) as run:
        ...         run.output = {"routes": [[1, 2], [3]]}
        ...     sent = run.result()
        ...     platform.lose_next_answer(path="/runs$")
        ...     by_hand = TrackedRun("failed", input={"stops": 4}, error="no vehicles")
        ...     _ = Application("routing").track_run(by_hand)
        >>> sent.output, [run.status.value for run in platform.runs]
        ({'routes': [[1, 2], [3]]}, ['succeeded', 'failed'])

    Args:
        app_id: The application of runs that name none.
    """

    def __init__(self, app_id: str = "an-app") -> None:
        self._app_id = app_id
        self._service = Service()
        self._service.storage = f"https://{_STORAGE_HOST}"
        self._troubles: list[Trouble] = []
        self._one_at_a_time = threading.Lock()
        self._in_place = ExitStack()
        self._pid = os.getpid()
        self.skipped_s = 0.0
        """Seconds that nobody has waited for."""
        self.requests: list[SeenRequest] = []
        """All requests, in the order in which they came."""

    @property
    def runs(self) -> RecordedRuns:
        """The runs that it has, in the order in which they came; its ids are theirs."""
        return RecordedRuns(lambda: as_recorded(self._service))

    def fail_next(
        self,
        times: int = 1,
        *,
        status: int = 503,
        method: str = "",
        path: str = "",
        body: str = "out of order",
    ) -> None:
        """Answer the next requests that match with a status, and do nothing.

        Args:
            times: How many.
            status: Of the answer.
            method: Any when left out.
            path: A regular expression that is to be found in the path.
            body: Of the answer.
        """
        self._trouble(
            "refuse", times, status=status, method=method, path=path, body=body
        )

    def lose_next_answer(
        self, times: int = 1, *, method: str = "", path: str = ""
    ) -> None:
        """Do what the next requests that match ask for, and lose the answers."""
        self._trouble("lose answer", times, method=method, path=path)

    def be_unreachable(
        self, times: int = 1, *, method: str = "", path: str = ""
    ) -> None:
        """Take no connection for the next requests that match."""
        self._trouble("close", times, method=method, path=path)

    def delay_next(
        self, seconds: float, times: int = 1, *, method: str = "", path: str = ""
    ) -> None:
        """Answer the next requests that match so much later, by a clock of its own.

        Who is not as patient does not get the answer; what was asked for is done. That
        time passes for all: `run.wait(timeout=20)` ends in `DeliveryTimeoutError` where
        an answer takes longer, as it would on a real platform, but at once.
        """
        self._trouble("delay", times, method=method, path=path, seconds=seconds)

    def _trouble(self, kind: Kind, times: int, **which: Any) -> None:
        with self._one_at_a_time:
            self._troubles.append(Trouble(kind, times, **which))

    def __enter__(self) -> FakePlatform:  # noqa: PYI034 -- Self is newer than 3.10
        with ExitStack() as stack:
            folder = TemporaryDirectory(ignore_cleanup_errors=True)
            directory = Path(stack.enter_context(folder))
            said, chosen = {"app_id": self._app_id}, {"directory": directory}
            sources = stack.enter_context(set_apart(self, said, chosen))
            tracker = Tracker(sources, CLOCK)
            stack.callback(self._wait_for, tracker)
            stack.enter_context(tracking_by(tracker))
            self._in_place = stack.pop_all()
        return self

    def _wait_for(self, tracker: Tracker) -> None:
        # With a fault on order it may take for ever: as long as a program takes, then.
        tracker.shutdown(None if self._troubles else _ALL_IS_THERE_S)
        # As a program does for its children.
        send_what_is_left(tracker.sources, CLOCK, ForkGate())

    def __exit__(self, *_: object) -> None:
        self._in_place.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, or raise one of httpx's errors; as a transport of httpx."""
        return self._answered(request, b"".join(request.stream))  # type: ignore[arg-type]  # as httpx's own transports take it

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, or raise one of httpx's errors; as a transport of httpx."""
        pieces = [piece async for piece in request.stream]  # type: ignore[union-attr]  # as above
        return self._answered(request, b"".join(pieces))

    def _answered(self, request: httpx.Request, body: bytes) -> httpx.Response:
        import httpx  # noqa: PLC0415 -- it is loaded: there is a request

        # Of somebody who was there before, or in a forked child, whose runs the process
        # with the platform sends: it is as if the network were down.
        is_ours = request.url.host in {HOST, _STORAGE_HOST}
        if not is_ours or self._pid != os.getpid():
            raise httpx.ConnectError("a fake platform is in place of the network")
        came_s = CLOCK.steady()
        with self._one_at_a_time:
            asked = _as_asked(request, body)
            patience_s = request.extensions.get("timeout", {}).get("read") or math.inf
            try:
                answer = self._treated(asked, came_s, patience_s)
            except httpx.TransportError:
                self.requests.append(SeenRequest(asked.method, asked.path, None))
                raise
            seen = SeenRequest(asked.method, asked.path, answer.status)
            self.requests.append(seen)
        headers = {"Content-Type": "application/json"} | answer.headers
        return httpx.Response(
            answer.status or 200, headers=headers, content=answer.body
        )

    def _treated(self, asked: Request, came_s: float, patience_s: float) -> Answer:
        import httpx  # noqa: PLC0415 -- as above

        trouble = next((one for one in self._troubles if one.concerns(asked)), None)
        if trouble is None:
            return self._service.answer(asked)
        trouble.times -= 1
        if not trouble.times:
            self._troubles.remove(trouble)
        if trouble.kind == "refuse":
            return trouble.refusal()
        if trouble.kind == "close":
            raise httpx.ConnectError("the fake platform is not to be reached")
        answer = self._service.answer(asked)
        if trouble.kind == "lose answer":
            raise httpx.ReadError("the fake platform was to lose this answer")
        # Since it came: others that came with it have waited at the same time.
        until_s = came_s + min(trouble.seconds, patience_s)
        self.skipped_s += max(0.0, until_s - CLOCK.steady())
        if trouble.seconds > patience_s:
            raise httpx.ReadTimeout(f"the answer comes after {trouble.seconds:g} s")
        return answer


def _as_asked(request: httpx.Request, body: bytes) -> Request:
    lines = [b"", *(b"%b: %b" % header for header in request.headers.raw)]
    return Request(
        method=request.method,
        # Not decoded: an id may have a slash in it.
        path=request.url.raw_path.decode("ascii").partition("?")[0],
        query=request.url.query.decode("ascii"),
        head=b"\r\n".join(lines),
        body=body,
        connection=0,
        is_storage=request.url.host == _STORAGE_HOST,
    )
