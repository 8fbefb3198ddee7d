"""The platform's API, one call after another in each thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from nextmv_autotrack.nextmv_api import calls
from nextmv_autotrack.nextmv_api.answers import Answer
from nextmv_autotrack.nextmv_api.blob import CHUNK_BYTES, Blob
from nextmv_autotrack.nextmv_api.calls import Call, Upload
from nextmv_autotrack.nextmv_api.exchange import (
    SILENCE_TIMEOUT_S,
    Body,
    Exchange,
    user_agent,
)
from nextmv_autotrack.nextmv_api.faults import translated
from nextmv_autotrack.nextmv_api.listing import Page
from nextmv_autotrack.nextmv_api.pool import Pool

if TYPE_CHECKING:
    import httpx

_Read = TypeVar("_Read")


class Client:
    """The platform's API, over connections that are kept and shared between threads.

    httpx is imported with the first request, or by `prepare`. Every call raises a `PlatformError` when
    the platform did not take it.

    Example:
        >>> Client("api.cloud.nextmv.io", "a-key")
        <Client for https://api.cloud.nextmv.io>

    Args:
        endpoint: Address of the platform; https when it has no scheme.
        api_key: Goes to the endpoint, and nowhere else.
        transport: Sends the requests, instead of a pool of connections.
        patience_s: Tells, before each request, how long the other side may be silent.

    Raises:
        SettingsError: The endpoint or the key cannot be used.
    """

    def __init__(
        self,
        endpoint: str,
        api_key: str,
        *,
        transport: httpx.BaseTransport | None = None,
        patience_s: Callable[[], float] = lambda: SILENCE_TIMEOUT_S,
    ) -> None:
        self._exchange = Exchange(endpoint, api_key)
        self._pool = Pool(transport)
        self._patience_s = patience_s

    def __repr__(self) -> str:
        return f"<Client for {self.endpoint}>"

    @property
    def endpoint(self) -> str:
        """Address of the platform."""
        return self._exchange.endpoint

    def prepare(self) -> None:
        """Import now what the first request would, in this thread.

        A process that forks while another thread imports has a child in which that
        import never ends.
        """
        user_agent()
        self._pool.prepare(self.endpoint)

    def new_upload(self, app_id: str) -> Upload:
        """Ask for a place to upload one blob to."""
        return self.do(calls.new_upload(app_id))

    def put(self, url: str, content: Blob) -> None:
        """Upload a blob; the API key is not sent along.

        Raises:
            StoreError: A file of the blob cannot be read.
        """
        self.do(calls.put(url, content))

    def create_run(
        self, app_id: str, instance_id: str | None, body: Mapping[str, Any]
    ) -> str:
        """Create a run from what has been uploaded; return its platform run id."""
        return self.do(calls.create_run(app_id, instance_id, body))

    def runs(self, app_id: str, token: str | None = None) -> Page:
        """Return a page of the runs of an application, the first one or a later one."""
        return self.do(calls.page(app_id, token))

    def do(self, call: Call[_Read], patience_s: float | None = None) -> _Read:
        """Make a call, and return what it is answered with.

        Args:
            call: Which one.
            patience_s: How long the other side may be silent; as the client has it,
                when left out.
        """
        if patience_s is None:
            patience_s = self._patience_s()
        with translated(call.doing, self._exchange.url(call)):
            request = self._exchange.request(call, _body(call.content), patience_s)
            response = self._pool.send(request)
            body = Body(call)
            try:
                for chunk in response.iter_bytes():
                    body.add(chunk)
            finally:
                response.close()
        answer = Answer(response.status_code, response.headers, body.whole())
        return self._exchange.read(call, answer)

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._pool.close()


def _body(content: Blob) -> Any:
    if content.size <= CHUNK_BYTES:
        return b"".join(content.chunks())
    return content.chunks()
