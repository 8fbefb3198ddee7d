"""The one place where httpx's errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nextmv_autotrack.errors import UnreachableError
from nextmv_autotrack.nextmv_api.address import origin

WORDS = {
    "ConnectTimeout": "no connection came about in time",
    "ReadTimeout": "no answer came in time",
    "WriteTimeout": "it stopped taking what was sent",
    "PoolTimeout": "no connection became free in time",
    "TimeoutException": "it took too long",
    "ConnectError": "no connection came about",
    "ReadError": "the connection broke before the answer had come",
    "WriteError": "the connection broke while sending",
    "CloseError": "the connection broke while closing",
    "NetworkError": "the connection broke",
    "LocalProtocolError": "the request could not be put into HTTP",
    "RemoteProtocolError": "the answer broke off or was not HTTP",
    "ProtocolError": "the answer was not HTTP",
    "ProxyError": "the proxy set in the environment said no",
    "UnsupportedProtocol": "the address is not one of the web",
    "TransportError": "it could not be reached",
    "DecodingError": "the answer was garbled",
    "InvalidURL": "the address cannot be read",
    # Not of httpx, but of the name look-up below it, for a host like `a..b`.
    "UnicodeError": "the address cannot be read",
}
"""What each of httpx's errors means, by its name; a test keeps the table complete."""

# Nothing has left this machine, or nothing has reached the other.
_NOT_SENT = frozenset(
    {
        "ConnectTimeout",
        "PoolTimeout",
        "ConnectError",
        "LocalProtocolError",
        "ProxyError",
        "UnsupportedProtocol",
        "InvalidURL",
        "UnicodeError",
    }
)

# The other side need not have seen that nobody waits any more.
_IMPATIENT = frozenset({"ReadTimeout", "WriteTimeout", "TimeoutException"})

# What these say can repeat a header or an address, and with it a secret.
_UNSPEAKABLE = frozenset({"LocalProtocolError", "InvalidURL", "UnicodeError"})

# A foreign text is there to give a hint, not to fill a log.
_DETAIL_CHARS = 200


@contextmanager
def translated(doing: str, url: object) -> Iterator[None]:
    """Turn what httpx raises inside the block into an `UnreachableError`."""
    import httpx  # noqa: PLC0415 -- never before the first request

    foreign = (httpx.RequestError, httpx.InvalidURL, UnicodeError)
    try:
        yield
    except foreign as error:
        name = _known_as(error)
        where = f"{doing} at {origin(str(url))}"
        raise UnreachableError(
            f"{where} failed: {_explained(name, error)}",
            may_have_acted=name not in _NOT_SENT,
            may_be_at_work=name in _IMPATIENT,
        ) from error


def _known_as(error: Exception) -> str:
    # An error that a later httpx has split further is known by what it was.
    names = (kind.__name__ for kind in type(error).__mro__)
    return next((name for name in names if name in WORDS), "TransportError")


def _explained(name: str, error: Exception) -> str:
    detail = " ".join(str(error).split())[:_DETAIL_CHARS]
    if not detail or name in _UNSPEAKABLE:
        return WORDS[name]
    return f"{WORDS[name]} ({detail})"
