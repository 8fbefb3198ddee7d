"""The ways a tracked call can end; nothing of ours is raised from any of them."""

from __future__ import annotations

from nextmv_autotrack import safely
from nextmv_autotrack.capture import outcome
from nextmv_autotrack.capture.context import forget, latest, leave
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.journal import Body


def returned(opened: OpenRun | None, result: object) -> None:
    """Write down that a call has returned `result`."""
    if opened is None:
        return
    opened.stop()
    leave(opened)
    body: Body
    try:
        body = outcome.of_result(opened, result)
    except BaseException as broken:
        if not safely.is_meant_for_us(broken):
            raise
        body = nothing(broken)
    ended(opened, body, None)


def raised(opened: OpenRun | None, error: BaseException | None) -> None:
    """Write down an end without a result: an exception, or the end of a block."""
    if opened is None:
        return
    opened.stop()
    leave(opened)
    body: Body
    try:
        body = outcome.of_what_was_set(opened, has_failed=error is not None)
    except BaseException as broken:
        if not safely.is_meant_for_us(broken):
            raise
        body = nothing(broken)
    ended(opened, body, error)


def interrupted(opened: OpenRun | None, error: BaseException | None) -> None:
    """Write down an end that was interrupted, by Ctrl-C, while it was written down.

    Ctrl-C comes once, as a rule, and this is what is done after it. Nothing of the
    user's is called again.
    """
    if opened is None:
        return
    leave(opened)
    if opened.has_ended:
        forget(opened)
    else:
        ended(opened, b"", error)


def nothing(broken: BaseException) -> bytes:
    """Report what could not be recorded, and return what is recorded instead."""
    safely.failed("recording the output of a run", broken)
    return b""


def ended(opened: OpenRun, body: Body, error: BaseException | None) -> None:
    """Close a run; its memory is let go of whatever happens."""
    try:
        opened.recorder.close(opened, body, error)
    except BaseException as broken:
        if not safely.is_meant_for_us(broken):
            raise
        safely.failed("recording the end of a run", broken)
    finally:
        forget(opened)
        latest.set(opened)
