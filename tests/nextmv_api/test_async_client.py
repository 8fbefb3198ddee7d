from __future__ import annotations

import asyncio
import threading

import pytest

from nextmv_autotrack.errors import RefusedError
from nextmv_autotrack.nextmv_api.async_client import (
    MAX_READ_IN_LOOP_BYTES,
    AsyncClient,
)
from nextmv_autotrack.nextmv_api.calls import Call


def asked(platform):
    """Ask something, and return the thread in which the answer was read."""
    call = Call("asking", "GET", "/v1/x", lambda _answer: threading.current_thread())

    async def ask():
        client = AsyncClient(platform.endpoint, platform.key)
        try:
            return await client.do(call, time_s=20)
        finally:
            await client.close()

    return asyncio.run(ask())


@pytest.mark.parametrize("more", [0, 1])
def test_a_long_answer_is_not_read_while_the_event_loop_waits(platform, more):
    platform.fail_next(status=200, body="x" * (MAX_READ_IN_LOOP_BYTES + more))
    assert (asked(platform) is threading.current_thread()) is not bool(more)


@pytest.mark.parametrize("length", [1, 2 * MAX_READ_IN_LOOP_BYTES])
def test_a_refusal_is_one_however_long_it_is(platform, length):
    platform.fail_next(status=400, body="x" * length)
    with pytest.raises(RefusedError, match="status 400"):
        asked(platform)
