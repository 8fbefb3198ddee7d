"""Sets a process apart for a test: nothing comes in from outside, and nothing goes out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from nextmv_autotrack.capture.context import innermost, latest, open_roots
from nextmv_autotrack.nextmv_api.in_place import Wire, in_place_of_connections
from nextmv_autotrack.settings import OF_THIS_PROCESS
from nextmv_autotrack.tracker import Tracker, standing_in

# A name that nobody can own (RFC 2606): should anything get past us, it ends there.
HOST = "autotrack-test.invalid"
ENDPOINT = f"https://{HOST}"

_CHOSEN = {
    "enabled": True,
    "endpoint": ENDPOINT,
    "api_key": "key-of-a-test",
    "profile": None,
    "system_certs": False,
    "allow_http": False,
    # They differ from machine to machine, and a test compares.
    "resources": False,
}

# What processes that the test starts find there; they would track for real.
_SWITCH = "NEXTMV_AUTOTRACK_ENABLED"


@contextmanager
def set_apart(
    wire: Wire, said: Mapping[str, Any], chosen: Mapping[str, Any]
) -> Iterator[None]:
    """Let neither the environment nor a file have a say, and all requests go to `wire`.

    Args:
        wire: What requests go over.
        said: Settings in place of those outside of code.
        chosen: Settings before those of `configure`.
    """
    with (
        OF_THIS_PROCESS.instead(said, chosen={**_CHOSEN, **chosen}),
        in_place_of_connections(wire),
        _children_record_nothing(),
    ):
        yield


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
