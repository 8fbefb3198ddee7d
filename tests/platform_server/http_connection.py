"""HTTP/1.1 as far as the platform speaks it: fast, strict, and able to misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from itertools import count

from nextmv_autotrack.testing.messages import Answer, Request

_connection_numbers = count(1)

_REASONS = {status.value: status.phrase for status in HTTPStatus}

MAX_HEAD_BYTES = 64 * 1024


def encoded(answer: Answer, *, is_to_head: bool = False) -> bytes:
    """Return an answer as HTTP; to a HEAD, without its body."""
    assert answer.status is not None
    lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Unknown')}"]
    headers = {"Content-Type": "application/json", "Date": formatdate(usegmt=True)}
    headers |= answer.headers
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(answer.body)}", "", ""]
    body = b"" if is_to_head else answer.body
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
            whole = encoded(answer)
            left_out = len(answer.body) or len(whole)
            self._transport.write(whole[: -(left_out + 1) // 2])
            self._transport.close()
        elif not self._transport.is_closing():
            self._transport.write(encoded(answer, is_to_head=self._is_head))
            if self._buffer:
                self._go_on()

    def _refuse(self, status: int, words: str) -> None:
        assert self._transport is not None
        self._buffer.clear()
        self._transport.write(encoded(Answer.error(status, words)))
        self._transport.close()
