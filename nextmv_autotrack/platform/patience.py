"""How long an operation may take, and how often it tries: decisions, and no waiting."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from nextmv_autotrack.clock import Clock
from nextmv_autotrack.errors import PlatformError, UnreachableError
from nextmv_autotrack.nextmv_api import Call
from nextmv_autotrack.platform.steps import Ask, Pause, Steps
from nextmv_autotrack.upload.retry import Backoff, Concerns, Retry, decide

# Somebody waits: what is not over after some seconds is better told.
MOST_ATTEMPTS = 6

# 0.2 s to 6.4 s: in all, as long as a restart of what is behind a gateway takes.
BETWEEN_ATTEMPTS = Backoff(first_s=0.4, longest_s=6.4)

# Less than any answer takes: what rounding leaves of the time is not waited for.
SHORTEST_PAUSE_S = 0.001

_Read = TypeVar("_Read")


class Patience:
    """The time that one operation has.

    Args:
        timeout_s: How long it may take, waits and all.
        clock: Tells how long it has taken.
        chance: Gives numbers from 0 to 1, so that many who failed together do not come
            back together.
    """

    def __init__(
        self, timeout_s: float, clock: Clock, chance: Callable[[], float]
    ) -> None:
        self._timeout_s = timeout_s
        self._clock = clock
        self.chance = chance
        self._deadline_s = clock.steady() + timeout_s

    @property
    def left_s(self) -> float:
        """How much of it is left."""
        return self._deadline_s - self._clock.steady()

    def ask(self, call: Call[_Read]) -> Steps[_Read]:
        """Make a call once.

        Raises:
            PlatformError: It did not work.
        """
        left_s = self.left_s
        if left_s <= 0:
            raise self._left_out(call.doing)
        answer: _Read = yield Ask(call, left_s)
        return answer

    def wait(self, seconds: float, doing: str, takes_s: float) -> Steps[None]:
        """Wait before doing something, or less where the time is over before.

        Args:
            seconds: How long.
            doing: What is done then, for messages.
            takes_s: How long that takes.

        Raises:
            UnreachableError: There is no time for it any more.
        """
        spare_s = self.left_s - takes_s
        if spare_s < SHORTEST_PAUSE_S:
            raise self._left_out(doing)
        yield Pause(min(seconds, spare_s))

    def _left_out(self, doing: str) -> UnreachableError:
        message = (
            f"{doing} was left out: {self._timeout_s:g} s are over;"
            " a longer timeout gives it more time"
        )
        return UnreachableError(message, may_have_acted=False)

    def insist(self, call: Call[_Read]) -> Steps[_Read]:
        """Make a call that can be repeated, until it works or there is no hope.

        Raises:
            PlatformError: It did not work.
        """
        return (yield from self.persist(lambda: self.ask(call)))

    def persist(self, once: Callable[[], Steps[_Read]]) -> Steps[_Read]:
        """Do what can be repeated, until it works or there is no hope.

        Raises:
            PlatformError: It did not work.
        """
        attempts = 0
        while True:
            attempts += 1
            try:
                return (yield from once())
            except PlatformError as problem:
                yield from self.before_another(problem, attempts)

    def before_another(self, problem: PlatformError, attempts: int) -> Steps[None]:
        """Wait before another attempt, or raise the problem when there is no hope.

        Args:
            problem: What the last attempt met.
            attempts: How many have been made.
        """
        step = decide(problem)
        if not isinstance(step, Retry) or step.concerns is not Concerns.PLATFORM:
            raise problem
        wait_s = max(BETWEEN_ATTEMPTS.after(attempts, self.chance()), step.asked_s)
        if attempts >= MOST_ATTEMPTS or wait_s >= self.left_s:
            raise problem
        yield Pause(wait_s)
