"""The platform as tests see it: started, told what to do, and asked what it saw."""

from __future__ import annotations

import base64
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nextmv_autotrack.testing.service import PARTS
from nextmv_autotrack.testing.trouble import Kind

KEY = "test-key-4711"

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class PlatformRun:
    """A run that the platform has taken."""

    id: str
    app_id: str
    instance_id: str | None
    body: dict[str, Any]
    created_at: str
    input: bytes
    output: bytes
    """Empty when none was uploaded."""
    logs: bytes
    metrics: bytes
    """What was uploaded beside the output, as the next two."""
    statistics: bytes
    assets: bytes

    @cached_property
    def given(self) -> Any:
        """The input, read as its format says; files stay an archive."""
        kind = self.body.get("configuration", {})["format"]["input"]["type"]
        if kind == "multi-file":
            return self.input
        return self.input.decode() if kind == "text" else json.loads(self.input)

    @cached_property
    def document(self) -> Any:
        """The output, read."""
        return json.loads(self.output)

    @property
    def result(self) -> dict[str, Any]:
        """The result in the body of the create call."""
        result: dict[str, Any] = self.body["result"]
        return result


@dataclass(frozen=True)
class SeenRequest:
    """A request that the platform, or its storage, has seen."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    """By their names in lower case."""
    size: int
    connection: int
    is_storage: bool
    in_flight: int
    """Requests at work at that moment, this one counted."""
    status: int | None
    """Of the answer; None when there was none."""
    fault: str | None
    """What was done wrong with it by chance, by its name."""


class Platform:
    """A platform in another process."""

    key = KEY

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def runs(self) -> list[PlatformRun]:
        """Return all runs, oldest first."""
        shown = self._control("runs")
        for run in shown:
            for part in PARTS:
                run[part] = base64.b64decode(run[part])
        return [PlatformRun(**run) for run in shown]

    def requests(self) -> list[SeenRequest]:
        """Return all requests, in the order they came."""
        return [SeenRequest(**seen) for seen in self._control("requests")]

    def connections(self) -> int:
        """Return how many connections the requests came over."""
        return len({seen.connection for seen in self.requests()})

    def fail_next(  # noqa: PLR0913 -- what tells requests apart, and the answer
        self,
        times: int = 1,
        *,
        status: int = 503,
        method: str = "",
        path: str = "",
        headers: Mapping[str, str] | None = None,
        body: str = "out of order",
    ) -> None:
        """Refuse the next requests that match; a 200 is a wrong answer."""
        self.trouble(
            "refuse",
            times,
            method=method,
            path=path,
            status=status,
            headers=dict(headers or {}),
            body=body,
        )

    def trouble(self, kind: Kind, times: int = 1, **which: Any) -> None:
        """Treat the next requests that match badly; see `Trouble`."""
        self._control("trouble", {"kind": kind, "times": times} | which)

    def gather(self, times: int, *, method: str = "", path: str = "") -> None:
        """Hold the next requests that match until there are so many at once."""
        self.trouble("gather", times, method=method, path=path)

    def delay(self, seconds: float) -> None:
        """Answer each request so much later."""
        self._control("delay", {"delay_s": seconds})

    def fail_by_chance(self, share: float, *, without: Collection[str] = ()) -> None:
        """Treat that share of the requests badly, in any way but some; see `FAULTS`."""
        self._control("faults", {"share": share, "without": list(without)})

    def show_statuses(self, *statuses: str) -> None:
        """Answer the next questions for the state of a run so, whatever it is."""
        self._control("statuses", {"statuses": statuses})

    def expire_uploads(self) -> None:
        """Let every upload id given so far expire."""
        self._control("expire")

    def sign_in(self, **given: Any) -> dict[str, Any]:
        """Let somebody sign in by the browser; return the document of their tokens.

        Args:
            given: `life_s` of the token, which may be past; `client_id` it is for.
        """
        tokens: dict[str, Any] = self._control("identity/sign_in", given)
        return tokens

    def sign_out(self) -> None:
        """Take nothing more of what those were given who have signed in so far."""
        self._control("identity/sign_out")

    def expire_tokens(self) -> None:
        """Take no token given so far, whatever it says of itself; refresh them."""
        self._control("identity/expire")

    def rotate_tokens(self) -> None:
        """Take each refresh token once."""
        self._control("identity/rotate")

    def reset(self) -> None:
        """Forget all runs, requests and troubles; drop requests that hang."""
        self._control("reset")

    def _control(self, verb: str, given: object = None) -> Any:
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc)
        body = json.dumps(given) if given is not None else ""
        try:
            _connect(connection)
            connection.request("POST", f"/_control/{verb}", body)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        assert answer.status == 200, text
        return json.loads(text)


def _connect(connection: http.client.HTTPConnection) -> None:
    for _ in range(100):
        with suppress(ConnectionRefusedError):
            return connection.connect()
        time.sleep(0.05)  # it refuses connections by chance, for a moment
    return connection.connect()


@contextmanager
def running(*arguments: str) -> Iterator[Platform]:
    """Run a platform in a process of its own for as long as the block lasts."""
    command = [sys.executable, "-m", "tests.platform_server", "--until-eof", *arguments]
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            address = process.stdout.readline().strip()
            assert address, "the platform has not started"
            yield Platform(address)
        finally:
            process.stdin.close()
            process.terminate()
