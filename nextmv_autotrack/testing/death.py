"""Death on demand: a process ends here, as a machine that loses its power does."""

from __future__ import annotations

import os
import signal
import time
from typing import NoReturn

is_expected = False
"""Whether this process was started to be killed."""


def die_here() -> NoReturn:
    """Kill this process, which `killed` has started: at once, and with no clearing up.

    Example:
        >>> from nextmv_autotrack import tracked
        >>> from nextmv_autotrack.testing import die_here
        >>> @tracked
        ... def half_a_solve(data: dict) -> dict:
        ...     solution = sorted(data)
        ...     die_here()

    Raises:
        RuntimeError: Somebody else has started it, and would miss it.
    """
    if not is_expected:
        raise RuntimeError(
            "die_here() kills only what nextmv_autotrack.testing.killed runs"
        )
    # Windows has no SIGKILL; there, this signal is TerminateProcess.
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    while True:
        time.sleep(1)
