"""Every run of a decision model recorded on Nextmv, by one line or none.

Example:
    >>> from nextmv_autotrack import tracked
    >>> @tracked
    ... def solve(data: dict) -> dict:
    ...     return {"solution": sorted(data), "metrics": {"value": len(data)}}

PYTEST_DONT_REWRITE, or pytest warns where this is imported before it starts.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nextmv_autotrack.capture.block import track_run
from nextmv_autotrack.capture.context import current_run, last_run
from nextmv_autotrack.capture.decorator import tracked
from nextmv_autotrack.errors import (
    AmbiguousRunError,
    AutotrackError,
    DamagedStoreError,
    DeliveryTimeoutError,
    InvalidRunError,
    NotCallableError,
    NotDeliveredError,
    PlatformError,
    RefusedError,
    ReplayError,
    RunTimeoutError,
    SettingsError,
    StoreError,
    UnknownRunError,
    UnreachableError,
)
from nextmv_autotrack.run import Run
from nextmv_autotrack.status import Status
from nextmv_autotrack.tracker import configure, flush, shutdown

if TYPE_CHECKING:
    from nextmv_autotrack.platform.application import Application
    from nextmv_autotrack.platform.async_application import AsyncApplication
    from nextmv_autotrack.platform.tracked_run import TrackedRun
    from nextmv_autotrack.replaying import Replayed, replay
    from nextmv_autotrack.result import RunResult, RunSummary

__all__ = [
    "AmbiguousRunError",
    "Application",
    "AsyncApplication",
    "AutotrackError",
    "DamagedStoreError",
    "DeliveryTimeoutError",
    "InvalidRunError",
    "NotCallableError",
    "NotDeliveredError",
    "PlatformError",
    "RefusedError",
    "ReplayError",
    "Replayed",
    "Run",
    "RunResult",
    "RunSummary",
    "RunTimeoutError",
    "SettingsError",
    "Status",
    "StoreError",
    "TrackedRun",
    "UnknownRunError",
    "UnreachableError",
    "__version__",
    "configure",
    "current_run",
    "flush",
    "last_run",
    "replay",
    "shutdown",
    "track_run",
    "tracked",
]


# Who only tracks functions pays nothing for them.
_WHERE = {
    "Application": "platform.application",
    "AsyncApplication": "platform.async_application",
    "Replayed": "replaying",
    "RunResult": "result",
    "RunSummary": "result",
    "TrackedRun": "platform.tracked_run",
    "replay": "replaying",
}


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        found = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
        globals()[name] = found
        return found
    if name == "__version__":
        # Asking the installed metadata takes milliseconds; few ever do.
        from importlib.metadata import version  # noqa: PLC0415 -- see above

        return version("nextmv-autotrack")
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
