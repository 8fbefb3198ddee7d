"""What requests go over in place of connections, while somebody has put it there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from nextmv_autotrack.clock import NS_PER_S, SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    import httpx


class Wire(Protocol):
    """Answers requests, and says what becomes of the time meanwhile."""

    skipped_s: float
    """Seconds that nobody has waited for, and that have passed all the same."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, or raise one of httpx's errors."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, or raise one of httpx's errors."""


_in_place: list[Wire] = []


def wire() -> Wire | None:
    """Return what is in place of connections; usually nothing."""
    return _in_place[-1] if _in_place else None


@contextmanager
def in_place_of_connections(wire: Wire) -> Iterator[None]:
    """Let all requests of the process go over `wire` within the block."""
    _in_place.append(wire)
    try:
        yield
    finally:
        _in_place.remove(wire)


def _steady_ns() -> int:
    here = wire()
    skipped_s = here.skipped_s if here is not None else 0.0
    return SYSTEM_CLOCK.steady_ns() + int(skipped_s * NS_PER_S)


CLOCK = Clock(wall_ns=SYSTEM_CLOCK.wall_ns, steady_ns=_steady_ns)
"""The time, as it passes where requests go."""


def pause(seconds: float) -> None:
    """Wait, or skip the time where nobody is there to wait for."""
    here = wire()
    if here is None:
        time.sleep(seconds)
    else:
        here.skipped_s += seconds


async def pause_async(seconds: float) -> None:
    """Wait, or skip the time where nobody is there to wait for; awaited."""
    import asyncio  # noqa: PLC0415 -- loaded by whoever awaits, and not by others

    here = wire()
    if here is not None:
        here.skipped_s += seconds
    await asyncio.sleep(seconds if here is None else 0)
