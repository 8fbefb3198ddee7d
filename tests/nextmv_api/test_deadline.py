"""A call is over when its time is, whatever the other side does."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from nextmv_autotrack.errors import UnreachableError
from nextmv_autotrack.nextmv_api import Blob, Client, calls
from nextmv_autotrack.nextmv_api.async_client import AsyncClient
from nextmv_autotrack.nextmv_api.async_pool import MOST_AT_ONCE
from nextmv_autotrack.settings.profiles import Login
from tests.platform_server.identity import token
from tests.upload.model_platform import Time

ENDPOINT = "https://platform.example"


@pytest.fixture
def time():
    return Time()


class Drip(httpx.SyncByteStream):
    """An answer of which a byte comes each second, for ever."""

    def __init__(self, time):
        self._time = time

    def __iter__(self):
        while True:
            self._time.passes(1)
            yield b" "


def client_of(answer, time, key="a-key"):
    transport = httpx.MockTransport(answer)
    return Client(ENDPOINT, key, transport=transport, clock=time.clock)


def missed(client, call, time, time_s=3.0):
    begun_at = time.now
    with pytest.raises(UnreachableError) as caught:
        client.do(call, time_s)
    assert time.now - begun_at <= time_s
    return caught.value


def test_an_answer_that_trickles_is_not_read_to_its_end(time):
    client = client_of(lambda _: httpx.Response(200, stream=Drip(time)), time)
    error = missed(client, calls.page("routing"), time)
    assert str(error) == "listing the runs failed: it was not over after 3 s"
    assert error.may_have_acted
    assert error.may_be_at_work


def test_what_comes_late_leaves_less_patience_for_the_rest(time):
    patience = []

    class Body(httpx.SyncByteStream):
        def __iter__(self):
            patience.append(request.extensions["timeout"]["read"])
            yield b"{}"

    def answer(given):
        nonlocal request
        request = given
        patience.append(given.extensions["timeout"]["read"])
        time.passes(2)
        return httpx.Response(200, stream=Body())

    request = None

    class Transport(httpx.BaseTransport):
        def handle_request(self, request):
            return answer(request)

    client = Client(ENDPOINT, "a-key", transport=Transport(), clock=time.clock)
    client.do(calls.application("routing"), 3)
    assert patience == [pytest.approx(3), pytest.approx(1)]
    client.do(calls.application("routing"))
    assert patience[2:] == [30, 30]


def test_an_upload_that_is_taken_slowly_is_given_up(time):
    class Transport(httpx.BaseTransport):
        def handle_request(self, request):
            for _ in request.stream:
                time.passes(1)
            return httpx.Response(200)

    client = Client(ENDPOINT, "a-key", transport=Transport(), clock=time.clock)
    content = Blob.of(bytes(50_000_000))
    error = missed(client, calls.put("https://storage.example/x", content), time)
    assert str(error) == "uploading failed: it was not over after 3 s"


@pytest.fixture
def login():
    """Somebody whose token has to be refreshed, by a provider of their own."""
    folder = Path.home() / ".nextmv"
    tokens = folder / "auth" / "default" / "tokens.json"
    tokens.parent.mkdir(parents=True)
    expired = token({"aud": "c-1", "exp": 1.0})
    tokens.write_text(json.dumps({"id_token": expired, "refresh_token": "r"}))
    session = "  oidc_discovery_url: https://id.example\n  client_id: c-1\n"
    (folder / "sessions.yaml").write_text(f"api.sso.example:\n{session}")
    return Login("nextmv login", tokens, "api.sso.example", None)


def test_a_sign_in_that_is_slow_has_no_more_time_than_the_call(time, login):
    asked = []

    def answer(request):
        asked.append(request.url.host)
        time.passes(request.extensions["timeout"]["read"])
        raise httpx.ReadTimeout("", request=request)

    client = client_of(answer, time, login)
    error = missed(client, calls.page("routing"), time, 2.0)
    assert not error.may_have_acted
    assert asked == ["id.example"]


class Silent(httpx.AsyncBaseTransport):
    """A platform that takes requests, and never answers."""

    def __init__(self):
        self.taken = 0

    async def handle_async_request(self, request):
        self.taken += 1
        await asyncio.Event().wait()


def test_who_waits_for_a_turn_in_vain_has_sent_nothing():
    silent, call = Silent(), calls.page("routing")

    async def main():
        client = AsyncClient(ENDPOINT, "a-key", transport=silent)
        busy = [asyncio.ensure_future(client.do(call)) for _ in range(MOST_AT_ONCE)]
        while silent.taken < MOST_AT_ONCE:  # noqa: ASYNC110 -- it is of our own loop
            await asyncio.sleep(0)
        with pytest.raises(UnreachableError, match="not over after") as caught:
            await client.do(call, 0.01)
        for task in busy:
            task.cancel()
        await asyncio.wait(busy)
        return caught.value

    assert not asyncio.run(main()).may_have_acted
    assert silent.taken == MOST_AT_ONCE


def test_an_awaited_call_leaves_nothing_behind_when_its_time_is_over():
    async def main():
        client = AsyncClient(ENDPOINT, "a-key", transport=Silent())
        with pytest.raises(UnreachableError, match="not over after") as caught:
            await client.do(calls.page("routing"), 0.3)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return caught.value

    error = asyncio.run(main())
    assert error.may_have_acted
    assert error.may_be_at_work
