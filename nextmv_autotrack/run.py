"""A run: its words, and the run in progress as its function sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, Protocol, TypeVar

from nextmv_autotrack import safely


class Status(str, Enum):
    """How a run is doing, in the platform's words."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Delivery(str, Enum):
    """How far a run is on its way to the platform."""

    LOCAL = "local"
    """It stays in the local store."""

    WAITING = "waiting"
    """It is meant for the platform, which does not have it yet."""

    DELIVERED = "delivered"
    """The platform has it."""

    REJECTED = "rejected"
    """The platform said no for good."""


_RUNNING = Status.RUNNING


class Notes(Protocol):
    """Where a run in progress writes down what it is told."""

    def set_input(self, value: object) -> None:
        """Keep `value`, as it is now, as the input."""

    def add_log(self, text: object) -> None:
        """Keep lines of log."""


class Run:
    """One run, while it is in progress and after it has ended.

    Nothing that is set here can raise: what cannot be recorded is left out with a
    warning. Once the run has ended, setting things has no effect any more.

    Example:
        >>> from nextmv_autotrack import track_run
        >>> with track_run(name="nightly", input={"stops": 3}) as run:
        ...     run.log("two vehicles are enough")
        ...     run.metrics["value"] = 42.0
        ...     run.output = {"routes": [[1, 2], [3]]}
        >>> run.status.value
        'succeeded'
    """

    # The parts of a run live as long as the run is open: a Run that is kept, for
    # instance by `last_run`, must not keep a large input or output in memory.
    __slots__ = (
        "__weakref__",
        "_assets",
        "_input",
        "_metrics",
        "_notes",
        "_options",
        "_output",
        "_reason",
        "description",
        "duration",
        "error",
        "id",
        "name",
        "parent_id",
        "started_at",
        "status",
    )

    def __init__(
        self,
        id: str,  # noqa: A002 -- the word of the design, and of every table
        name: str,
        description: str | None,
        parent_id: str | None,
        started_at: float,
    ) -> None:
        self.id = id
        """Ours, a UUID that sorts by time."""
        self.name = name
        self.description = description
        self.parent_id = parent_id
        """The run inside which this one began."""
        self.started_at = started_at
        """Seconds since 1970."""
        self.status = _RUNNING
        self.duration: float | None = None
        """Seconds, by a clock that does not jump."""
        self.error: str | None = None
        """One line, when the run has failed."""
        self._notes: Notes | None = None
        self._input: object = None
        self._output: object = None
        self._metrics: dict[str, Any] | None = None
        self._options: dict[str, Any] | None = None
        self._assets: list[Any] | None = None
        self._reason: object = None

    def __repr__(self) -> str:
        return f"<Run {self.id} {self.name!r} {self.status.value}>"

    @property
    def input(self) -> Any:
        """What the run is given; frozen when it is set. None once the run has ended."""
        return self._input

    @input.setter  # noqa: A003 -- see above
    def input(self, value: object) -> None:
        if self.status is _RUNNING:
            self._input = value
        if self._notes is not None:
            self._notes.set_input(value)

    @property
    def output(self) -> Any:
        """What came out; recorded when the run ends. None once it has ended."""
        return self._output

    @output.setter
    def output(self, value: object) -> None:
        if self.status is _RUNNING:
            self._output = value

    @property
    def metrics(self) -> dict[str, Any]:
        """Numbers and short texts to compare runs by; recorded when the run ends."""
        if self._metrics is None:
            self._metrics = {}
        return self._metrics

    @metrics.setter
    def metrics(self, value: Mapping[str, Any] | None) -> None:
        self._metrics = _made(dict, value, "metrics")

    @property
    def options(self) -> dict[str, Any]:
        """The options of the run, recorded as texts when it ends."""
        if self._options is None:
            self._options = {}
        return self._options

    @options.setter
    def options(self, value: Mapping[str, Any] | None) -> None:
        self._options = _made(dict, value, "options")

    @property
    def assets(self) -> list[Any]:
        """Assets in the platform's shape; recorded when the run ends."""
        if self._assets is None:
            self._assets = []
        return self._assets

    @assets.setter
    def assets(self, value: Iterable[Any] | None) -> None:
        self._assets = _made(list, value, "assets")

    def log(self, text: object) -> None:
        """Add one or more lines to the logs of the run."""
        if self._notes is not None:
            self._notes.add_log(text)

    def fail(self, reason: object) -> None:
        """Let the run end as failed, without an exception."""
        if self._notes is not None:
            self._reason = reason


_Made = TypeVar("_Made")


def _made(kind: Callable[[Any], _Made], value: object, what: str) -> _Made | None:
    """Return `value` as a dict or a list of our own, or None with a warning."""
    if value is None:
        return None
    try:
        return kind(value)
    except Exception as error:  # noqa: BLE001 -- nothing that is set may raise
        safely.warn(f"run.{what} is left out: {type(error).__name__}: {error}")
        return None
