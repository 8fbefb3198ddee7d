"""The connections to the platform, for those who await."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from nextmv_autotrack.nextmv_api.pool import (
    certificates,
    limits,
    proxy_for,
    usable_environment,
)

if TYPE_CHECKING:
    import ssl

    import httpx

# A thousand tasks may be started in a line; what comes behind waits for its turn.
MOST_CONNECTIONS = 64

_ByProxy = dict["str | None", "httpx.AsyncBaseTransport"]


class AsyncPool:
    """Sends requests over connections it keeps, for each event loop its own.

    A connection belongs to the loop it was opened in: a program that runs one after the
    other, as every `asyncio.run` does, must not meet those of the last one.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport | None) -> None:
        self._given = transport
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _ByProxy]
        self._by_loop = WeakKeyDictionary()
        self._certificates: ssl.SSLContext | None = None

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the answer's body is still to be read."""
        transport = self._given or self._transport_for(request.url)
        return await transport.handle_async_request(request)

    async def close(self) -> None:
        """Close the connections of this loop; a request sent later opens new ones."""
        opened = self._by_loop.pop(asyncio.get_running_loop(), {})
        for transport in opened.values():
            await transport.aclose()

    def _transport_for(self, url: httpx.URL) -> httpx.AsyncBaseTransport:
        opened = self._by_loop.setdefault(asyncio.get_running_loop(), {})
        proxy = proxy_for(url)
        if proxy not in opened:
            with usable_environment():
                opened[proxy] = self._new_transport(proxy)
        return opened[proxy]

    def _new_transport(self, proxy: str | None) -> httpx.AsyncBaseTransport:
        import httpx  # noqa: PLC0415 -- never before the first request

        self._certificates = self._certificates or certificates()
        return httpx.AsyncHTTPTransport(
            verify=self._certificates, proxy=proxy, limits=limits(MOST_CONNECTIONS)
        )
