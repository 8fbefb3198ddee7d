"""What to do with a run that could not be delivered: pure decisions."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from nextmv_autotrack.errors import (
    AutotrackError,
    PlatformError,
    RefusedError,
    SignInError,
    UnreachableError,
)
from nextmv_autotrack.whereabouts import CREATE_ENDS_S, CREATE_SETTLES_S

# The platform looked at the run and said no: it would say so again.
_NO_FOR_GOOD = frozenset({400, 413, 422})

# Nothing is wrong with the run, nor with how it is sent.
_SOON_AGAIN = frozenset({408, 425, 429})

_TOO_FAST = 429


class Concerns(Enum):
    """Who else would meet the same problem."""

    RUN = "run"
    """No other run."""

    APPLICATION = "application"
    """Every run of the application that is sent with this key."""

    PLATFORM = "platform"
    """Every run of this machine for this platform."""


class Backoff(NamedTuple):
    """Waiting times that double up to a bound."""

    first_s: float
    longest_s: float

    def after(self, attempts: int, jitter: float) -> float:
        """Return the wait after so many attempts: half of it fixed, half by chance."""
        # Doubled at most so often: two to the power of a year of attempts is too much.
        doublings = min(max(attempts - 1, 0), 30)
        wait_s = min(self.first_s * 2.0**doublings, self.longest_s)
        return wait_s * (0.5 + 0.5 * jitter)


# A hiccup is over in a second; an outage of a night should not cost a request a second.
OUTAGE = Backoff(first_s=1.0, longest_s=300.0)

# Somebody has to do something first: a key, an application, a disk.
SOMEBODY = Backoff(first_s=60.0, longest_s=3600.0)

# A server that asks for more has a mistake, or is not the platform.
LONGEST_ASKED_S = 600.0


class Retry(NamedTuple):
    """Try again later."""

    concerns: Concerns
    backoff: Backoff
    asked_s: float = 0.0
    """What the platform has asked to wait."""
    is_too_fast: bool = False
    """Whether it has asked for fewer calls."""
    is_uploaded_anew: bool = False
    """Whether nothing is used again of what was uploaded."""

    def wait_s(self, attempts: int, jitter: float) -> float:
        """Return how long to wait after so many attempts.

        Longer than was asked for by a tenth at most: others were told the same.

        Args:
            attempts: How many have been made, the last one counted.
            jitter: A number from 0 to 1, by chance.
        """
        asked_s = min(self.asked_s, LONGEST_ASKED_S) * (1.0 + 0.1 * jitter)
        return max(self.backoff.after(attempts, jitter), asked_s)


# What a no to a run means that was only looked for: none can be one to the run.
NOT_SENT = Retry(Concerns.APPLICATION, SOMEBODY)

# What it may mean when the parts were uploaded a while ago: they have expired.
PARTS_GONE = Retry(Concerns.RUN, OUTAGE, is_uploaded_anew=True)

# After an error that nobody has foreseen. It is mostly a want of memory or of files, which
# is over soon; a mistake of ours waits for a version without it.
UNFORESEEN = Retry(Concerns.RUN, OUTAGE)


class Reject(NamedTuple):
    """Keep the run, and do not try again by itself."""

    reason: str


def decide(problem: AutotrackError) -> Retry | Reject:
    """Return what to do after an attempt that met `problem`."""
    if isinstance(problem, RefusedError):
        return _after_refusal(problem)
    if isinstance(problem, UnreachableError):
        return Retry(Concerns.PLATFORM, OUTAGE)
    if isinstance(problem, SignInError):
        return Retry(Concerns.APPLICATION, SOMEBODY)
    return Retry(Concerns.RUN, SOMEBODY)


def create_settles_s(problem: BaseException) -> float:
    """Return how long a create call may still be at work when its answer is lost."""
    at_work = isinstance(problem, PlatformError) and problem.may_be_at_work
    return CREATE_ENDS_S if at_work else CREATE_SETTLES_S


def _after_refusal(refusal: RefusedError) -> Retry | Reject:
    status = refusal.status_code
    if status in _NO_FOR_GOOD:
        return Reject(str(refusal))
    if status in _SOON_AGAIN or status >= 500:
        asked_s = refusal.retry_after_s or 0.0
        return Retry(Concerns.PLATFORM, OUTAGE, asked_s, status == _TOO_FAST)
    # 401, 403, 404, and whatever else is new to us: the run waits, and is not lost.
    return Retry(Concerns.APPLICATION, SOMEBODY)
