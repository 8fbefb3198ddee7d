"""HTTP/1.1 as far as the platform speaks it: fast, strict, and able to misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from itertools import count

_connection_numbers = count(1)

_REASONS = {status.value: status.phrase for status in HTTPStatus}

MAX_HEAD_BYTES = 64 * 1024


@dataclass
class Request:
    """One request, complete."""

    method: str
    path: str
    query: str
    head: bytes
    """The header lines, as they came."""
    body: bytes
    connection: int
    is_storage: bool
    """Whether it came in at the port of the storage."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers by their names in lower case."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines if line)
        return {name.strip().lower(): value.strip() for name, _, value in pairs}


@dataclass
class Answer:
    """What is sent back; without a status, the connection is closed instead."""

    status: int | None = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False
    """Whether only half of it is sent before the connection is closed."""

    @classmethod
    def of(cls, document: object, status: int = 200) -> Answer:
        """Return an answer of JSON."""
        return cls(status, json.dumps(document).encode())

    @classmethod
    def error(cls, status: int, words: str) -> Answer:
        """Return a refusal in words."""
        return cls(status, words.encode(), {"Content-Type": "text/plain"})

    def encoded(self, *, is_to_head: bool = False) -> bytes:
        """Return the answer as HTTP; to a HEAD, without its body."""
        assert self.status is not None
        lines = [f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Unknown')}"]
        headers = {"Content-Type": "application/json", "Date": formatdate(usegmt=True)}
        headers |= self.headers
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        body = b"" if is_to_head else self.body
        return "\r\n".join(lines).encode("latin-1") + body


Handler = Callable[[Request, Callable[[Answer], None]], None]
"""Takes a request, and what to call once with the answer to it."""


class Connection(asyncio.Protocol):
    """One connection of a client: a request after another, never two at once."""

    def __init__(self, handle: Handler, *, is_storage: bool) -> None:
        self._handle = handle
        self._is_storage = is_storage
        self._number = next(_connection_numbers)
        self._buffer = bytearray()
        self._head: tuple[bytes, int] | None = None
        self._busy = False
        self._is_head = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._go_on()

    def _go_on(self) -> None:
        while not self._busy:
            if self._head is None and not self._read_head():
                return
            assert self._head is not None
            head, size = self._head
            if len(self._buffer) < size:
                return
            body = bytes(memoryview(self._buffer)[:size])
            del self._buffer[:size]
            self._head = None
            self._busy = True
            self._handle(self._request(head, body), self._answered)

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                self._refuse(431, "headers too long")
            elif self._buffer and not self._buffer[:1].isalpha():
                self._refuse(400, "this is no HTTP")
            return False
        head = bytes(memoryview(self._buffer)[:end])
        lower = head.lower()
        if b"\r\ntransfer-encoding:" in lower:
            self._refuse(501, "Transfer-Encoding is not implemented")
            return False
        size = 0
        at = lower.find(b"\r\ncontent-length:")
        if at >= 0:
            size = int(lower[at + 17 :].split(b"\r\n", 1)[0])
        elif lower.startswith((b"put ", b"post ", b"patch ")):
            self._refuse(411, "Content-Length is missing")
            return False
        del self._buffer[: end + 4]
        self._head = (head, size)
        return True

    def _request(self, head: bytes, body: bytes) -> Request:
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        self._is_head = method == "HEAD"
        path, _, query = target.partition("?")
        return Request(method, path, query, head, body, self._number, self._is_storage)

    def _answered(self, answer: Answer) -> None:
        assert self._transport is not None
        self._busy = False
        if answer.status is None:
            self._transport.abort()
        elif answer.is_cut:
            # Half of the body; of the head, where there is none.
            encoded = answer.encoded()
            left_out = len(answer.body) or len(encoded)
            self._transport.write(encoded[: -(left_out + 1) // 2])
            self._transport.close()
        elif not self._transport.is_closing():
            self._transport.write(answer.encoded(is_to_head=self._is_head))
            if self._buffer:
                self._go_on()

    def _refuse(self, status: int, words: str) -> None:
        assert self._transport is not None
        self._buffer.clear()
        self._transport.write(Answer.error(status, words).encoded())
        self._transport.close()
