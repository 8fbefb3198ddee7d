"""What the platform says of a run: in a list, and in full."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nextmv_autotrack.status import Status


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """A run as the platform lists it."""

    id: str
    """The platform's id."""
    name: str
    description: str = field(repr=False)
    status: Status
    created_at: float | None
    """Seconds since 1970, by the platform's clock."""
    instance_id: str = field(repr=False)
    metrics: dict[str, Any] = field(repr=False)
    url: str = field(repr=False)
    """The run's page."""


@dataclass(frozen=True, kw_only=True)
class RunResult(RunSummary):
    """A run as it stands on the platform.

    Example:
        >>> from nextmv_autotrack import Application
        >>> def report(app: Application, run_id: str) -> str:
        ...     result = app.run(run_id)
        ...     return f"{result.status.value} in {result.duration} s: {result.metrics}"
    """

    duration: float | None
    """Seconds."""
    output: Any = field(repr=False)
    """JSON as Python values, a text, or the bytes of an archive (`.tar.gz`) when the
    output is several files. None while there is none."""
    error: str | None
    """Why the run failed."""
    logs: str = field(repr=False)
    """Lines of text."""
    options: dict[str, str] = field(repr=False)
