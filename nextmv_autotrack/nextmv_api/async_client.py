"""The platform's API, awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, TypeVar

from nextmv_autotrack.nextmv_api.answers import Answer
from nextmv_autotrack.nextmv_api.async_pool import AsyncPool
from nextmv_autotrack.nextmv_api.blob import CHUNK_BYTES, Blob
from nextmv_autotrack.nextmv_api.calls import Call
from nextmv_autotrack.nextmv_api.exchange import Body, Exchange
from nextmv_autotrack.nextmv_api.faults import translated

if TYPE_CHECKING:
    import httpx

_Read = TypeVar("_Read")


class AsyncClient:
    """The platform's API, over connections that the tasks of an event loop share.

    Example:
        >>> AsyncClient("api.cloud.nextmv.io", "a-key")
        <AsyncClient for https://api.cloud.nextmv.io>

    Args:
        endpoint: Address of the platform; https when it has no scheme.
        api_key: Goes to the endpoint, and nowhere else.
        transport: Sends the requests, instead of a pool of connections.

    Raises:
        SettingsError: The endpoint or the key cannot be used.
    """

    def __init__(
        self,
        endpoint: str,
        api_key: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._exchange = Exchange(endpoint, api_key)
        self._pool = AsyncPool(transport)

    def __repr__(self) -> str:
        return f"<AsyncClient for {self.endpoint}>"

    @property
    def endpoint(self) -> str:
        """Address of the platform."""
        return self._exchange.endpoint

    async def do(self, call: Call[_Read], patience_s: float) -> _Read:
        """Make a call, and return what it is answered with.

        Args:
            call: Which one.
            patience_s: How long the other side may be silent.
        """
        with translated(call.doing, self._exchange.url(call)):
            request = self._exchange.request(call, _body(call.content), patience_s)
            body = Body(call)
            async with self._pool.sent(request) as response:
                async for chunk in response.aiter_bytes():
                    body.add(chunk)
        answer = Answer(response.status_code, response.headers, body.whole())
        return self._exchange.read(call, answer)

    async def close(self) -> None:
        """Close the connections of this event loop; a later call opens new ones."""
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
