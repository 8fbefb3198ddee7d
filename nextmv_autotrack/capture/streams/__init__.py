"""What is printed while a run is in progress, as lines of its log.

`python` sees the writes to `sys.stdout` and `sys.stderr`, each by the run of its context;
`fd` also sees what arrives at the descriptors 1 and 2, which is all that the process and
its children print. Nothing is in place while no run asks for it.
"""

from __future__ import annotations

import atexit
import os

from nextmv_autotrack import safely
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.streams.watching import Watching

__all__ = ["begin", "end"]

_watching = Watching()

atexit.register(_watching.at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_watching.after_fork_in_child)


def begin(opened: OpenRun) -> None:
    """Give a run what is printed from now on; never raise."""
    try:
        _watching.begin(opened)
    except Exception as error:  # noqa: BLE001 -- the boundary
        safely.failed("recording printed output", error)


def end(opened: OpenRun) -> None:
    """Give a run what was printed last; never raise."""
    try:
        _watching.end(opened)
    except Exception as error:  # noqa: BLE001 -- the boundary
        safely.failed("recording printed output", error)
