"""The one boundary our own failures stop at: reported, never raised into a model."""

from __future__ import annotations

import logging
import time
from contextlib import suppress

# A failure that comes back with every call, such as a full disk, is worth a line now
# and then, not a line a call.
_SECONDS_BETWEEN_REPORTS = 60.0

_logger = logging.getLogger("nextmv_autotrack")

_reported: dict[str, float] = {}

raising = False
"""Under our own tests: failures are raised, so that none goes unseen."""


def failed(doing: str, error: BaseException) -> None:
    """Report that `doing` failed; under our own tests, raise it."""
    if raising:
        raise error
    warn(f"{doing} failed and was left out: {type(error).__name__}: {error}", doing)


def warn(message: str, topic: str | None = None) -> None:
    """Log a warning, at most once a minute on one topic, and never raise."""
    topic = topic or message
    now = time.monotonic()
    if now - _reported.get(topic, -_SECONDS_BETWEEN_REPORTS) < _SECONDS_BETWEEN_REPORTS:
        return
    _reported[topic] = now
    with suppress(Exception):  # a handler of the user's may raise
        _logger.warning("nextmv-autotrack: %s", message)
