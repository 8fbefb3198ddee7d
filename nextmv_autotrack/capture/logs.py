"""Logging records as log lines, without a handler and without a changed level."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress

from nextmv_autotrack import safely
from nextmv_autotrack.capture.context import (
    and_around,
    enclosing,
    open_roots,
    the_only_one,
)
from nextmv_autotrack.capture.open_run import OpenRun, as_line
from nextmv_autotrack.capture.plan import NO_LOGS
from nextmv_autotrack.capture.streams.said import (
    hear_handlers,
    remember,
    told,
    watched_streams,
)

__all__ = ["NO_LOGS", "listen"]

OUR_LOGGER = "nextmv_autotrack"
_OUR_LOGGERS = f"{OUR_LOGGER}."

# Libraries log on our threads, too: what httpx says about an upload is no line of the
# model's.
OUR_THREADS = "nextmv-autotrack"

_formatter = logging.Formatter()
# Taken by whoever installs us: in one step, since a forked child would wait for ever
# for a lock that another thread held at the fork.
_to_install = [True]


def listen() -> None:
    """See every logging record from now on.

    The one place every record passes is `Logger.callHandlers`: after levels and
    filters, and before handlers and `propagate`. A handler on the root logger would
    miss loggers that do not propagate, and would silence a later `basicConfig()`.
    """
    if _to_install:
        with suppress(IndexError):  # another thread was faster
            _to_install.pop()
            logging.Logger.callHandlers = _seen_by_us(logging.Logger.callHandlers)  # type: ignore[assignment, method-assign]  # of all loggers
            hear_handlers()


CallHandlers = Callable[[logging.Logger, logging.LogRecord], None]


def _seen_by_us(call_handlers: CallHandlers) -> CallHandlers:
    def callHandlers(self: logging.Logger, record: logging.LogRecord) -> None:  # noqa: N802 -- logging's own name
        knowing: Collection[OpenRun] = ()
        if open_roots:
            try:
                knowing = _take(record)
            except Exception as error:  # noqa: BLE001 -- the boundary
                safely.failed("recording a log line", error)
        if not watched_streams:
            call_handlers(self, record)
            return
        if knowing:
            remember(record, knowing)
        with told(knowing):
            call_handlers(self, record)

    return callHandlers


def _take(record: logging.LogRecord) -> Collection[OpenRun]:
    """Give a record to the innermost run here and to those around it; return them.

    In a thread without a run it goes to the one run in progress, if there is just one.
    What this library logs is for nobody.
    """
    opened = enclosing() or the_only_one()
    if opened is None:
        return ()
    if is_ours(record.name):
        return and_around(opened)
    if record.threadName is not None and record.threadName.startswith(OUR_THREADS):
        return ()
    body = None
    takers = []
    while opened is not None:
        if record.levelno >= opened.plan.log_level and opened.is_open:
            if body is None:
                body = as_line(format_line(record))
            opened.add_lines(body)
            takers.append(opened)
        opened = opened.parent
    return takers


_second: tuple[int, str] = (-1, "")


def time_text(created: float) -> str:
    """Return a time as RFC 3339 with milliseconds; a second's text is made once."""
    global _second  # noqa: PLW0603 -- one tuple, so that threads see both or neither
    seconds = int(created)
    known, text = _second
    if known != seconds:
        text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(seconds))
        _second = (seconds, text)
    return f"{text}{int((created - seconds) * 1000):03d}Z"


def is_ours(logger: str) -> bool:
    """Whether it is a logger of this library."""
    return logger == OUR_LOGGER or logger.startswith(_OUR_LOGGERS)


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 -- a __repr__ of the user's
        return f"<{type(value).__name__}>"


def format_line(record: logging.LogRecord) -> str:
    """Return time, level, logger and message, with the traceback if there is one."""
    try:
        message = record.getMessage()
    except Exception as error:  # noqa: BLE001 -- arguments that do not fit the message
        message = f"{_shown(record.msg)} (does not format: {type(error).__name__})"
    line = f"{time_text(record.created)} {record.levelname} {record.name}: {message}"
    if record.exc_info and record.exc_info[0] is not None:
        line = f"{line}\n{_formatter.formatException(record.exc_info)}"
    if record.stack_info:
        line = f"{line}\n{record.stack_info}"
    return line
