"""What a test sees of the runs that were recorded."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from nextmv_autotrack.status import Status

# A page of a terminal: what is longer is to be looked at in a debugger.
_MAX_SHOWN_LINES = 20

_shown = reprlib.Repr()
_shown.maxdict = _shown.maxlist = 12
_shown.maxstring = _shown.maxother = 200


@dataclass(frozen=True, kw_only=True)
class RecordedRun:
    """One run as it was recorded, its values read back from JSON.

    A tuple has become a list by then, an enum its value, what is secret `[redacted]`: as
    the platform has it. A folder is a dict of its files, as bytes by their names.

    Example:
        >>> from nextmv_autotrack.testing import RecordedRun
        >>> def check(run: RecordedRun) -> None:
        ...     assert (run.name, run.status) == ("solve", "succeeded")
        ...     assert run.input == {"stops": 3}
        ...     assert run.metrics["value"] < 100
        ...     assert any("two vehicles" in line for line in run.logs)
    """

    id: str
    name: str
    description: str | None = None
    status: Status = Status.RUNNING
    input: Any = None
    output: Any = None
    """Without its metrics and its assets, which stand apart."""
    metrics: dict[str, Any] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    assets: list[Any] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    """Lines, those of a traceback at the end."""
    error: str | None = None
    """One line, when the run has failed."""
    duration: float | None = None
    """Seconds; None while it is in progress, and when its process died."""
    parent_id: str | None = None
    """The id of the run inside which this one began."""
    app_id: str | None = None
    instance_id: str | None = None

    def __repr__(self) -> str:
        said = {
            "input": self.input,
            "options": self.options,
            "output": self.output,
            "metrics": self.metrics,
            "error": self.error,
        }
        shown = [f"{k}={_shown.repr(v)}" for k, v in said.items() if v]
        if self.logs:
            shown.append(f"{len(self.logs)} line{'s' * (len(self.logs) != 1)} of log")
        return f"<{' '.join([self.name, self.status.value, *shown])}>"


class RecordedRuns(Sequence[RecordedRun]):
    """The runs recorded so far, in the order in which they began.

    It grows as runs begin; a run in progress is there as `running`. Each look gives the
    run as it stands then.

    Example:
        >>> from nextmv_autotrack import track_run
        >>> from nextmv_autotrack.testing import recording
        >>> with recording() as runs:
        ...     with track_run(name="nightly", input={"stops": 3}) as run:
        ...         run.metrics["value"] = 42.0
        >>> runs
        [<nightly succeeded input={'stops': 3} metrics={'value': 42.0}>]
        >>> runs.named("nightly").metrics
        {'value': 42.0}
    """

    def __init__(self, read: Callable[[], list[RecordedRun]]) -> None:
        self._read = read

    @overload
    def __getitem__(self, at: int) -> RecordedRun: ...
    @overload
    def __getitem__(self, at: slice) -> list[RecordedRun]: ...
    def __getitem__(self, at: int | slice) -> RecordedRun | list[RecordedRun]:
        runs = self._read()
        if isinstance(at, int) and not -len(runs) <= at < len(runs):
            raise IndexError(f"no run {at}: recorded so far are {runs}")
        return runs[at]

    def __iter__(self) -> Iterator[RecordedRun]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (list, RecordedRuns)) and self._read() == [*other]

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return repr(self._read())

    def __str__(self) -> str:
        return "\n".join(_page(run) for run in self._read())

    def named(self, name: str) -> RecordedRun:
        """Return the one run of that name.

        Raises:
            LookupError: There is none, or there are several.
        """
        found = [run for run in self._read() if run.name == name]
        if len(found) != 1:
            raise LookupError(f"{len(found)} runs are named {name!r} in {self!r}")
        return found[0]

    def inside(self, run: RecordedRun) -> list[RecordedRun]:
        """Return the runs that began inside a run, and inside no other between."""
        return [one for one in self._read() if one.parent_id == run.id]


def _page(run: RecordedRun) -> str:
    """All of a run that fits, for people."""
    lines = run.logs[-_MAX_SHOWN_LINES:]
    left_out = len(run.logs) - len(lines)
    head = [repr(run)] + ([f"    ... {left_out} lines"] if left_out else [])
    return "\n".join([*head, *(f"    {line}" for line in lines)])
