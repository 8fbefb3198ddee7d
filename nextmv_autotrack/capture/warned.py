"""Warnings that pass the filters while a run is in progress, as log lines.

Whether somebody shows them or collects them: pytest collects all of a test's.
"""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Callable, Collection
from typing import Any

from nextmv_autotrack import safely
from nextmv_autotrack.capture.context import (
    and_around,
    enclosing,
    open_roots,
    the_only_one,
)
from nextmv_autotrack.capture.logs import OUR_THREADS, time_text
from nextmv_autotrack.capture.open_run import OpenRun, as_line
from nextmv_autotrack.capture.streams.said import told, watched_streams

# What `logging.captureWarnings` has them logged by.
_LOGGER = "py.warnings"

_HOOK = "_showwarnmsg"

_to_install = [True]


def listen() -> None:
    """See every warning that passes the filters from now on.

    All of them pass `warnings._showwarnmsg`, behind the filters, and before whatever
    shows or records them: `showwarning` and what replaces it, as `catch_warnings` and
    pytest do, stay as they are. Where a Python has no such function, they are printed.
    """
    if _to_install and hasattr(warnings, _HOOK):
        _to_install.clear()
        setattr(warnings, _HOOK, _seen_by_us(getattr(warnings, _HOOK)))


def _seen_by_us(show: Callable[[Any], None]) -> Callable[[Any], None]:
    def _showwarnmsg(msg: Any) -> None:
        knowing: Collection[OpenRun] = ()
        if open_roots:
            try:
                knowing = _take(msg)
            except Exception as error:  # noqa: BLE001 -- the boundary
                safely.failed("recording a warning", error)
        if not watched_streams:
            show(msg)
            return
        with told(knowing):
            show(msg)

    return _showwarnmsg


def _take(msg: Any) -> Collection[OpenRun]:
    """Give a warning to the runs that a logging record would be given to; return them."""
    if getattr(warnings.showwarning, "__module__", None) == logging.__name__:
        return ()  # it is logged, and taken then
    if threading.current_thread().name.startswith(OUR_THREADS):
        return ()
    takers = [
        opened
        for opened in and_around(enclosing() or the_only_one())
        if opened.is_open and opened.plan.log_level <= logging.WARNING
    ]
    if takers:
        text = f"{msg.filename}:{msg.lineno}: {msg.category.__name__}: {msg.message}"
        body = as_line(f"{time_text(time.time())} WARNING {_LOGGER}: {text}")
        for opened in takers:
            opened.add_lines(body)
    return takers
