"""A platform in memory that can do wrong in any way, and a clock moved by hand."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any, Literal, NamedTuple

import httpx

from nextmv_autotrack.clock import NS_PER_S, Clock
from nextmv_autotrack.testing.create_check import Wrong, check
from nextmv_autotrack.upload.under_way import NOTE_LIFE_S
from nextmv_autotrack.whereabouts import CREATE_ENDS_S, CREATE_SETTLES_S

UPLOAD_LIFE_S = 15 * 60.0

# Few, so that what is looked for is seldom on the first page.
PAGE_RUNS = 3


CALLS = ("a place", "put", "create", "list")


class Time:
    """Time that passes when it is told to, and a machine whose clock can be wrong."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0
        """By the platform's clock."""
        self.ahead_s = 0.0
        """How far the machine's clock is ahead of it."""
        self.clock = Clock(
            wall_ns=lambda: round((self.now + self.ahead_s) * NS_PER_S),
            steady_ns=lambda: round(self.now * NS_PER_S),
        )
        """The machine's clock."""

    def passes(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds


class Killed(BaseException):
    """The process is no more."""


class Trouble(NamedTuple):
    """What becomes of one request."""

    acts: Literal["", "at once", "later", "much later"] = ""
    """Whether the platform does what it is asked for."""
    ends: int | type[BaseException] | None = None
    """With this status, with this error, or with the platform's answer."""
    body: bytes = b"out of order"
    asks_s: int | None = None
    """What it asks to wait."""
    as_date: bool = False
    """Whether it asks by a date."""
    takes_s: float = 0.0
    """How much time goes by before it acts."""
    others_go_on: Literal["", "before", "after"] = ""
    """Whether other processes do their work meanwhile, before it acts or after."""


NO_TROUBLE = Trouble("at once")


class _Late(NamedTuple):
    """What is done after its caller has given up."""

    begun_at: float
    at: float
    request: httpx.Request


@dataclass
class CreatedRun:
    """A run as it was taken."""

    id: str
    app_id: str
    body: dict[str, Any]
    created_at: float


class ModelPlatform(httpx.BaseTransport):
    """The platform and its storage, as a transport: no wire, no waiting.

    Example:
        >>> platform = ModelPlatform(Time())
        >>> client = Client("https://platform.example", "key", transport=platform)
    """

    def __init__(self, time: Time) -> None:
        self.time = time
        self.troubles: dict[str, deque[Trouble]] = {call: deque() for call in CALLS}
        """What becomes of the next requests of each call."""
        self.unwanted: set[str] = set()
        """Words in the descriptions of runs that it takes for wrong."""
        self.unbearable: set[str] = set()
        """Words in the descriptions of runs that it breaks down at."""
        self.keys: dict[str, int] = {}
        """Statuses that it answers a key with."""
        self.apps: dict[str, int] = {}
        """Statuses that it answers an application with."""
        self.runs: list[CreatedRun] = []
        self.asked: list[str] = []
        """The method and the path of each request."""
        self.wrongs: list[str] = []
        """What no client of ours may ever ask for."""
        self.go_on_meanwhile: Callable[[], None] = lambda: None
        self._issued: dict[str, float] = {}
        self._blobs: dict[str, bytes] = {}
        self._later: list[_Late] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, or not, as the next trouble says."""
        request.read()
        ahead = self.troubles[_call(request)]
        trouble = ahead.popleft() if ahead else NO_TROUBLE
        self.time.passes(trouble.takes_s)
        self.catch_up()
        self.asked.append(f"{request.method} {request.url.path}")
        if trouble.others_go_on == "before":
            self.go_on_meanwhile()
        answer = self._acted(request, trouble)
        if trouble.others_go_on == "after":
            self.go_on_meanwhile()
        if isinstance(trouble.ends, type):
            raise trouble.ends("it was to be so")
        if trouble.ends is None:
            return answer
        headers = self._wait_headers(trouble)
        return httpx.Response(trouble.ends, content=trouble.body, headers=headers)

    def catch_up(self) -> None:
        """Do what was to be done later, if it is later by now."""
        for late in list(self._later):
            if late.at <= self.time.now:
                self._later.remove(late)
                self._answer(late.request, late.at)

    def forget_troubles(self) -> None:
        """Let no trouble come any more."""
        for ahead in self.troubles.values():
            ahead.clear()

    def end(self) -> None:
        """Let nothing be pending, and no trouble come any more."""
        self.forget_troubles()
        self.time.passes(CREATE_ENDS_S)
        self.catch_up()

    def add_runs_of_others(self, count: int, app_id: str) -> None:
        """Create runs that are not ours."""
        for _ in range(count):
            self._add(app_id, {"description": "by hand"}, self.time.now)

    def ids(self, marker: str) -> list[str]:
        """Return the ids of the runs with `marker` in their description."""
        return [run.id for run in self.runs if marker in run.body["description"]]

    def blob(self, upload_id: str) -> bytes:
        """Return what was uploaded there."""
        return self._blobs[upload_id]

    def parts(self, marker: str) -> dict[str, bytes]:
        """Return what was uploaded of the one run with this marker."""
        (run,) = [run for run in self.runs if marker in run.body["description"]]
        given = {"input": run.body["upload_id"], **run.body["result"]}
        named = {"output_upload_id": "output", "error_upload_id": "logs"}
        return {
            named.get(name, name): self._blobs[upload_id]
            for name, upload_id in given.items()
            if name == "input" or name in named
        }

    def _acted(self, request: httpx.Request, trouble: Trouble) -> httpx.Response:
        if trouble.acts == "later":
            # Just before anybody may look for it, whose note is as old as may be.
            now = self.time.now
            at = now + CREATE_SETTLES_S - NOTE_LIFE_S - 0.1
            self._later.append(_Late(now - trouble.takes_s, at, request))
        if trouble.acts == "much later":
            at = self.time.now + CREATE_ENDS_S - NOTE_LIFE_S - 0.1
            self._later.append(_Late(self.time.now - trouble.takes_s, at, request))
        if trouble.acts == "at once":
            return self._answer(request, self.time.now)
        return httpx.Response(503)

    def _wait_headers(self, trouble: Trouble) -> dict[str, str]:
        if trouble.asks_s is None:
            return {}
        if not trouble.as_date:
            return {"Retry-After": str(trouble.asks_s)}
        now, until = self.time.now, self.time.now + trouble.asks_s
        return {"Date": _http_date(now), "Retry-After": _http_date(until)}

    def _answer(self, request: httpx.Request, now: float) -> httpx.Response:
        if request.url.host == "storage.example":
            return self._put(request, now)
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        path = re.fullmatch(
            r"/v1/applications/([^/]+)/runs(/uploadurl)?", request.url.path
        )
        assert path is not None, request.url.path
        app_id = path[1]
        if status := self.keys.get(key) or self.apps.get(app_id):
            return httpx.Response(status, text=f"no: {status}")
        if path[2]:
            return self._new_upload(now)
        if request.method == "GET":
            return self._page(app_id, int(request.url.params.get("pagetoken", 0)))
        return self._create(app_id, request, now)

    def _new_upload(self, now: float) -> httpx.Response:
        upload_id = f"upload-{len(self._issued)}"
        self._issued[upload_id] = now
        url = f"https://storage.example/{upload_id}"
        return httpx.Response(200, json={"upload_id": upload_id, "upload_url": url})

    def _put(self, request: httpx.Request, now: float) -> httpx.Response:
        if "authorization" in request.headers:
            self.wrongs.append("the key was sent to the storage")
        upload_id = request.url.path.removeprefix("/")
        if not self._is_good(upload_id, now):
            text = "<Error><Code>AccessDenied</Code>Request has expired</Error>"
            return httpx.Response(403, text=text)
        self._blobs[upload_id] = request.content
        return httpx.Response(200)

    def _is_good(self, upload_id: str, now: float) -> bool:
        return now - self._issued[upload_id] <= UPLOAD_LIFE_S

    def _create(
        self, app_id: str, request: httpx.Request, now: float
    ) -> httpx.Response:
        body = json.loads(request.content)
        description = body["description"]
        there = {k: v for k, v in self._blobs.items() if self._is_good(k, now)}
        try:
            check(body, there)
        except Wrong as wrong:
            return httpx.Response(400, text=str(wrong))
        for words, status in ((self.unwanted, 422), (self.unbearable, 500)):
            if any(word in description for word in words):
                return httpx.Response(status, text=f"this one is not for me: {status}")
        if self.ids(description):
            self.wrongs.append(f"{description} was created again")
        return httpx.Response(200, json={"run_id": self._add(app_id, body, now)})

    def _add(self, app_id: str, body: dict[str, Any], now: float) -> str:
        run_id = f"latest-{len(self.runs)}"
        self.runs.append(CreatedRun(run_id, app_id, body, now))
        return run_id

    def _page(self, app_id: str, start: int) -> httpx.Response:
        # It says nothing of the runs that it lists but this.
        mine = [run for run in self.runs if run.app_id == app_id][::-1]
        page: dict[str, Any] = {
            "runs": [
                {
                    "id": run.id,
                    "description": run.body["description"],
                    "created_at": _rfc_3339(run.created_at),
                }
                for run in mine[start : start + PAGE_RUNS]
            ]
        }
        if start + PAGE_RUNS < len(mine):
            page["next_page_token"] = str(start + PAGE_RUNS)
        return httpx.Response(200, json=page)


def _call(request: httpx.Request) -> str:
    if request.method != "POST":
        return "put" if request.method == "PUT" else "list"
    return "a place" if request.url.path.endswith("/uploadurl") else "create"


def _rfc_3339(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat().replace("+00:00", "Z")


def _http_date(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, timezone.utc), usegmt=True)
