"""Replay: a function called with what runs were given, held against what came out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from nextmv_autotrack.capture.aside import Ended, call_aside
from nextmv_autotrack.capture.installed import recorder
from nextmv_autotrack.capture.recorded import NO_INPUT, arguments_for
from nextmv_autotrack.errors import ReplayError, UnknownRunError
from nextmv_autotrack.objective import TOLERANCE, objective
from nextmv_autotrack.run import Run
from nextmv_autotrack.status import Status

if TYPE_CHECKING:
    from nextmv_autotrack.store import Store, StoredRun

# An objective of zero has no share to speak of.
_SMALLEST = 1e-9


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
    """What counts as worse."""

    objective: str | None = None
    """The metric that says how good a solution is; by default the usual names."""
    maximize: bool = False
    tolerance: float = TOLERANCE
    """Share of the old objective that the new one may be worse by."""


@dataclass(frozen=True)
class Replayed:
    """A run, and how it goes with another function."""

    id: str
    name: str
    old: Outcome
    new: Outcome
    output_changed: bool
    terms: Terms = field(default_factory=Terms)

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
        return self.terms.tolerance * max(abs(self.old.objective or 0.0), _SMALLEST)


def replay(  # noqa: PLR0913 -- by name
    run: Run | str,
    function: Callable[..., Any],
    *,
    objective: str | None = None,
    maximize: bool = False,
    tolerance: float = TOLERANCE,
    track: bool = False,
) -> Replayed:
    """Call a function with what a run was given, and compare what comes out.

    Options go to the arguments of their names, the input to the others. The call is
    not recorded as a new run, nor are those inside it, unless `track` says so; what it
    raises makes the new outcome a failed one.

    Example:
        >>> from nextmv_autotrack import last_run, replay, tracked
        >>> @tracked
        ... def solve(demand: list[int]) -> dict:
        ...     return {"metrics": {"value": sum(demand)}}
        >>> _ = solve([3, 1, 2])
        >>> found = replay(last_run(), lambda demand: {"metrics": {"value": 5}})
        >>> found.old.objective, found.new.objective, found.is_worse
        (6.0, 5.0, False)

    Args:
        run: A run that has ended, or its id, or how that begins.
        function: Tracked or not. Not in a running event loop when it is a coroutine
            function.
        objective: The metric that says how good a solution is; by default the first
            of `value`, `objective`, ...
        maximize: A larger objective is better.
        tolerance: Share of the old objective that the new one may be worse by.
        track: Record the call as a new run.

    Raises:
        UnknownRunError: There is no such run in the local store.
        ReplayError: The run cannot be replayed, or not with this function.
    """
    # The database is none of tracking's business until then.
    from nextmv_autotrack.journal import Home  # noqa: PLC0415
    from nextmv_autotrack.store import Store  # noqa: PLC0415
    from nextmv_autotrack.store.sweep import Sweep  # noqa: PLC0415

    folder = recorder().sources.resolve().directory
    terms = Terms(objective=objective, maximize=maximize, tolerance=tolerance)
    if not folder.is_dir():
        # Looking must not leave a folder behind.
        raise UnknownRunError(f"there are no runs in {folder} yet")
    with Store.open(folder) as store:
        Sweep(store, Home(folder)).others()
        recorded = read(store, run.id if isinstance(run, Run) else run)
    return replay_recorded(recorded, function, terms, track=track)


@dataclass(frozen=True)
class Recorded:
    """A run, with what a replay needs of it: no store is open while a model runs."""

    run: StoredRun
    input: Any
    output: Any


def read(store: Store, run_id: str) -> Recorded:
    """Return the run whose id is, or begins with, the one given.

    Raises:
        UnknownRunError: There is none.
        ReplayError: It has not ended, or its input is not there any more.
    """
    run = store.run(run_id)
    if run.status is Status.RUNNING:
        raise ReplayError(f"run {run.id} has not ended")
    output = orjson.loads(store.payload(run.output)) if run.output else None
    return Recorded(run, _input(store, run), output)


def replay_recorded(
    recorded: Recorded,
    function: Callable[..., Any],
    terms: Terms,
    *,
    track: bool = False,
) -> Replayed:
    """Call a function with what a run was given; see `replay`."""
    run, before = recorded.run, recorded.output
    args, kwargs = arguments_for(function, recorded.input, run.options)
    ended = call_aside(function, args, kwargs, is_kept=track)
    after = orjson.loads(ended.output) if ended.output else None
    first = objective(run.metrics, before, terms.objective)
    name = first.name if first is not None else terms.objective
    second = objective(ended.metrics, after, name)
    return Replayed(
        id=run.id,
        name=run.name,
        old=Outcome(
            run.status, first.value if first else None, run.duration, run.error
        ),
        new=Outcome(
            ended.status, second.value if second else None, ended.duration, ended.error
        ),
        output_changed=_is_changed(run, before, ended, after),
        terms=terms,
    )


def _is_changed(run: StoredRun, before: Any, ended: Ended, after: Any) -> bool:
    is_same_kind = before is None or run.output_is_document == ended.output_is_document
    return bool(before != after) or not is_same_kind


def _input(store: Store, run: StoredRun) -> Any:
    if run.is_trimmed:
        raise ReplayError(
            f"the input of run {run.id} had to go: the folder was over max_disk, or age"
        )
    if run.input is None:
        return NO_INPUT
    value = orjson.loads(store.payload(run.input))
    if isinstance(value, dict) and value.get("truncated") is True and "type" in value:
        raise ReplayError(
            f"the input of run {run.id} was larger than max_payload: only its "
            "beginning was recorded"
        )
    return value
