"""What to do with a run that could not be delivered: pure decisions."""

from __future__ import annotations

from typing import NamedTuple

from nextmv_autotrack.errors import AutotrackError, RefusedError, UnreachableError

# The platform looked at the run and said no: it would say so again.
_NO_FOR_GOOD = frozenset({400, 413, 422})

# Nothing is wrong with the run, nor with how it is sent.
_SOON_AGAIN = frozenset({408, 425, 429})


class Retry(NamedTuple):
    """Try again later."""

    after_s: float


class Reject(NamedTuple):
    """Keep the run, and do not try again by itself."""

    reason: str


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


def decide(problem: AutotrackError, attempts: int, *, jitter: float) -> Retry | Reject:
    """Return what to do after an attempt that met `problem`.

    Args:
        problem: What the attempt raised.
        attempts: How many have been made, this one counted.
        jitter: A number from 0 to 1, by chance.
    """
    if isinstance(problem, RefusedError):
        return _after_refusal(problem, attempts, jitter)
    if isinstance(problem, UnreachableError):
        return Retry(OUTAGE.after(attempts, jitter))
    return Retry(SOMEBODY.after(attempts, jitter))


def _after_refusal(
    refusal: RefusedError, attempts: int, jitter: float
) -> Retry | Reject:
    if refusal.status_code in _NO_FOR_GOOD:
        return Reject(str(refusal))
    if refusal.status_code in _SOON_AGAIN or refusal.status_code >= 500:
        wait_s = OUTAGE.after(attempts, jitter)
        return Retry(max(wait_s, _asked(refusal, jitter)))
    # 401, 403, 404, and whatever else is new to us: the run waits, and is not lost.
    return Retry(SOMEBODY.after(attempts, jitter))


def _asked(refusal: RefusedError, jitter: float) -> float:
    """The wait asked for, and a little more: others were told the same."""
    asked_s = min(refusal.retry_after_s or 0.0, LONGEST_ASKED_S)
    return asked_s * (1.0 + 0.1 * jitter)
