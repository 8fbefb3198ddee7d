"""The connections to the platform, for those who await."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from nextmv_autotrack.nextmv_api.in_place import wire
from nextmv_autotrack.nextmv_api.pool import (
    KEPT_CONNECTIONS,
    certificates,
    limits,
    proxy_for,
    usable_environment,
)

if TYPE_CHECKING:
    import ssl

    import httpx

# A thousand tasks may be started in a line; what comes behind waits for its turn. Half of
# what is kept of connections: each task talks to the API and to its storage.
MOST_AT_ONCE = KEPT_CONNECTIONS // 2


@dataclass
class _OfLoop:
    """What belongs to one event loop."""

    turns: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE)
    )
    by_proxy: dict[str | None, httpx.AsyncBaseTransport] = field(default_factory=dict)


class AsyncPool:
    """Sends requests over connections it keeps, for each event loop its own.

    A connection belongs to the loop it was opened in: a program that runs one after the
    other, as every `asyncio.run` does, must not meet those of the last one.
    """

    def __init__(
        self, transport: httpx.AsyncBaseTransport | None, *, system_certs: bool = False
    ) -> None:
        self._given = transport
        self._system_certs = system_certs
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _OfLoop]
        self._by_loop = WeakKeyDictionary()
        self._certificates: ssl.SSLContext | None = None

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait until it is one's turn to send."""
        return self._here().turns

    @asynccontextmanager
    async def sent(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        """Send a request; the answer can be read in the block."""
        response = await self._answered(request)
        try:
            yield response
        finally:
            await response.aclose()

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        if (here := wire()) is not None:
            return await here.handle_async_request(request)
        transport = self._given or self._transport_for(request.url, self._here())
        return await transport.handle_async_request(request)

    def _here(self) -> _OfLoop:
        return self._by_loop.setdefault(asyncio.get_running_loop(), _OfLoop())

    async def close(self) -> None:
        """Close the connections of this loop; a request sent later opens new ones."""
        here = self._by_loop.pop(asyncio.get_running_loop(), _OfLoop())
        for transport in here.by_proxy.values():
            await transport.aclose()

    def _transport_for(self, url: httpx.URL, here: _OfLoop) -> httpx.AsyncBaseTransport:
        proxy = proxy_for(url)
        if proxy not in here.by_proxy:
            with usable_environment():
                here.by_proxy[proxy] = self._new_transport(proxy)
        return here.by_proxy[proxy]

    def _new_transport(self, proxy: str | None) -> httpx.AsyncBaseTransport:
        import httpx  # noqa: PLC0415 -- never before the first request

        self._certificates = self._certificates or certificates(
            of_the_system=self._system_certs
        )
        return httpx.AsyncHTTPTransport(
            verify=self._certificates, proxy=proxy, limits=limits()
        )
