"""The connections to the platform: opened when they are needed, kept, and shared."""

from __future__ import annotations

import codecs
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nextmv_autotrack import safely
from nextmv_autotrack.errors import UnreachableError
from nextmv_autotrack.nextmv_api.address import is_loopback
from nextmv_autotrack.nextmv_api.faults import translated
from nextmv_autotrack.nextmv_api.in_place import wire

if TYPE_CHECKING:
    import ssl

    import httpx

# The threads that send bound the connections; this only bounds what is kept of them.
# Enough for twenty threads that each talk to the API and to its storage.
KEPT_CONNECTIONS = 64

# Shorter than any server known to keep a connection that nobody uses: a request sent
# into a connection that is just being closed has to be sent again.
KEPT_FOR_S = 4.0


class Pool:
    """Sends requests over connections it keeps; any thread may use it.

    It uses httpx's transports without its client, whose work is to be avoided here: it
    would log each address, with the signature in it, into the log of the user; keep
    cookies; take passwords from addresses; and take a third of the time of a request.
    What is left to do is to honour the proxies set in the environment.
    """

    def __init__(
        self, transport: httpx.BaseTransport | None, *, system_certs: bool = False
    ) -> None:
        self._given = transport
        self._system_certs = system_certs
        self._lock = threading.Lock()
        self._by_origin: dict[tuple[str, bytes], httpx.BaseTransport] = {}
        self._by_proxy: dict[str | None, httpx.BaseTransport] = {}
        self._certificates: ssl.SSLContext | None = None

    def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the answer's body is still to be read."""
        if (here := wire()) is not None:
            return here.handle_request(request)
        return self._transport_for(request.url).handle_request(request)

    def prepare(self, address: str) -> None:
        """Import what requests to this address need, and read the certificates.

        Raises:
            UnreachableError: What the environment says of proxies cannot be used.
        """
        import httpx  # noqa: PLC0415 -- never before the first request

        # The system's look-up of names imports it for any host.
        codecs.lookup("idna")
        if wire() is not None:
            return
        with translated("preparing a request", address):
            self._transport_for(httpx.URL(address))

    def close(self) -> None:
        """Close all connections; a request sent later opens new ones."""
        with self._lock:
            opened = list(self._by_proxy.values())
            self._by_proxy.clear()
            self._by_origin.clear()
        for transport in opened:
            transport.close()

    def _transport_for(self, url: httpx.URL) -> httpx.BaseTransport:
        if self._given is not None:
            return self._given
        origin = (url.scheme, url.netloc)
        transport = self._by_origin.get(origin)
        if transport is None:
            with self._lock:
                transport = self._by_origin[origin] = self._opened(proxy_for(url))
        return transport

    def _opened(self, proxy: str | None) -> httpx.BaseTransport:
        if proxy not in self._by_proxy:
            with usable_environment():
                self._by_proxy[proxy] = self._new_transport(proxy)
        return self._by_proxy[proxy]

    def _new_transport(self, proxy: str | None) -> httpx.BaseTransport:
        import httpx  # noqa: PLC0415 -- never before the first request

        # Made once: it takes longer than a hundred requests.
        self._certificates = self._certificates or certificates(
            of_the_system=self._system_certs
        )
        return httpx.HTTPTransport(
            verify=self._certificates, proxy=proxy, limits=limits()
        )


@contextmanager
def usable_environment() -> Iterator[None]:
    """Turn what opening a transport raises into what the user can mend."""
    import httpx  # noqa: PLC0415 -- never before the first request

    try:
        yield
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
        msg = (
            "the proxy or the certificates set in the environment cannot be"
            f" used ({type(error).__name__}); look at HTTPS_PROXY, ALL_PROXY,"
            " SSL_CERT_FILE and SSL_CERT_DIR"
        )
        raise UnreachableError(msg, may_have_acted=False) from error


def certificates(*, of_the_system: bool) -> ssl.SSLContext:
    """Return what servers are checked against."""
    if of_the_system:
        return certificates_of_the_system()
    import httpx  # noqa: PLC0415 -- never before the first request

    return httpx.create_ssl_context()


def certificates_of_the_system() -> ssl.SSLContext:
    """Return a context that trusts whom the operating system trusts.

    For our own connections only: other libraries of the process keep what they have.
    """
    import ssl  # noqa: PLC0415 -- as httpx, which has it by then

    try:
        import truststore  # noqa: PLC0415 -- an extra
    except ImportError:
        safely.warn(
            "the system's certificates are asked for, and only those that Python finds "
            "are used: pip install 'nextmv-autotrack[system-certs]' for all of them"
        )
        return ssl.create_default_context()
    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return context


def limits() -> httpx.Limits:
    """Return how many connections are kept, and for how long."""
    import httpx  # noqa: PLC0415 -- never before the first request

    return httpx.Limits(
        max_connections=None,
        max_keepalive_connections=KEPT_CONNECTIONS,
        keepalive_expiry=KEPT_FOR_S,
    )


def proxy_for(url: httpx.URL) -> str | None:
    """Return the proxy that the environment, or the system, names for an address.

    None for this machine: it may be without encryption because nothing leaves it.
    """
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 -- as httpx

    if is_loopback(str(url)):
        return None

    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(url.netloc.decode("ascii")):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
