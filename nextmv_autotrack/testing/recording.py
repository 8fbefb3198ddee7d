"""Recording in memory: for the length of a block, no run leaves the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.testing.apart import HOST, set_apart, tracking_by
from nextmv_autotrack.testing.memory import MemoryTracker
from nextmv_autotrack.testing.recorded_run import RecordedRuns

if TYPE_CHECKING:
    import httpx


@contextmanager
def recording() -> Iterator[RecordedRuns]:
    """Record the runs of this process in memory, for as long as the block lasts.

    Nothing is written to a disk, no thread is started, and nothing is sent, whatever
    the environment, a `pyproject.toml` or `~/.nextmv` say: only what code sets holds.
    Processes that are started meanwhile record nothing. In pytest, the fixture
    `autotrack_runs` does it.

    Example:
        >>> from nextmv_autotrack import tracked
        >>> from nextmv_autotrack.testing import recording
        >>> @tracked(options=["vehicles"])
        ... def solve(stops: list, vehicles: int = 2) -> dict:
        ...     return {"routes": [stops], "metrics": {"value": len(stops)}}
        >>> with recording() as runs:
        ...     _ = solve(["bonn", "aachen"], vehicles=1)
        >>> runs[0].input, runs[0].options, runs[0].output, runs[0].metrics
        (['bonn', 'aachen'], {'vehicles': '1'}, {'routes': [['bonn', 'aachen']]}, {'value': 2})
    """
    tracker = MemoryTracker()
    with set_apart(_NothingLeaves(), {}, {}), tracking_by(tracker):
        yield RecordedRuns(tracker.runs)


class _NothingLeaves:
    """Answers no request."""

    skipped_s = 0.0

    def handle_request(self, request: httpx.Request) -> NoReturn:
        """Say that nothing is sent."""
        if request.url.host == HOST:
            raise SettingsError(
                "nothing is sent while runs are recorded in memory: a test of what is "
                "sent needs a FakePlatform in place"
            )
        import httpx  # noqa: PLC0415 -- it is loaded: there is a request

        # Of somebody who was there before: it is as if the network were down.
        raise httpx.ConnectError("a test records in memory")

    async def handle_async_request(self, request: httpx.Request) -> NoReturn:
        """Say that nothing is sent."""
        self.handle_request(request)
