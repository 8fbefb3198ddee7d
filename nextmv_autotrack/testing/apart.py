"""Sets a process apart for a test: nothing comes in from outside, and nothing goes out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

from nextmv_autotrack import tracker as tracking
from nextmv_autotrack.capture.context import innermost, latest, open_roots
from nextmv_autotrack.capture.forced import ForcedRecorder
from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.nextmv_api.in_place import Wire, in_place_of_connections
from nextmv_autotrack.platform.access import in_place_of_the_usual
from nextmv_autotrack.settings import OF_THIS_PROCESS, Sources
from nextmv_autotrack.tracker import Tracker, standing_in

if TYPE_CHECKING:
    import httpx

# A name that nobody can own (RFC 2606): should anything get past us, it ends there.
HOST = "autotrack-test.invalid"
ENDPOINT = f"https://{HOST}"

# Of every function and block, whatever it says: a test is to see all runs, at once, and
# to compare metrics without those that differ from machine to machine.
_FORCED = {"destination": "local", "sample": 1.0, "sync": False, "resources": False}

# Whatever code says: with anything else, requests would go elsewhere.
_CHOSEN = {
    "endpoint": ENDPOINT,
    "api_key": "key-of-a-test",
    "profile": None,
    "system_certs": False,
    "allow_http": False,
}

# Whatever code has said before the test; what the test itself configures holds.
_BEGUN_WITH = {
    "enabled": True,
    # They differ from machine to machine, and a test compares.
    "resources": False,
    "environment": "none",
}

# What processes that the test starts find there; they would track for real.
_SWITCH = "NEXTMV_AUTOTRACK_ENABLED"


class _LocalRecorder(ForcedRecorder):
    forced = _FORCED


class LocalTracker(Tracker):
    """Tracks a process whose runs stay where they are."""

    kind_of_recorder = _LocalRecorder


class NothingLeaves:
    """Is in place of connections, and answers no request."""

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


@contextmanager
def set_apart(
    wire: Wire,
    said: Mapping[str, Any] | None = None,
    chosen: Mapping[str, Any] | None = None,
) -> Iterator[Sources]:
    """Let neither the environment nor a file have a say, and all requests go to `wire`.

    Args:
        wire: What requests go over.
        said: Settings in place of those outside of code.
        chosen: Settings before those of `configure`.
    """
    usual = tracking.TRACKER.sources
    sources = usual.apart(said or {}, chosen={**_CHOSEN, **(chosen or {})})
    sources.configure(**_BEGUN_WITH)
    with (
        in_place_of_the_usual(sources),
        in_place_of_connections(wire),
        _children_record_nothing(),
    ):
        yield sources


@contextmanager
def tracking_by(tracker: Tracker) -> Iterator[None]:
    """Let a tracker of the test's own do the tracking, with no run in progress."""
    tokens = innermost.set(None), latest.set(None)
    try:
        with standing_in(tracker):
            yield
    finally:
        for opened in tuple(open_roots.values()):
            if opened.recorder is tracker.recorder:
                # One that never ended is none of the next test's business.
                open_roots.pop(opened.id, None)
        with suppress(ValueError):  # entered in one context and left in another
            innermost.reset(tokens[0])
            latest.reset(tokens[1])


@contextmanager
def _children_record_nothing() -> Iterator[None]:
    before = os.environ.get(_SWITCH)
    os.environ[_SWITCH] = "false"
    try:
        yield
    finally:
        del os.environ[_SWITCH]
        if before is not None:
            os.environ[_SWITCH] = before
        if OF_THIS_PROCESS.is_read:
            # Perhaps meanwhile, by a thread that was there before.
            OF_THIS_PROCESS.reread()
