"""From a call to its request, and from a response to what the call is answered with."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from nextmv_autotrack.clock import SYSTEM_CLOCK
from nextmv_autotrack.errors import UnreachableError
from nextmv_autotrack.nextmv_api.address import clean_endpoint, clean_key, origin
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
    """One platform and its key: what a request to it looks like, and what answers mean.

    Raises:
        SettingsError: The endpoint or the key cannot be used.
    """

    def __init__(self, endpoint: str, api_key: str) -> None:
        self.endpoint = clean_endpoint(endpoint)
        self._key = clean_key(api_key)

    def url(self, call: Call[Any]) -> str:
        """Return where a call goes."""
        return call.place if call.is_of_storage else self.endpoint + call.place

    def request(
        self, call: Call[Any], content: Any, patience_s: float
    ) -> httpx.Request:
        """Return the request of a call.

        Args:
            call: Which one.
            content: Its body, as the transport takes it.
            patience_s: How long the other side may be silent.
        """
        import httpx  # noqa: PLC0415 -- never before the first request

        url = self.url(call)
        return httpx.Request(
            call.method,
            url if call.is_of_storage else _parsed(url),
            headers=self._headers(call),
            content=content,
            extensions=_timeouts(patience_s),
        )

    def _headers(self, call: Call[Any]) -> dict[str, str]:
        headers = {"User-Agent": user_agent()}
        if call.is_of_storage:
            # Chunked transfer is what httpx would choose; storage refuses it.
            length = {"Content-Length": str(call.content.size)}
            return headers | (length if call.method == "PUT" else {})
        return headers | {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
        }

    def read(self, call: Call[_Read], answer: Answer) -> _Read:
        """Return what a call is answered with.

        Raises:
            PlatformError: It was refused, or the answer is not the platform's.
        """
        if answer.is_success:
            return call.read(answer)
        where = f"{call.doing} at {origin(self.url(call))}"
        now = SYSTEM_CLOCK.wall()
        if call.is_of_storage:
            raise storage_refusal(answer, where, now=now)
        raise api_refusal(answer, where, hidden=self._key, now=now)


class Body:
    """An answer's body while it comes in.

    Raises:
        UnreachableError: It is longer than the answer to such a call can be.
    """

    def __init__(self, call: Call[Any]) -> None:
        self._call = call
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Add what has come."""
        self._size += len(chunk)
        if self._size > self._call.max_answer_bytes:
            doing = self._call.doing
            msg = f"{doing} failed: the answer is far too long; is the endpoint right?"
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
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        ours = version("nextmv-autotrack")
    except PackageNotFoundError:
        ours = "0"
    python = ".".join(map(str, sys.version_info[:2]))
    return f"nextmv-autotrack/{ours} Python/{python}"
