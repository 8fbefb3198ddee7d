"""What has become of runs on their way, gathered until the store has kept it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from nextmv_autotrack import safely
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.errors import AutotrackError
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.store.changes import (
    Change,
    Delivered,
    Postponed,
    Rejected,
    Uploaded,
)
from nextmv_autotrack.store.lane import Lane
from nextmv_autotrack.upload.retry import (
    UNFORESEEN,
    Concerns,
    Reject,
    Retry,
    decide,
)
from nextmv_autotrack.whereabouts import CREATE_ENDS_S, CREATE_SETTLES_S

ChangeLane = Callable[[Lane], Lane]

# A platform that does some of what it is asked for is not down: however many calls fail
# in a row, all others are held up for some seconds only.
FLAKY_TROUBLES = 4


class _Hold(NamedTuple):
    """An application that takes no runs with our key."""

    until_s: float
    """By the steady clock."""
    troubles: int


class Settling:
    """Decides what becomes of a run, and keeps it in the store, together with others.

    What the store could not keep, because its disk is full, stays here until it can.
    """

    def __init__(self, clock: Clock, *, chance: Callable[[], float]) -> None:
        self._clock = clock
        self._chance = chance
        self._changes: dict[str, list[Change]] = {}
        self._lane_changes: dict[str, list[ChangeLane]] = {}
        self.last_problem: str | None = None
        """Why the last run was not delivered; None when it was."""
        # Not in the store: another process may have another key.
        self._held: dict[str, _Hold] = {}

    @property
    def is_stuck(self) -> bool:
        """Whether something is here that the store has not kept yet."""
        return bool(self._changes)

    def held_applications(self) -> list[str]:
        """Return the applications that are not tried for now."""
        now_s = self._clock.steady()
        return [app for app, hold in self._held.items() if hold.until_s > now_s]

    def next_application_at(self) -> float:
        """Return when one of them is tried again, by the steady clock."""
        now_s = self._clock.steady()
        holds = [hold.until_s for hold in self._held.values() if hold.until_s > now_s]
        return min(holds, default=math.inf)

    def try_all_applications(self) -> None:
        """Hold none any more: the key is another one."""
        self._held.clear()

    def uploaded(
        self,
        run: StoredRun,
        ids: Mapping[str, str],
        since: float,
        create_begins_at: float | None = None,
        owner: str | None = None,
    ) -> None:
        """Note which parts of a run the platform has, the new ones not before `since`.

        Before it is created, by `owner`, that is noted too.
        """
        self._note(run, Uploaded(run.id, ids, since, create_begins_at, owner))

    def delivered(self, run: StoredRun, platform_run_id: str) -> None:
        """Note that the platform has a run."""
        self.last_problem = None
        self._held.pop(run.app_id or "", None)
        self._note(run, Delivered(run.id, platform_run_id, self._clock.wall()))
        self._note_lane(run, self._succeeded())

    def put_back(self, run: StoredRun, *, may_be_created: bool = False) -> None:
        """Note that a run is to be sent by whoever is next."""
        problem = run.problem or "it was put back"
        self._note(run, Postponed(run.id, 0.0, problem, not may_be_created))
        self._note_lane(run, Lane.unprobed)

    def not_there_yet(self, run: StoredRun, due_at: float) -> None:
        """Note that a run is to be looked for again, before it is made anew."""
        problem = run.problem or "its create call may still be at work"
        self._note(run, Postponed(run.id, due_at, problem, is_surely_not_created=False))
        self._note_lane(run, self._succeeded())

    def not_delivered(  # noqa: PLR0913 -- by name
        self,
        run: StoredRun,
        problem: BaseException,
        *,
        may_be_created: bool,
        no_means: Retry | None = None,
        has_progressed: bool = False,
        settles_s: float | None = None,
    ) -> None:
        """Note what follows from an attempt that met `problem`.

        Args:
            run: Which run.
            problem: What the attempt raised.
            may_be_created: Whether the run may be on the platform all the same.
            no_means: What follows when the platform says no, if that need not be a no
                to the run.
            has_progressed: Whether the platform has done some of it.
            settles_s: How long a create call may still be at work, if it was one.
        """
        step: Retry | Reject
        if isinstance(problem, AutotrackError):
            step = decide(problem)
        else:
            safely.failed("the delivery of a run", problem)
            step = UNFORESEEN
            problem = AutotrackError(f"{type(problem).__name__}: {problem}")
        if isinstance(step, Reject):
            if no_means is None:
                self._rejected(run, step.reason)
                return
            step = no_means
        most_troubles = FLAKY_TROUBLES if has_progressed else None
        if not may_be_created:
            settles_s = None
        self._postponed(
            run,
            problem,
            step,
            most_troubles,
            may_be_created=may_be_created,
            settles_s=settles_s,
        )

    def _rejected(self, run: StoredRun, reason: str) -> None:
        self._note(run, Rejected(run.id, reason))
        # It has looked at the run: nothing is wrong with the way to it.
        self._note_lane(run, self._succeeded())
        safely.warn(
            f"the platform rejected run {run.id}: {reason}; "
            "`nextmv-autotrack status` shows all that were",
            "rejected runs",
        )

    def _postponed(  # noqa: PLR0913 -- by name
        self,
        run: StoredRun,
        problem: AutotrackError,
        step: Retry,
        most_troubles: int | None,
        *,
        may_be_created: bool,
        settles_s: float | None,
    ) -> None:
        jitter, text = self._chance(), str(problem)
        self.last_problem = text
        # The run waits, too, when others would: the next to be tried is another one,
        # in case it is this one that the platform cannot bear.
        wait_s = step.wait_s(run.attempts + 1, jitter)
        if may_be_created:
            # Nobody knows when it will be: a gateway gives up long before what is behind.
            wait_s = max(wait_s, CREATE_SETTLES_S)
        now = self._clock.wall()
        self._note(
            run,
            Postponed(
                run.id,
                now + wait_s,
                text,
                not may_be_created,
                step.is_uploaded_anew,
                # Looked for soon, and made anew when the call has ended for sure.
                now + settles_s - CREATE_ENDS_S if settles_s else None,
            ),
        )
        if step.concerns is Concerns.PLATFORM:
            troubled = partial(self._troubled, step, jitter, text, most_troubles)
            self._note_lane(run, troubled)
        else:
            # It says nothing of the platform: if this was the one that tried whether
            # it is well again, another one may.
            self._note_lane(run, Lane.unprobed)
        if step.concerns is Concerns.APPLICATION:
            self._hold(run, step, jitter)
        topic = f"{safely.DELIVERY} ({step.concerns.value})"
        safely.warn(f"runs wait on disk, and are tried again: {text}", topic)

    def _succeeded(self) -> ChangeLane:
        now = self._clock.wall()
        return lambda lane: lane.succeeded(now, 1)

    def _troubled(
        self,
        step: Retry,
        jitter: float,
        text: str,
        most_troubles: int | None,
        lane: Lane,
    ) -> Lane:
        troubles = lane.troubles + 1
        if most_troubles is not None and troubles > most_troubles:
            # Odd and even by turns still: see `claim`.
            troubles = most_troubles - (troubles - most_troubles) % 2
        return lane.troubled(
            self._clock.wall(),
            step.wait_s(troubles, jitter),
            text,
            too_fast=step.is_too_fast,
            troubles=troubles,
        )

    def _hold(self, run: StoredRun, step: Retry, jitter: float) -> None:
        before = self._held.get(run.app_id or "", _Hold(0.0, 0))
        now_s = self._clock.steady()
        if before.until_s > now_s:
            return  # what was on its way together fails together, and counts once
        troubles = before.troubles + 1
        until_s = now_s + step.wait_s(troubles, jitter)
        self._held[run.app_id or ""] = _Hold(until_s, troubles)

    def _note(self, run: StoredRun, change: Change) -> None:
        self._changes.setdefault(run.endpoint or "", []).append(change)

    def _note_lane(self, run: StoredRun, change: ChangeLane) -> None:
        self._lane_changes.setdefault(run.endpoint or "", []).append(change)

    def keep(self, store: Store) -> set[str]:
        """Keep what is here in the store.

        Returns:
            The runs that the store does not have, or not for us: nothing of them could
            be kept, and nothing more may be sent.

        Raises:
            StoreError: It cannot be kept; it stays here.
        """
        lost = set()
        for endpoint, changes in list(self._changes.items()):
            lane_changes = self._lane_changes.get(endpoint, [])
            lost |= store.settle(
                endpoint, changes, partial(_one_after_another, lane_changes)
            )
            del self._changes[endpoint]
            self._lane_changes.pop(endpoint, None)
        return lost


def _one_after_another(changes: list[ChangeLane], lane: Lane) -> Lane:
    for change in changes:
        lane = change(lane)
    return lane
