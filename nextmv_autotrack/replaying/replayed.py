"""What came out of a call, held against what came out of another."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from numbers import Real

from nextmv_autotrack.errors import ReplayError
from nextmv_autotrack.objective import TOLERANCE
from nextmv_autotrack.status import Status

# A share of nothing is nothing: beside zero, solvers tell numbers apart that differ by
# more than this, and sums of rounded ones do not.
_NOISE = 1e-9


@dataclass(frozen=True)
class Outcome:
    """What came out of a call."""

    status: Status
    objective: float | None
    """None when no metric says how good the solution is."""
    duration: float | None
    """Seconds; None when it is not known."""
    error: str | None = None
    """One line, when it has failed."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What counts as worse.

    Raises:
        ReplayError: One of them makes no sense.
    """

    objective: str | None = None
    """The metric that says how good a solution is; by default the usual names."""
    maximize: bool = False
    tolerance: float = TOLERANCE
    """Share of the old objective that the new one may be worse by; 0: by nothing."""

    def __post_init__(self) -> None:
        if self.objective is not None and not _is_name(self.objective):
            raise ReplayError(
                f"objective={self.objective!r}: give the name of a metric"
            )
        if not _is_flag(self.maximize):
            raise ReplayError(f"maximize={self.maximize!r}: give True or False")
        if not _is_share(self.tolerance):
            raise ReplayError(
                f"tolerance={self.tolerance!r}: give a share of the objective, 0 or "
                "more, such as 0.01"
            )


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_share(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return bool(not value < 0 and value < math.inf)


@dataclass(frozen=True)
class Replayed:
    """A run, and how it goes with another function."""

    id: str
    name: str
    old: Outcome
    new: Outcome
    output_changed: bool | None
    """None when the output was not recorded, or not all of it."""
    terms: Terms = field(default_factory=Terms)
    remark: str | None = None
    """Why there is no objective to compare, where a metric is no number, and whether
    values were redacted that the function has been called with."""

    @property
    def delta(self) -> float | None:
        """The new objective minus the old one, where both are known."""
        if self.old.objective is None or self.new.objective is None:
            return None
        return self.new.objective - self.old.objective

    @property
    def is_worse(self) -> bool:
        """Whether it fails and did not, or its objective is worse, or not told now."""
        if self.new.status is not Status.SUCCEEDED:
            return self.old.status is Status.SUCCEEDED
        if self.old.objective is None:
            return False
        return self.new.objective is None or self._loss() > self._allowed()

    @property
    def is_better(self) -> bool:
        """Whether it succeeds and did not, or its objective is better."""
        if self.new.status is not Status.SUCCEEDED:
            return False
        if self.old.status is not Status.SUCCEEDED:
            return True
        return -self._loss() > self._allowed()

    def _loss(self) -> float:
        delta = self.delta or 0.0
        return -delta if self.terms.maximize else delta

    def _allowed(self) -> float:
        tolerance = self.terms.tolerance
        return (
            max(tolerance * abs(self.old.objective or 0.0), _NOISE) if tolerance else 0
        )
