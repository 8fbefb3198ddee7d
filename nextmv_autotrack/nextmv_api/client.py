"""The calls of the platform's API that track a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nextmv_autotrack.clock import SYSTEM_CLOCK
from nextmv_autotrack.errors import UnreachableError
from nextmv_autotrack.nextmv_api.address import (
    app_path,
    clean_endpoint,
    clean_key,
    origin,
)
from nextmv_autotrack.nextmv_api.answers import (
    Answer,
    api_refusal,
    storage_refusal,
    text_field,
)
from nextmv_autotrack.nextmv_api.blob import CHUNK_BYTES, Blob
from nextmv_autotrack.nextmv_api.faults import translated
from nextmv_autotrack.nextmv_api.listing import Page, read_page
from nextmv_autotrack.nextmv_api.pool import Pool

if TYPE_CHECKING:
    import httpx

# A host that does not take a connection in this time is down, or far behind a firewall
# that swallows packets.
CONNECT_TIMEOUT_S = 10.0

# Between two pieces of an answer, or two pieces sent: not for a whole upload.
SILENCE_TIMEOUT_S = 30.0

# An answer of these calls is a few hundred bytes; a page of a hotel's network is more.
MAX_ANSWER_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Upload:
    """Where one blob goes, and its id for the create call; valid for 15 minutes."""

    id: str
    url: str = field(repr=False)
    """Signed: who has it may write there."""


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
        self.endpoint = clean_endpoint(endpoint)
        self._key = clean_key(api_key)
        self._pool = Pool(transport)
        self._patience_s = patience_s

    def __repr__(self) -> str:
        return f"<Client for {self.endpoint}>"

    def prepare(self) -> None:
        """Import now what the first request would, in this thread.

        A process that forks while another thread imports has a child in which that
        import never ends.
        """
        _user_agent()
        self._pool.prepare(self.endpoint)

    def new_upload(self, app_id: str) -> Upload:
        """Ask for a place to upload one blob to."""
        doing = "asking for an upload URL"
        answer = self._call("POST", f"{app_path(app_id)}/runs/uploadurl", doing)
        return Upload(
            id=text_field(answer, "upload_id", doing),
            url=text_field(answer, "upload_url", doing),
        )

    def put(self, url: str, content: Blob) -> None:
        """Upload a blob; the API key is not sent along.

        Raises:
            StoreError: A file of the blob cannot be read.
        """
        doing = "uploading"
        # Chunked transfer is what httpx would choose; storage refuses it.
        headers = {"User-Agent": _user_agent(), "Content-Length": str(content.size)}
        answer = self._exchange("PUT", url, headers, content, doing)
        if not answer.is_success:
            raise storage_refusal(
                answer, f"{doing} at {origin(url)}", now=SYSTEM_CLOCK.wall()
            )

    def create_run(
        self, app_id: str, instance_id: str | None, body: Mapping[str, Any]
    ) -> str:
        """Create a run from what has been uploaded; return its platform run id."""
        doing = "creating the run"
        path = f"{app_path(app_id)}/runs"
        if instance_id:
            path += f"?instance_id={quote(instance_id, safe='', errors='replace')}"
        answer = self._call("POST", path, doing, body)
        return text_field(answer, "run_id", doing)

    def runs(self, app_id: str, token: str | None = None) -> Page:
        """Return a page of the runs of an application, the first one or a later one."""
        doing = "listing the runs"
        query = f"&pagetoken={quote(token, safe='')}" if token else ""
        path = f"{app_path(app_id)}/runs?pagereturn=true{query}"
        return read_page(self._call("GET", path, doing), doing)

    def greet(self, app_id: str | None) -> Answer:
        """Ask for what only a valid key gets: an application's runs, or what there is.

        The answer's headers tell the platform's time.
        """
        doing = "asking the platform"
        if app_id is None:
            return self._call("GET", "/v1/applications", doing)
        return self._call("GET", f"{app_path(app_id)}/runs?pagereturn=true", doing)

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._pool.close()

    def _call(
        self,
        method: str,
        path: str,
        doing: str,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        headers = {
            "User-Agent": _user_agent(),
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
        }
        content = b"" if body is None else json.dumps(body).encode("ascii")
        url = self.endpoint + path
        with translated(doing, url):
            address = _parsed(url)
        answer = self._exchange(method, address, headers, content, doing)
        if not answer.is_success:
            where = f"{doing} at {origin(url)}"
            raise api_refusal(answer, where, hidden=self._key, now=SYSTEM_CLOCK.wall())
        return answer

    def _exchange(
        self,
        method: str,
        url: str | httpx.URL,
        headers: Mapping[str, str],
        content: bytes | Blob,
        doing: str,
    ) -> Answer:
        import httpx  # noqa: PLC0415 -- never before the first request

        with translated(doing, url):
            request = httpx.Request(
                method,
                url,
                headers=headers,
                content=_body(content),
                extensions=_timeouts(self._patience_s()),
            )
            response = self._pool.send(request)
            try:
                body = _read(response, doing)
            finally:
                response.close()
        return Answer(response.status_code, response.headers, body)


def _timeouts(patience_s: float) -> dict[str, Any]:
    return {
        "timeout": {
            "connect": min(CONNECT_TIMEOUT_S, patience_s),
            "read": patience_s,
            "write": patience_s,
            "pool": patience_s,
        }
    }


def _body(content: bytes | Blob) -> Any:
    if isinstance(content, bytes):
        return content
    if content.size <= CHUNK_BYTES:
        return b"".join(content.chunks())
    return content.chunks()


def _read(response: httpx.Response, doing: str) -> bytes:
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            msg = f"{doing} failed: the answer is far too long; is the endpoint right?"
            raise UnreachableError(msg)
    return body


# The same few addresses over and over: to parse one takes a tenth of a request.
@lru_cache(maxsize=64)
def _parsed(url: str) -> httpx.URL:
    import httpx  # noqa: PLC0415 -- never before the first request

    return httpx.URL(url)


@lru_cache(maxsize=1)
def _user_agent() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        ours = version("nextmv-autotrack")
    except PackageNotFoundError:
        ours = "0"
    python = ".".join(map(str, sys.version_info[:2]))
    return f"nextmv-autotrack/{ours} Python/{python}"
