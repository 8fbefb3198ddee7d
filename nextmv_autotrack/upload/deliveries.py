"""Runs that wait: claimed, handed to the crew step by step, settled as they come back."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any

from nextmv_autotrack.clock import Clock
from nextmv_autotrack.errors import DamagedStoreError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.settings.access import Access
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.store.outbox import UPLOAD_LIFE_S
from nextmv_autotrack.upload.crew import Crew
from nextmv_autotrack.upload.link import Link
from nextmv_autotrack.upload.mending import Mending
from nextmv_autotrack.upload.packing import pack
from nextmv_autotrack.upload.retry import (
    NOT_SENT,
    PARTS_GONE,
    SOMEBODY,
    create_settles_s,
)
from nextmv_autotrack.upload.seen import Seen
from nextmv_autotrack.upload.settling import Settling
from nextmv_autotrack.upload.submission import Uploads, upload
from nextmv_autotrack.upload.under_way import Attempt, Step, UnderWay

# Each waits for the platform most of its time. Twenty deliver ten times as many runs as
# a script that sends one request after the other over 20 ms (see the benchmark), and as
# many as one core can prepare; the platform's own limits are lower.
UPLOAD_THREADS = 20

_PATIENCE_S = 1.0

# Nobody says when another process has delivered a run of ours that it has claimed.
_OTHERS_LOOK_S = 0.2


class Deliveries:
    """What one process has on its way to the platform.

    For the thread of the worker alone: the crew only sends, the store is not its. The
    store is handed in each time, since it may have been closed and opened again.
    """

    def __init__(  # noqa: PLR0913 -- handed in by name
        self,
        owner: str,
        *,
        family: str,
        sources: Sources,
        clock: Clock,
        crew: Callable[[], Crew] = lambda: Crew(UPLOAD_THREADS),
        connect: Callable[[Access], Client] = Client.to,
    ) -> None:
        self.owner = owner
        """Claims what it takes."""
        self._family = family
        self._clock = clock
        self._new_crew = crew
        self._crew = crew()
        self._under_way: dict[str, UnderWay] = {}
        self._next_steps: list[partial[None]] = []
        self._settling = Settling(clock, chance=random.random)
        self._link = Link(
            sources, self._settling, connect=connect, on_its_way=self._on_its_way
        )
        self._mending = Mending(self._settling)
        self._seen = Seen()
        self.wake: Callable[[], None] = lambda: None
        """Called, by another thread, when something has come back."""

    def man(self, store: Store) -> None:
        """Start the threads, if there is a platform to send anything to."""
        access = self._link.access(store)
        if access is not None and access.is_open:
            self._crew.man()

    def go_on(self, store: Store, *, take_more: bool = True) -> float:
        """Settle what has come back, send what is due; return when to look again.

        The time is one of the steady clock; infinity when nothing is to be done.
        """
        self._settle(store)
        if self._settling.held_applications() or self._link.is_broken:
            # Somebody may have mended the key, or a file, meanwhile.
            self._link.reread()
        access = self._link.access(store)
        if access is None or not take_more:
            return math.inf
        if access.problem is None and not access.is_open:
            return math.inf
        client = self._link.opened(store, access)
        if client is None:
            return self._clock.steady() + SOMEBODY.first_s
        # Each time: calls go on as they began until they see that something was mended.
        store.adopt(access.endpoint)
        for run in self._claimed(store, access.endpoint):
            self._begin(store, client, run)
        # Not before all that were claimed have been begun or put back.
        self._mending.finish()
        # Without threads, what was begun has been done.
        self._settle(store)
        return self._next_look(store, access.endpoint)

    @property
    def is_busy(self) -> bool:
        """Whether anything is on its way."""
        return bool(self._under_way)

    def _on_its_way(self) -> list[Future[Any]]:
        return [one.future for one in self._under_way.values()]

    @property
    def problem(self) -> str | None:
        """Why runs that wait could not be sent, if that is known."""
        return self._link.problem or self._settling.last_problem

    def unsettled(self, store: Store, *, with_children: bool = False) -> int:
        """How many ended runs of this process the platform still has to get.

        Whose children a process has is known to nobody: with them, it is all that
        wait for this platform and that no other process is sending.
        """
        if not with_children:
            return store.waiting(self._family)
        access = self._link.access(store)
        endpoint = "" if access is None else access.endpoint
        return store.waiting_here(self._family, self.owner, endpoint)

    def rest(self) -> None:
        """Let the threads end; what they are at goes on, and can be settled later."""
        self._crew.close()
        self._crew = self._new_crew()
        self._link.close()

    def _claimed(self, store: Store, endpoint: str) -> list[StoredRun]:
        room = UPLOAD_THREADS - len(self._under_way)
        if room <= 0 or self._settling.is_stuck:
            return []
        return store.claim(
            self.owner,
            endpoint=endpoint,
            now=self._clock.wall(),
            limit=room,
            without_apps=self._settling.held_applications(),
        )

    def _begin(self, store: Store, client: Client, run: StoredRun) -> None:
        begun_at = run.create_begun_at
        try:
            attempt = Attempt(run, pack(store, run), client)
            if begun_at is None and run.exported_at is None:
                self._upload(attempt, store)
                return
        except DamagedStoreError as damage:
            self._mending.met(store, run, damage)
            return
        except Exception as problem:  # noqa: BLE001 -- others are not to suffer from it
            self._settling.not_delivered(
                run, problem, may_be_created=begun_at is not None
            )
            return
        now = self._clock.wall()
        look = partial(self._seen.look_for, client, run, attempt.waiting, now)
        self._hand_over(replace(attempt, looked_for_at=now), Step.LOOK, look)

    def _upload(self, attempt: Attempt, store: Store) -> None:
        known = store.uploads(attempt.run.id, self._clock.wall())
        attempt = attempt.begun(self._clock, len(known))
        do = partial(upload, attempt.client, attempt.waiting, known, self._crew)
        self._hand_over(attempt, Step.UPLOAD, do)

    def _hand_over(self, attempt: Attempt, step: Step, do: Callable[[], Any]) -> None:
        future = self._crew.submit(do)
        if not self._crew.is_manned and future.cancel():
            # At the end of the interpreter no thread can be started any more.
            future = Future()
            try:
                future.set_result(do())
            except Exception as problem:  # noqa: BLE001 -- told as those of threads are
                future.set_exception(problem)
        self._under_way[attempt.run.id] = UnderWay(attempt, step, future)
        future.add_done_callback(lambda _: self.wake())

    def _settle(self, store: Store) -> None:
        while True:
            for one in [*self._under_way.values()]:
                if one.future.done():
                    self._next_steps += self._came_back(one)
            # What was uploaded is kept before the create call that uses it is made: who
            # finds it there after our death looks for the run before making it again.
            lost = self._settling.keep(store)
            if lost:
                # Not kept for later: it would fail, too, and with it all others.
                steps = self._next_steps
                self._next_steps = [s for s in steps if s.args[0].run.id not in lost]
                raise DamagedStoreError(f"{store} has lost a run that was on its way")
            if not self._next_steps:
                return
            while self._next_steps:
                # Taken out once it is done: the store may fail it, and works again later.
                self._next_steps[0](store)
                del self._next_steps[0]

    def _came_back(self, one: UnderWay) -> list[partial[None]]:
        """Note what a step has brought; return what is to be done next, if anything."""
        attempt = one.attempt
        del self._under_way[attempt.run.id]
        problem = one.future.exception()
        if problem is not None:
            self._failed(attempt, one.step, problem)
            return []
        result = one.future.result()
        if one.step is Step.UPLOAD:
            return self._uploaded(attempt, result)
        if result is not None:
            self._settling.delivered(attempt.run, result)
            return []
        if one.step is Step.LOOK:
            return [partial(self._make_anew, attempt)]
        return self._create_begins(attempt)

    def _failed(self, attempt: Attempt, step: Step, problem: BaseException) -> None:
        no_means, may_be_created, settles_s = None, False, None
        if step is Step.LOOK:
            no_means, may_be_created = NOT_SENT, True
        elif step is Step.CREATE:
            may_be_created = getattr(problem, "may_have_acted", True)
            settles_s = create_settles_s(problem)
            if attempt.has_parts_older_than(UPLOAD_LIFE_S, self._clock):
                no_means = PARTS_GONE
        self._settling.not_delivered(
            attempt.run,
            problem,
            may_be_created=may_be_created,
            no_means=no_means,
            has_progressed=step is not Step.LOOK and attempt.has_progressed,
            settles_s=settles_s,
        )

    def _uploaded(self, attempt: Attempt, uploads: Uploads) -> list[partial[None]]:
        if uploads.problem is None:
            return self._create_begins(replace(attempt, uploads=uploads.ids))
        self._settling.uploaded(attempt.run, uploads.ids, attempt.upload_began_at)
        self._failed(
            replace(attempt, uploads=uploads.ids), Step.UPLOAD, uploads.problem
        )
        return []

    def _create_begins(self, attempt: Attempt) -> list[partial[None]]:
        since, now = attempt.upload_began_at, self._clock.wall()
        self._settling.uploaded(attempt.run, attempt.uploads, since, now, self.owner)
        noted = replace(attempt, notes=attempt.notes + 1)
        return [partial(self._create, noted, now)]

    def _make_anew(self, attempt: Attempt, store: Store) -> None:
        """Send a run that was looked for, and is not there."""
        look_at = attempt.must_be_looked_for_at()
        if look_at is not None:
            self._settling.not_there_yet(attempt.run, look_at)
        elif attempt.client is self._link.client:
            self._upload(attempt, store)
        else:
            self._settling.put_back(attempt.run)

    def _create(self, attempt: Attempt, noted_at: float, store: Store) -> None:  # noqa: ARG002 -- every next step is given the store
        # Another client may be for another platform, and has another key at least.
        if attempt.client is self._link.client:
            do = partial(attempt.create, noted_at, self._clock)
            self._hand_over(attempt, Step.CREATE, do)
        else:
            self._settling.put_back(attempt.run)

    def _next_look(self, store: Store, endpoint: str) -> float:
        # Whatever comes back wakes the worker; the look now and then is for the day it
        # does not.
        is_waited_for = self.is_busy or self._settling.is_stuck
        look_at = self._clock.steady() + _PATIENCE_S if is_waited_for else math.inf
        if len(self._under_way) >= UPLOAD_THREADS:
            return look_at
        now = self._clock.wall()
        held = self._settling.held_applications()
        due_at = store.next_due(endpoint, now, without_apps=held)
        if due_at is not None:
            look_at = min(look_at, self._clock.steady() + due_at - now)
        if store.is_with_others(self._family, self.owner):
            look_at = min(look_at, self._clock.steady() + _OTHERS_LOOK_S)
        return min(look_at, self._settling.next_application_at())
