"""The ways a tracked call can end; nothing of ours is raised from any of them."""

from __future__ import annotations

from nextmv_autotrack import safely
from nextmv_autotrack.capture import outcome
from nextmv_autotrack.capture.context import forget, latest, leave
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.outcome import NOTHING, Outcome


def returned(opened: OpenRun | None, result: object) -> None:
    """Write down that a call has returned `result`."""
    if opened is None:
        return
    leave(opened)
    try:
        what = outcome.of_result(opened.run, opened.plan, result)
    except Exception as broken:  # noqa: BLE001 -- the boundary
        what = nothing(broken)
    except BaseException as interrupt:
        # Ctrl-C while a callable of the user's looks at the result: the caller gets no
        # result, so the run has failed.
        ended(opened, NOTHING, interrupt)
        raise
    ended(opened, what, None)


def raised(opened: OpenRun | None, error: BaseException | None) -> None:
    """Write down an end without a result: an exception, or the end of a block."""
    if opened is None:
        return
    leave(opened)
    try:
        what = outcome.of_what_was_set(opened.run, opened.plan)
    except Exception as broken:  # noqa: BLE001 -- the boundary
        what = nothing(broken)
    ended(opened, what, error)


def nothing(broken: Exception) -> Outcome:
    """Report what could not be recorded, and return what is recorded instead."""
    safely.failed("recording the output of a run", broken)
    return NOTHING


def ended(opened: OpenRun, what: Outcome, error: BaseException | None) -> None:
    """Close a run; its memory is let go of whatever happens."""
    run = opened.run
    try:
        opened.recorder.close(opened, what, error)
    except Exception as broken:  # noqa: BLE001 -- the boundary
        safely.failed("recording the end of a run", broken)
    finally:
        forget(opened)
        run._input = run._output = run._assets = None
        latest.set(run)
