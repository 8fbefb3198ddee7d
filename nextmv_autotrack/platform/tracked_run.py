"""A run that was made elsewhere, as it is told to the platform."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nextmv_autotrack.encode.option_texts import option_texts
from nextmv_autotrack.platform import nextmv_values, run_fields
from nextmv_autotrack.status import Status


@dataclass(frozen=True, init=False, eq=False, repr=False)
class TrackedRun:
    """A run that was made elsewhere: what went in, what came out, and how it went.

    Everything is checked here, before anything is sent; values are encoded when the run
    is tracked. One `TrackedRun` becomes one run of an application, however often it is
    tracked: after an error, tracking it again is safe. In another account, instance or
    batch experiment it is another run. `dataclasses.replace` makes a new one of it.

    Example:
        >>> from nextmv_autotrack import TrackedRun
        >>> TrackedRun(
        ...     "succeeded",
        ...     input={"stops": 3},
        ...     output={"routes": [[1, 2], [3]]},
        ...     metrics={"value": 42.0},
        ...     duration=1.5,
        ...     logs=["two vehicles are enough"],
        ... )
        <TrackedRun succeeded in 1.5 s>

    Args:
        status: `succeeded` or `failed`.
        input: A dict, a text, any other value, or nextmv's `Input`; a text is sent as
            text, all else as JSON.
        output: As the input. A dict (or nextmv's `Output`) is a document of its own,
            with `metrics` and `assets` in it; any other value is put under `solution`.
        duration: Seconds, or a timedelta.
        error: Why the run failed, in one line.
        logs: A text, or its lines.
        name: How the run is listed; up to 128 characters.
        description: What more is said of it.
        options: Of the run; sent as texts.
        metrics: Numbers and short texts to compare runs by.
        statistics: As the platform once called metrics.
        assets: Figures, charts, maps, or assets in the platform's shape.
        input_dir: A folder whose files are the input, instead of `input`.
        output_dir: A folder whose files are the output, instead of `output`.
        started_at: A datetime, or seconds since 1970; when left out, as long ago as the
            run took.

    Raises:
        InvalidRunError: A field is wrong; the error names it.
    """

    status: Status
    input: Any
    output: Any
    duration: float | None
    """Seconds."""
    error: str | None
    logs: str
    name: str | None
    description: str | None
    options: dict[str, str]
    metrics: dict[str, Any]
    statistics: dict[str, Any]
    assets: list[dict[str, Any]]
    input_dir: Path | None
    output_dir: Path | None
    started_at: float | None
    """Seconds since 1970."""

    def __init__(  # noqa: PLR0913 -- what there is to say of a run
        self,
        status: Status | str,
        *,
        input: Any = None,  # noqa: A002 -- the word of every signature of ours
        output: Any = None,
        duration: float | timedelta | None = None,
        error: str | None = None,
        logs: str | Iterable[str] | None = None,
        name: str | None = None,
        description: str | None = None,
        options: Mapping[str, Any] | None = None,
        metrics: Mapping[str, Any] | None = None,
        statistics: Mapping[str, Any] | None = None,
        assets: Sequence[Mapping[str, Any]] | None = None,
        input_dir: str | os.PathLike[str] | None = None,
        output_dir: str | os.PathLike[str] | None = None,
        started_at: datetime | float | None = None,
    ) -> None:
        run_fields.together(input=input, input_dir=input_dir)
        run_fields.together(output=output, output_dir=output_dir)
        # Frozen: what has been checked stays so.
        vars(self).update(
            status=run_fields.status(status),
            input=nextmv_values.input_data(input),
            output=nextmv_values.output_document(output),
            duration=run_fields.duration(duration),
            error=run_fields.text("error", error),
            logs=run_fields.log_text(logs),
            name=run_fields.text("name", name),
            description=run_fields.text("description", description),
            options=option_texts(run_fields.mapping("options", options)),
            metrics=run_fields.mapping("metrics", metrics),
            statistics=run_fields.mapping("statistics", statistics),
            assets=run_fields.assets(assets),
            input_dir=run_fields.folder("input_dir", input_dir),
            output_dir=run_fields.folder("output_dir", output_dir),
            started_at=run_fields.started_at(started_at),
            # Not a field: one that is made of this one is another run.
            _submissions={},
        )

    def __repr__(self) -> str:
        if "status" not in vars(self):
            return "<TrackedRun>"  # a traceback shows it while a field of it is wrong
        # Not the values: they are the user's, and may be large.
        name = f" {self.name!r}" if self.name else ""
        took = f" in {self.duration:g} s" if self.duration is not None else ""
        return f"<TrackedRun{name} {self.status.value}{took}>"


_NAMES = frozenset(item.name for item in fields(TrackedRun))


def as_tracked_run(value: object) -> TrackedRun:
    """Return a `TrackedRun` as it is, and the vendor's as one of ours.

    Raises:
        InvalidRunError: It is neither, or a field of it is wrong.
    """
    if isinstance(value, TrackedRun):
        return value
    found = nextmv_values.tracked_run_fields(value)
    if found is None:
        raise run_fields.wrong("run", "a TrackedRun", value)
    return TrackedRun(**{k: v for k, v in found.items() if k in _NAMES})
