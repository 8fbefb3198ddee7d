"""The platform's API, awaited."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.nextmv_api.answers import Answer
from nextmv_autotrack.nextmv_api.async_pool import AsyncPool
from nextmv_autotrack.nextmv_api.bearer import AnotherKey, no_other_key
from nextmv_autotrack.nextmv_api.blob import CHUNK_BYTES, Blob
from nextmv_autotrack.nextmv_api.calls import Call
from nextmv_autotrack.nextmv_api.client import Client
from nextmv_autotrack.nextmv_api.deadline import Deadline
from nextmv_autotrack.nextmv_api.exchange import SILENCE_TIMEOUT_S, Body, Exchange
from nextmv_autotrack.nextmv_api.faults import translated
from nextmv_autotrack.settings.access import Access
from nextmv_autotrack.settings.profiles import Login

if TYPE_CHECKING:
    import httpx

# Parsed in a millisecond or two, for which others can wait; lists of runs with many
# metrics take seconds.
MAX_READ_IN_LOOP_BYTES = 256 * 1024

# What a transport says of a time-out tells more: it is to be heard first.
_GRACE_S = 0.1

_Read = TypeVar("_Read")


class AsyncClient:
    """The platform's API, over connections that the tasks of an event loop share.

    Example:
        >>> AsyncClient("api.cloud.nextmv.io", "a-key")
        <AsyncClient for https://api.cloud.nextmv.io>

    Args:
        endpoint: Address of the platform; https when it has no scheme.
        api_key: Goes to the endpoint, and nowhere else. Or somebody who is signed in.
        transport: Sends the requests, instead of a pool of connections.
        system_certs: Trust whom the operating system trusts.
        allow_http: Send to other machines without encryption, too.
        another_key: Gives a key in place of one that was refused.

    Raises:
        SettingsError: The endpoint or the key cannot be used.
    """

    def __init__(  # noqa: PLR0913 -- handed in by name
        self,
        endpoint: str,
        api_key: str | Login,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        system_certs: bool = False,
        allow_http: bool = False,
        another_key: AnotherKey = no_other_key,
    ) -> None:
        # It has its own connections, to where tokens are had from.
        self._opener = Client(
            endpoint,
            api_key,
            system_certs=system_certs,
            allow_http=allow_http,
            another_key=another_key,
        )
        self._bearer = self._opener.bearer
        self._is_token_fetched = isinstance(api_key, Login)
        self._exchange = Exchange(
            self._opener.endpoint, self._bearer.headers, allow_http=allow_http
        )
        self._pool = AsyncPool(transport, system_certs=system_certs)

    @classmethod
    def to(cls, access: Access) -> AsyncClient:
        """Return a client for the platform that an access is to.

        Raises:
            SettingsError: The access cannot be used, or there is none.
        """
        if access.problem is not None:
            raise SettingsError(access.problem)
        return cls(
            access.endpoint,
            access.login or access.api_key or "",
            system_certs=access.system_certs,
            allow_http=access.allow_http,
            another_key=access.another_key,
        )

    def __repr__(self) -> str:
        if "_exchange" not in vars(self):
            return "<AsyncClient>"  # a traceback shows it while it cannot be made
        return f"<AsyncClient for {self.endpoint}>"

    @property
    def endpoint(self) -> str:
        """Address of the platform."""
        return self._exchange.endpoint

    async def do(self, call: Call[_Read], time_s: float = math.inf) -> _Read:
        """Make a call, and return what it is answered with.

        Args:
            call: Which one.
            time_s: How long it may take, with the wait for its turn and the token that
                it may need first.
        """
        deadline = Deadline(call.doing, time_s)
        limit_s = None if math.isinf(time_s) else max(time_s, 0.0) + _GRACE_S
        import anyio  # noqa: PLC0415 -- as httpx, which is built on it

        # Not by asyncio's `wait_for`, which before Python 3.12 can lose a cancellation.
        try:
            with anyio.fail_after(limit_s):
                return await self._done(call, deadline)
        except TimeoutError as error:
            raise deadline.missed() from error

    async def _done(self, call: Call[_Read], deadline: Deadline) -> _Read:
        with deadline.holds():
            token = (
                "" if call.is_of_storage else await self._fetched(self._bearer.token)
            )
            answer = await self._answered(call, deadline, token)
            if answer.status_code == 401 and not call.is_of_storage:
                # Files may have to be read.
                another = await asyncio.to_thread(self._bearer.another_than, token)
                if another is not None:
                    token = another
                    answer = await self._answered(call, deadline, token)
        read, advice = self._exchange.read, self._bearer.advice
        if len(answer.body) <= MAX_READ_IN_LOOP_BYTES:
            return read(call, answer, token, advice)
        return await asyncio.to_thread(read, call, answer, token, advice)

    async def _fetched(self, fetch: Callable[[], _Read]) -> _Read:
        """A token; one that may have to be fetched first does not hold up the loop."""
        return await asyncio.to_thread(fetch) if self._is_token_fetched else fetch()

    async def _answered(
        self, call: Call[Any], deadline: Deadline, token: str
    ) -> Answer:
        body = Body(call.doing, call.max_answer_bytes)
        with translated(call.doing, self._exchange.url(call)):
            async with self._pool.turn():
                content = _body(call.content)
                patience_s = deadline.patience_s(SILENCE_TIMEOUT_S)
                request = self._exchange.request(call, content, patience_s, token)
                deadline.is_sent = True
                async with self._pool.sent(request) as response:
                    async for chunk in response.aiter_bytes():
                        body.add(chunk)
                deadline.is_sent = False
        return Answer(response.status_code, response.headers, body.whole())

    async def close(self) -> None:
        """Close the connections of this event loop; a later call opens new ones."""
        self._opener.close()
        await self._pool.close()


def _body(content: Blob) -> Any:
    if content.size <= CHUNK_BYTES:
        return b"".join(content.chunks())
    return _chunks(content)


async def _chunks(content: Blob) -> AsyncIterator[bytes]:
    # Read in the loop's thread: a chunk of a local file takes less time than to hand it
    # to another thread and back.
    for chunk in content.chunks():
        yield chunk
