"""Runs that wait: claimed, handed to the crew, and settled when they come back."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

from nextmv_autotrack import safely
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.errors import AutotrackError, SettingsError, UnreachableError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.upload.crew import Crew
from nextmv_autotrack.upload.packing import pack
from nextmv_autotrack.upload.retry import Reject, decide
from nextmv_autotrack.upload.submission import deliver

# Each waits for the platform most of its time. Twenty deliver ten times as many runs as
# a script that sends one request after the other over 20 ms (see the benchmark), and as
# many as one core can prepare; the platform's own limits are lower.
UPLOAD_THREADS = 20

_PATIENCE_S = 1.0


class Deliveries:
    """What one process has on its way to the platform.

    For the thread of the worker alone: the crew only sends, the store is not its. The
    store is handed in each time, since it may have been closed and opened again.
    """

    def __init__(
        self,
        owner: str,
        *,
        sources: Sources,
        clock: Clock,
        done: Callable[[], None],
    ) -> None:
        self._owner = owner
        self._sources = sources
        self._clock = clock
        self._done = done
        self._crew = Crew(UPLOAD_THREADS)
        self._under_way: dict[str, tuple[StoredRun, Future[str]]] = {}
        self._client: Client | None = None
        self._access: tuple[str, str] | None = None

    def go_on(self, store: Store) -> float:
        """Settle what has come back, send what is due; return when to look again.

        The time is one of the steady clock; infinity when nothing is to be done.
        """
        self._settle(store)
        settings = self._sources.resolve()
        if settings.api_key is None:
            return math.inf
        client = self._connected(settings.endpoint, settings.api_key)
        if client is None:
            return math.inf
        room = UPLOAD_THREADS - len(self._under_way)
        for run in self._claimed(store, settings.endpoint, room):
            self._send(store, client, run)
        return self._next_look(store, settings.endpoint)

    @property
    def is_busy(self) -> bool:
        """Whether anything is on its way."""
        return bool(self._under_way)

    def unsettled(self, store: Store) -> int:
        """How many ended runs of this process the platform still has to get."""
        return store.waiting(self._owner)

    def close(self) -> None:
        """Let the threads end; what they are at goes on."""
        self._crew.close()
        self._disconnect()

    def _connected(self, endpoint: str, api_key: str) -> Client | None:
        if self._access != (endpoint, api_key):
            self._disconnect()
            self._access = (endpoint, api_key)
            try:
                self._client = Client(endpoint, api_key)
                with suppress(UnreachableError):  # the first request says it better
                    self._client.prepare()
            except SettingsError as error:
                self._client = None
                safely.warn(f"runs wait: {error}", "the access to the platform")
        return self._client

    def _disconnect(self) -> None:
        """Close the connections, once what is on its way over them has come back."""
        client, self._client = self._client, None
        if client is None:
            return
        left = {future for _, future in self._under_way.values()}

        def one_is_back(future: Future[str]) -> None:
            left.discard(future)
            if not left:
                client.close()

        if not left:
            client.close()
        for future in tuple(left):
            future.add_done_callback(one_is_back)

    def _claimed(self, store: Store, endpoint: str, room: int) -> list[StoredRun]:
        if room <= 0:
            return []
        return store.claim(
            self._owner, endpoint=endpoint, now=self._clock.wall(), limit=room
        )

    def _send(self, store: Store, client: Client, run: StoredRun) -> None:
        try:
            waiting = pack(store, run)
        except AutotrackError as problem:
            self._not_delivered(store, run, problem)
            return
        future = self._crew.submit(deliver, client, waiting, self._crew)
        if not self._crew.is_manned and future.cancel():
            # At the end of the interpreter no thread can be started any more.
            try:
                store.delivered(run.id, deliver(client, waiting, self._crew))
            except AutotrackError as problem:
                self._not_delivered(store, run, problem)
            return
        self._under_way[run.id] = (run, future)
        future.add_done_callback(lambda _: self._done())

    def _settle(self, store: Store) -> None:
        back = [pair for pair in self._under_way.values() if pair[1].done()]
        for run, future in back:
            del self._under_way[run.id]
            problem = future.exception()
            if problem is None:
                store.delivered(run.id, future.result())
            else:
                self._not_delivered(store, run, problem)

    def _not_delivered(
        self, store: Store, run: StoredRun, problem: BaseException
    ) -> None:
        if not isinstance(problem, AutotrackError):
            # A mistake of ours: the run waits for a version without it.
            safely.failed("the delivery of a run", problem)
            problem = AutotrackError(f"{type(problem).__name__}: {problem}")
        step = decide(problem, run.attempts + 1, jitter=random.random())  # noqa: S311
        if isinstance(step, Reject):
            store.rejected(run.id, step.reason)
            safely.warn(f"the platform rejected run {run.id}: {step.reason}")
            return
        due_at = self._clock.wall() + step.after_s
        store.postponed(run.id, due_at=due_at, problem=str(problem))
        safely.warn(f"a run waits, and is tried again: {problem}", "the platform")

    def _next_look(self, store: Store, endpoint: str) -> float:
        # Whatever comes back wakes the worker; the look now and then is for the day it
        # does not.
        look_at = self._clock.steady() + _PATIENCE_S if self.is_busy else math.inf
        if len(self._under_way) >= UPLOAD_THREADS:
            return look_at
        now = self._clock.wall()
        due_at = store.next_due(endpoint, now)
        if due_at is None:
            return look_at
        return min(look_at, self._clock.steady() + due_at - now)
