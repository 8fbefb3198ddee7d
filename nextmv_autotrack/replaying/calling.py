"""Replay: a function called with what runs were given, held against what came out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from nextmv_autotrack.capture.aside import Ended, call_aside
from nextmv_autotrack.capture.installed import recorder
from nextmv_autotrack.capture.recorded import arguments_for
from nextmv_autotrack.encode.formats import format_of
from nextmv_autotrack.encode.unpacking import document
from nextmv_autotrack.errors import ReplayError, UnknownRunError
from nextmv_autotrack.objective import (
    TOLERANCE,
    has,
    names,
    objective,
    why_none,
    with_statistics,
)
from nextmv_autotrack.replaying.files import Files, check_reads
from nextmv_autotrack.replaying.recording import Recorded, is_whole, read
from nextmv_autotrack.replaying.replayed import Outcome, Replayed, Terms
from nextmv_autotrack.run import Run
from nextmv_autotrack.status import Status


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
        ReplayError: The run cannot be replayed, or not with this function; it has no
            such metric; an argument makes no sense.
    """
    # The database is none of tracking's business until then.
    from nextmv_autotrack.journal import Home  # noqa: PLC0415 -- see above
    from nextmv_autotrack.store import Store  # noqa: PLC0415 -- see above
    from nextmv_autotrack.store.sweep import Sweep  # noqa: PLC0415 -- see above

    if not isinstance(run, (Run, str)):
        raise ReplayError(f"{run!r} is no run: give one, or its id")
    check_function(function)
    terms = Terms(objective=objective, maximize=maximize, tolerance=tolerance)
    folder = recorder().sources.resolve().directory
    if not folder.is_dir():
        # Looking must not leave a folder behind.
        raise UnknownRunError(f"there are no runs in {folder} yet")
    with Store.open(folder) as store:
        Sweep(store, Home(folder)).others()
        found = store.run(run.id if isinstance(run, Run) else run)
        try:
            recorded = read(store, found)
            _check_objective(recorded, terms)
        except ReplayError as error:
            raise ReplayError(f"run {found.id}: {error}") from error
    return replay_recorded(recorded, function, terms, track=track)


def check_function(function: object) -> None:
    """Raise a ReplayError unless that can be called as models are."""
    if isinstance(function, type):
        raise ReplayError(
            f"{function.__qualname__} is a class: replay a function that makes one and "
            "calls it"
        )
    if not callable(function):
        raise ReplayError(f"{function!r:.80} cannot be called: give a function")


def _check_objective(recorded: Recorded, terms: Terms) -> None:
    run, name = recorded.run, terms.objective
    if name is None or run.status is not Status.SUCCEEDED:
        return
    if not has(run.metrics, recorded.output, name):
        found = names(with_statistics(run.metrics, recorded.output))
        raise ReplayError(f"it has no metric {name}; there are: {found}")


def before(recorded: Recorded, terms: Terms) -> Outcome:
    """Return what came out of a run."""
    run = recorded.run
    found = objective(run.metrics, recorded.output, terms.objective)
    return Outcome(run.status, found.value if found else None, run.duration, run.error)


def replay_recorded(
    recorded: Recorded,
    function: Callable[..., Any],
    terms: Terms,
    *,
    track: bool = False,
) -> Replayed:
    """Call a function with what a run was given; see `replay`."""
    run = recorded.run
    with ExitStack() as stack:
        given = recorded.input
        if isinstance(given, Files):
            given = stack.enter_context(given.unpacked())
        args, kwargs = arguments_for(function, given, run.options)
        if isinstance(recorded.input, Files):
            check_reads(function, args, kwargs, given)
        ended = call_aside(function, args, kwargs, is_kept=track)
    output = document(ended.output) if ended.output else None
    first = objective(run.metrics, recorded.output, terms.objective)
    name = first.name if first is not None else terms.objective
    second = objective(ended.metrics, output, name)
    remark = None
    if first is None and run.status is Status.SUCCEEDED:
        remark = why_none(run.metrics, recorded.output, name, verb="was")
    elif first is not None and ended.status is Status.SUCCEEDED and second is None:
        remark = why_none(ended.metrics, output, name, verb="is now")
    if recorded.is_redacted:
        redacted = "it was given secrets, which are redacted here: that may differ"
        remark = redacted if remark is None else f"{remark}; {redacted}"
    return Replayed(
        id=run.id,
        name=run.name,
        old=before(recorded, terms),
        new=Outcome(
            ended.status, second.value if second else None, ended.duration, ended.error
        ),
        output_changed=_is_changed(recorded, ended, output),
        terms=terms,
        remark=remark,
    )


def _is_changed(recorded: Recorded, ended: Ended, output: Any) -> bool | None:
    if not recorded.has_output or (ended.output and not is_whole(ended.output)):
        return None
    if (format_of(ended.output) == "multi-file") != recorded.has_files:
        # A function without the setting may have written the same files.
        return None
    is_same_kind = recorded.run.output_is_document == ended.output_is_document
    return bool(recorded.output != output) or not is_same_kind
