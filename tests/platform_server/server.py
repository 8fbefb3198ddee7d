"""The server: requests in, faults in between, answers out, and a log of it all."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from nextmv_autotrack.testing.messages import Answer, Request
from nextmv_autotrack.testing.service import PARTS, CreatedRun
from nextmv_autotrack.testing.trouble import Trouble
from tests.platform_server.faults import Fault, Faults
from tests.platform_server.http_connection import Connection
from tests.platform_server.identity import ServiceWithSignIn

CONTROL = "/_control/"

Reply = Callable[[Answer], None]

# Short: who meets them waits longer by itself.
SILENCE_S = 0.3
REFUSING_S = 0.2


class Server:
    """A platform and its storage, each at a port of its own, and what they saw."""

    def __init__(self, key: str, delay_s: float, faults: Faults) -> None:
        self._service = ServiceWithSignIn(key)
        self._initial_delay_s = delay_s
        self._faults = faults
        self._listeners: dict[bool, asyncio.Server | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._late: list[asyncio.TimerHandle] = []
        self._waiting: list[tuple[Request, Reply]] = []
        self._forget()

    def _forget(self) -> None:
        for _, reply in self._waiting:
            reply(Answer(status=None))
        self._waiting.clear()
        for late in self._late:
            late.cancel()
        self._late.clear()
        self._faults.reset()
        self._service.reset()
        self._delay_s = self._initial_delay_s
        self._troubles: list[Trouble] = []
        self._log: list[dict[str, Any]] = []
        self._in_flight = 0

    async def start(self, port: int) -> str:
        """Listen at the loopback, and return the address of the platform."""
        address = await self._listen(port, is_storage=False)
        self._service.identity.address = address
        self._service.storage = await self._listen(0, is_storage=True)
        return address

    async def _listen(self, port: int, *, is_storage: bool) -> str:
        new = partial(Connection, self.handle, is_storage=is_storage)
        listener = await asyncio.get_running_loop().create_server(
            new, "127.0.0.1", port, backlog=256
        )
        self._listeners[is_storage] = listener
        actual = listener.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{actual}"

    def handle(self, request: Request, reply: Reply) -> None:
        """Answer a request, now or later or never."""
        if request.path.startswith(CONTROL) and not request.is_storage:
            reply(self._control(request))
            return
        self._in_flight += 1
        entry: dict[str, Any] = {"request": request, "in_flight": self._in_flight}
        entry |= {"status": None, "fault": None}
        self._log.append(entry)
        finish = partial(self._finish, reply, entry)
        if self._delay_s:
            asyncio.get_running_loop().call_later(
                self._delay_s, self._act, entry, finish
            )
        else:
            self._act(entry, finish)

    def _finish(self, reply: Reply, entry: dict[str, Any], answer: Answer) -> None:
        entry["status"] = answer.status
        # A reset may have come in between.
        self._in_flight = max(0, self._in_flight - 1)
        reply(answer)

    def _act(self, entry: dict[str, Any], reply: Reply) -> None:
        request: Request = entry["request"]
        trouble = next((t for t in self._troubles if t.concerns(request)), None)
        if trouble is None:
            fault = self._faults.drawn(request)
            if fault is None:
                reply(self._service.answer(request))
            else:
                entry["fault"] = fault.name
                self._fail(fault, request, reply)
        elif trouble.kind == "gather":
            self._gather(trouble, request, reply)
        else:
            trouble.times -= 1
            if not trouble.times:
                self._troubles.remove(trouble)
            self._misbehave(trouble, request, reply)

    def _misbehave(self, trouble: Trouble, request: Request, reply: Reply) -> None:
        if trouble.kind == "hang":
            self._waiting.append((request, reply))
        elif trouble.kind == "refuse":
            reply(trouble.refusal())
        elif trouble.kind == "do and refuse":
            self._service.answer(request)
            reply(trouble.refusal())
        else:
            if trouble.kind == "lose answer":
                self._service.answer(request)
            reply(Answer(status=None))

    def _fail(self, fault: Fault, request: Request, reply: Reply) -> None:
        """Answer in one of the ways that nobody has asked for."""
        answer = self._answered_all_the_same(fault, request)
        if fault.is_of_storage:
            self._service.expired.add(request.upload_id)
            reply(self._service.answer(request))
        elif fault.ends == "cut":
            reply(replace(answer, is_cut=True))
        elif fault.ends in {"status", "page"}:
            reply(self._faults.refusal(fault))
        elif fault.ends == "silent":
            asyncio.get_running_loop().call_later(SILENCE_S, reply, Answer(status=None))
        else:
            if fault.ends == "refused":
                self._refuse_connections(is_storage=request.is_storage)
            reply(Answer(status=None))

    def _answered_all_the_same(self, fault: Fault, request: Request) -> Answer:
        if fault.acts == "at once":
            return self._service.answer(request)
        if fault.acts == "later":
            self._late.append(
                asyncio.get_running_loop().call_later(
                    self._faults.lateness_s(), self._service.answer, request
                )
            )
        return Answer(status=None)

    def _refuse_connections(self, *, is_storage: bool) -> None:
        listener = self._listeners[is_storage]
        if listener is None:
            return
        port = listener.sockets[0].getsockname()[1]
        self._listeners[is_storage] = None
        listener.close()

        async def take_them_again() -> None:
            await asyncio.sleep(REFUSING_S)
            while self._listeners[is_storage] is None:
                try:
                    await self._listen(port, is_storage=is_storage)
                except OSError:  # somebody's connection happens to have the port
                    await asyncio.sleep(REFUSING_S)

        task = asyncio.get_running_loop().create_task(take_them_again())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _gather(self, trouble: Trouble, request: Request, reply: Reply) -> None:
        self._waiting.append((request, reply))
        if len(self._waiting) < trouble.times:
            return
        self._troubles.remove(trouble)
        gathered, self._waiting = self._waiting, []
        for held, answer in gathered:
            answer(self._service.answer(held))

    def _control(self, request: Request) -> Answer:
        verb = request.path.removeprefix(CONTROL)
        given = json.loads(request.body) if request.body else {}
        if verb.startswith("identity/"):
            return Answer.of(getattr(self._service.identity, verb[9:])(**given or {}))
        if verb == "runs":
            return Answer.of([self._shown_run(r) for r in self._service.runs.values()])
        if verb == "requests":
            return Answer.of([_shown_request(entry) for entry in self._log])
        if verb == "reset":
            self._forget()
        elif verb == "trouble":
            self._troubles.append(Trouble(**given))
        elif verb == "delay":
            self._delay_s = given["delay_s"]
        elif verb == "faults":
            self._faults.share, self._faults.without = given["share"], given["without"]
        elif verb == "statuses":
            self._service.statuses = given["statuses"]
        elif verb == "expire":
            self._service.expired.update(self._service.signatures)
        else:
            return Answer.error(404, f"no such control: {verb}")
        return Answer.of({})

    def _shown_run(self, run: CreatedRun) -> dict[str, Any]:
        parts = {
            part: base64.b64encode(self._service.blob(run, part)).decode()
            for part in PARTS
        }
        return asdict(run) | parts


def _shown_request(entry: dict[str, Any]) -> dict[str, Any]:
    request: Request = entry["request"]
    return {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": request.headers,
        "size": len(request.body),
        "connection": request.connection,
        "is_storage": request.is_storage,
        "in_flight": entry["in_flight"],
        "status": entry["status"],
        "fault": entry["fault"],
    }
