"""A platform whose certificate is good, or not: nothing is said to one that is not."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from nextmv_autotrack.errors import UnreachableError
from nextmv_autotrack.nextmv_api import Client

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 43\r\nConnection: close\r\n\r\n"
    b'{"upload_id":"1","upload_url":"https://a/"}'
)


class Server:
    """Answers one request over TLS, if there is one."""

    def __init__(self, certificate: trustme.LeafCert) -> None:
        self.heard = b""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self._context)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"https://localhost:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with self._listener:
            connection, _ = self._listener.accept()
        with connection:
            try:
                with self._context.wrap_socket(connection, server_side=True) as safe:
                    self.heard = safe.recv(65536)
                    safe.sendall(ANSWER)
            except OSError:
                pass  # the other side does not want to go on

    def end(self) -> bytes:
        """Return what was heard."""
        self._thread.join()
        return self.heard


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """One that is trusted."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "trusted.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    return authority


@pytest.fixture(params=[False, True], ids=["our trust", "the system's trust"])
def ask(request: pytest.FixtureRequest) -> Iterator[Callable[[Server], str]]:
    clients: list[Client] = []

    def ask(server: Server) -> str:
        clients.append(Client(server.endpoint, "a-key", system_certs=request.param))
        return clients[0].new_upload("app").id

    yield ask
    for client in clients:
        client.close()


def test_a_certificate_of_a_trusted_authority_is_good(authority, ask):
    server = Server(authority.issue_cert("localhost"))
    assert ask(server) == "1"
    assert b"Bearer a-key" in server.end()


def test_one_that_nobody_trusts_gets_no_key(authority, ask):
    server = Server(trustme.CA().issue_cert("localhost"))
    with pytest.raises(UnreachableError, match="certificate verify failed") as caught:
        ask(server)
    assert server.end() == b""
    assert not caught.value.may_have_acted


def test_one_of_another_host_gets_no_key(authority, ask):
    server = Server(authority.issue_cert("elsewhere.example"))
    with pytest.raises(UnreachableError, match="localhost"):
        ask(server)
    assert server.end() == b""
