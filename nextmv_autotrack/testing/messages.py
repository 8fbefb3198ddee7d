"""A request to the platform, and the answer to it, whichever way they travel."""

from __future__ import annotations

import json
from dataclasses import dataclass, field


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
    """Whether it came in at the storage."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers by their names in lower case."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines if line)
        return {name.strip().lower(): value.strip() for name, _, value in pairs}

    @property
    def upload_id(self) -> str:
        """Which upload a request to the storage is for."""
        return self.path.removeprefix("/uploads/")


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

    @classmethod
    def of_the_storage(cls, status: int, code: str, words: str) -> Answer:
        """Return a refusal as the storage words it."""
        text = f"<Error><Code>{code}</Code><Message>{words}</Message></Error>"
        return cls(status, text.encode(), {"Content-Type": "application/xml"})
