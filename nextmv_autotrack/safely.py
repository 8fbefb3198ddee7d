"""The one boundary our own failures stop at: reported, never raised into a model."""

from __future__ import annotations

import logging
import time
from contextlib import suppress

# A failure that comes back with every call, such as a full disk, is worth one line; a
# service that runs for months may be told again.
_SECONDS_BETWEEN_REPORTS = 6 * 3600.0

_logger = logging.getLogger("nextmv_autotrack")

_reported: dict[str, float] = {}

THE_DISK = "the disk"
"""The topic of whatever cannot be written."""

DELIVERY = "the delivery of runs"
"""What the topics of runs that wait begin with."""

hushed: str | None = None
"""Topics that begin so are told in another way: at the end, by one line for all."""

failures = 0
"""How many have been reported."""

raising = False
"""Under our own tests: failures are raised, so that none goes unseen."""


def failed(doing: str, error: BaseException) -> None:
    """Report that `doing` failed; under our own tests, raise it."""
    global failures  # noqa: PLW0603 -- a count for the whole process
    failures += 1
    if raising:
        raise error
    # A full disk meets every frame of a run, and is one thing to be told.
    topic = THE_DISK if isinstance(error, OSError) else doing
    warn(f"{doing} failed and was left out: {type(error).__name__}: {error}", topic)


def is_meant_for_us(error: BaseException) -> bool:
    """Whether it may stop at a boundary: not what is to end the program.

    That is Ctrl-C, and whatever a handler of a signal raises: to the program it comes
    from nowhere, as we were in between by chance only. A SystemExit of a `__repr__` is
    a failure like another.
    """
    if isinstance(error, Exception):
        return True
    if isinstance(error, KeyboardInterrupt):
        return False
    import signal  # noqa: PLC0415 -- takes long to import, and is needed almost never

    handlers = {
        getattr(signal.getsignal(number), "__code__", None)
        for number in signal.valid_signals()
    }
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in handlers:
            return False
        trace = trace.tb_next
    return True


def warn(message: str, topic: str | None = None) -> None:
    """Log a warning, once in hours on one topic, and never raise."""
    topic = topic or message
    if hushed is not None and topic.startswith(hushed):
        return
    now = time.monotonic()
    if now - _reported.get(topic, -_SECONDS_BETWEEN_REPORTS) < _SECONDS_BETWEEN_REPORTS:
        return
    _reported[topic] = now
    with suppress(Exception):  # a handler of the user's may raise
        _logger.warning("nextmv-autotrack: %s", message)
