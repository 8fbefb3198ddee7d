"""From a call to its request, and from a response to what the call is answered with."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from nextmv_autotrack.clock import SYSTEM_CLOCK
from nextmv_autotrack.errors import UnreachableError
from nextmv_autotrack.nextmv_api.address import is_private, origin
from nextmv_autotrack.nextmv_api.answers import Answer, api_refusal, storage_refusal
from nextmv_autotrack.nextmv_api.calls import Call

if TYPE_CHECKING:
    import httpx

# A host that does not take a connection in this time is down, or far behind a firewall
# that swallows packets.
CONNECT_TIMEOUT_S = 10.0

# Between two pieces of an answer, or two pieces sent: not for a whole upload.
SILENCE_TIMEOUT_S = 30.0

_Read = TypeVar("_Read")


class Exchange:
    """One platform: what a request to it looks like, and what its answers mean.

    Args:
        endpoint: Its address, cleaned.
        headers: What goes along with the token.
        allow_http: Whether storage may be on another machine without encryption, too.
    """

    def __init__(
        self, endpoint: str, headers: Mapping[str, str], *, allow_http: bool
    ) -> None:
        self.endpoint = endpoint
        self._along = headers
        self._allow_http = allow_http

    def url(self, call: Call[Any]) -> str:
        """Return where a call goes.

        Raises:
            UnreachableError: Everybody on the way there could read what is sent.
        """
        url = call.place if call.is_of_storage else self.endpoint + call.place
        if call.is_of_storage and not (self._allow_http or is_private(url)):
            msg = (
                f"{call.doing} at {origin(url)} failed: it does not begin with https://"
            )
            raise UnreachableError(msg, may_have_acted=False)
        return url

    def request(
        self, call: Call[Any], content: Any, patience_s: float, token: str
    ) -> httpx.Request:
        """Return the request of a call.

        Args:
            call: Which one.
            content: Its body, as the transport takes it.
            patience_s: How long the other side may be silent.
            token: What opens the platform; the storage does not get it.
        """
        headers = self._headers(call, token)
        return request(call.method, self.url(call), headers, content, patience_s)

    def _headers(self, call: Call[Any], token: str) -> dict[str, str]:
        if call.is_of_storage:
            # Chunked transfer is what httpx would choose; storage refuses it.
            length = {"Content-Length": str(call.content.size)}
            return length if call.method == "PUT" else {}
        return {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            **self._along,
        }

    def read(self, call: Call[_Read], answer: Answer, token: str, advice: str) -> _Read:
        """Return what a call is answered with.

        Args:
            call: Which one.
            answer: The answer to it.
            token: What it was sent with; no message repeats it.
            advice: What to do when that is not taken.

        Raises:
            PlatformError: It was refused, or the answer is not the platform's.
        """
        if answer.is_success:
            return call.read(answer)
        where = f"{call.doing} at {origin(self.url(call))}"
        now = SYSTEM_CLOCK.wall()
        if call.is_of_storage:
            raise storage_refusal(answer, where, now=now)
        raise api_refusal(answer, where, hidden=token, unknown=advice, now=now)


def request(
    method: str, url: str, headers: Mapping[str, str], content: Any, patience_s: float
) -> httpx.Request:
    """Return a request that says who sends it."""
    import httpx  # noqa: PLC0415 -- never before the first request

    return httpx.Request(
        method,
        _parsed(url),
        headers={"User-Agent": user_agent(), **headers},
        content=content,
        extensions=_timeouts(patience_s),
    )


class Body:
    """An answer's body while it comes in.

    Raises:
        UnreachableError: It is longer than the answer to such a call can be.
    """

    def __init__(self, doing: str, most_bytes: int) -> None:
        self._doing, self._most_bytes = doing, most_bytes
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Add what has come."""
        self._size += len(chunk)
        if self._size > self._most_bytes:
            msg = f"{self._doing} failed: the answer is far too long; is the endpoint right?"
            raise UnreachableError(msg)
        self._chunks.append(chunk)

    def whole(self) -> bytes:
        """Return all of it."""
        return b"".join(self._chunks)


def _timeouts(patience_s: float) -> dict[str, Any]:
    return {
        "timeout": {
            "connect": min(CONNECT_TIMEOUT_S, patience_s),
            "read": patience_s,
            "write": patience_s,
            "pool": patience_s,
        }
    }


# The same few addresses over and over: to parse one takes a tenth of a request.
@lru_cache(maxsize=64)
def _parsed(url: str) -> httpx.URL:
    import httpx  # noqa: PLC0415 -- never before the first request

    return httpx.URL(url)


@lru_cache(maxsize=1)
def user_agent() -> str:
    """Return how we introduce ourselves."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 -- milliseconds, at the first request

    try:
        ours = version("nextmv-autotrack")
    except PackageNotFoundError:
        ours = "0"
    python = ".".join(map(str, sys.version_info[:2]))
    return f"nextmv-autotrack/{ours} Python/{python}"
