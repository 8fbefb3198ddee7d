"""Which runs want what is printed, and what is in place for them meanwhile."""

from __future__ import annotations

import os
import sys
import threading

from nextmv_autotrack import safely
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.streams.printed import Printed
from nextmv_autotrack.capture.streams.said import watched_streams
from nextmv_autotrack.capture.streams.tee import Tee

_wanted_by: dict[str, OpenRun] = {}
_tees: dict[int, Tee] = {}
_locks = [threading.RLock()]


def begin(opened: OpenRun) -> None:
    """Give a run what is printed from now on; never raise."""
    try:
        with _locks[0]:
            opened.printed = Printed(opened)
            _wanted_by[opened.id] = opened
            for name in ("stdout", "stderr"):
                _watch(name)
    except Exception as error:  # noqa: BLE001 -- the boundary
        safely.failed("recording printed output", error)


def end(opened: OpenRun) -> None:
    """Write down what a run has printed last; let go of the streams if nobody is left."""
    try:
        with _locks[0]:
            printed, opened.printed = opened.printed, None
            _wanted_by.pop(opened.id, None)
            if not _wanted_by:
                _let_go()
            if printed is not None and opened.generation == opened.recorder.generation:
                printed.end()
    except Exception as error:  # noqa: BLE001 -- the boundary
        safely.failed("recording printed output", error)


def _watch(name: str) -> None:
    stream = getattr(sys, name, None)
    # None where there is no console, as under pythonw.
    if stream is None or id(stream) in _tees:
        return
    tee = Tee(stream, name)
    try:
        tee.install()
    except (AttributeError, TypeError):
        safely.warn(
            f"what is printed to sys.{name} is not recorded: a {type(stream).__name__} "
            "does not let its writes be seen"
        )
        return
    # It keeps the stream, and with it its id.
    _tees[id(stream)] = tee
    watched_streams.append(stream)


def _let_go() -> None:
    for tee in _tees.values():
        tee.remove()
    _tees.clear()
    watched_streams.clear()


def _after_fork_in_child() -> None:
    """A thread of the parent may have held the lock."""
    _locks[0] = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
