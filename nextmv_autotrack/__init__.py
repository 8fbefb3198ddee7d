"""Every run of a decision model recorded on Nextmv, by one line or none.

Example:
    >>> from nextmv_autotrack import tracked
    >>> @tracked
    ... def solve(data: dict) -> dict:
    ...     return {"solution": sorted(data), "metrics": {"value": len(data)}}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nextmv_autotrack.capture.block import track_run
from nextmv_autotrack.capture.context import current_run, last_run
from nextmv_autotrack.capture.decorator import tracked
from nextmv_autotrack.errors import (
    AmbiguousRunError,
    AutotrackError,
    DamagedStoreError,
    NotCallableError,
    PlatformError,
    RefusedError,
    ReplayError,
    SettingsError,
    StoreError,
    UnknownRunError,
    UnreachableError,
)
from nextmv_autotrack.run import Run, Status
from nextmv_autotrack.tracker import configure, flush, shutdown

if TYPE_CHECKING:
    from nextmv_autotrack.replaying import Replayed, replay

__all__ = [
    "AmbiguousRunError",
    "AutotrackError",
    "DamagedStoreError",
    "NotCallableError",
    "PlatformError",
    "RefusedError",
    "ReplayError",
    "Replayed",
    "Run",
    "SettingsError",
    "Status",
    "StoreError",
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


def __getattr__(name: str) -> Any:
    if name in {"Replayed", "replay"}:
        # Programs that track do not replay, and need not wait for it.
        from nextmv_autotrack import replaying  # noqa: PLC0415

        return getattr(replaying, name)
    if name == "__version__":
        # Asking the installed metadata takes milliseconds; few ever do.
        from importlib.metadata import version  # noqa: PLC0415

        return version("nextmv-autotrack")
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
