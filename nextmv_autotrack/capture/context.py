"""Which run is in progress here: by context, and in the process as a whole."""

from __future__ import annotations

from contextvars import ContextVar

from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.run import Run

innermost: ContextVar[OpenRun | None] = ContextVar("autotrack_run", default=None)
"""The innermost run in progress in this context."""

latest: ContextVar[OpenRun | None] = ContextVar("autotrack_last_run", default=None)
"""The run that ended last in this context."""

open_roots: dict[str, OpenRun] = {}
"""Every run in progress that has no parent in this process, by id."""


def current_run() -> Run | None:
    """Return the innermost run in progress in this context, or None."""
    found = enclosing()
    return found.run if found is not None else None


def last_run() -> Run | None:
    """Return the run that ended last in this context, or None.

    A call that was not tracked (`enabled=False`) is no run: what is returned then is
    the run before it.
    """
    found = latest.get()
    return found.run if found is not None else None


def enclosing() -> OpenRun | None:
    """The innermost run that is still open: a task may outlive the run it began in."""
    found = innermost.get()
    while found is not None and not found.is_open:
        found = found.parent
    return found


def and_around(opened: OpenRun | None) -> list[OpenRun]:
    """Return a run and those around it."""
    found = []
    while opened is not None:
        found.append(opened)
        opened = opened.parent
    return found


def the_only_one() -> OpenRun | None:
    """The one run in progress that has no parent, if there is just one."""
    if len(open_roots) != 1:
        return None
    return next(iter(open_roots.values()), None)


def forget(opened: OpenRun) -> None:
    """Take a run that has ended out of every account of runs in progress.

    What still refers to it, such as a task that outlives it, finds the next open run
    around it, and keeps no others alive.
    """
    opened.is_open = False
    open_roots.pop(opened.id, None)
    # Whoever keeps the run keeps neither a large input nor the model itself.
    opened.input = opened.output = opened.assets = opened.subject = None
    if opened.held is not None:
        opened.held, opened.is_left_out = None, True
    while opened.parent is not None and not opened.parent.is_open:
        opened.parent = opened.parent.parent


def enter(opened: OpenRun | None) -> None:
    """Make `opened` the innermost run of this context."""
    if opened is not None:
        opened.token = innermost.set(opened)


def leave(opened: OpenRun | None) -> None:
    """Make the run around `opened` the innermost one again."""
    if opened is None or opened.token is None:
        return
    token, opened.token = opened.token, None
    if innermost.get() is not opened:
        # A block that was entered inside this one outlasts it, and stays innermost.
        return
    try:
        innermost.reset(token)
    except ValueError:
        # Entered in one context and left in another, as an async block may be. A run
        # that is closed counts for nothing wherever it is still the innermost.
        return
