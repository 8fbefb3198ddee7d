"""A run, as its function sees it while it is in progress and others do afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nextmv_autotrack import nextmv_objects
from nextmv_autotrack.clock import NS_PER_S
from nextmv_autotrack.kept import kept, several_assets
from nextmv_autotrack.nextmv_objects import NextmvOptions
from nextmv_autotrack.sent_run import SentRun
from nextmv_autotrack.status import Status
from nextmv_autotrack.whereabouts import Place

_RUNNING = Status.RUNNING


class Notes:
    """What is known of one run: what it is, what it was told, and how it ended.

    By itself it is written nowhere; `capture` has the kind that is.
    """

    # On the class what few runs have, so that the others need not set it.
    id = ""
    """Ours, a UUID that sorts by time."""
    name = ""
    description: str | None = None
    parent_id: str | None = None
    started_ns = 0
    """Nanoseconds since 1970."""
    status = _RUNNING
    duration_ns: int | None = None
    error: str | None = None
    """One line, when the run has failed."""
    input: object = None
    output: object = None
    metrics: dict[str, Any] | None = None
    options: dict[str, Any] | None = None
    unparsed_options: list[object] | None = None
    """Objects of Nextmv's SDK that have options once the model has asked for one."""
    assets: list[Any] | None = None
    input_dir: object = None
    """A folder whose files are the input, instead of `input`."""
    output_dir: object = None
    reason: object = None
    """Why the run is to fail, when it was said; None says that it is not."""
    is_left_out = False
    """Whether chance did not choose it (`sample`), so that it is recorded nowhere."""
    place: Place | None = None
    """Where it is on the platform, once somebody has asked and it was delivered."""
    face: Run | None = None
    """The run as its users see it, once somebody has asked."""

    @property
    def run(self) -> Run:
        """The run as its users see it."""
        # In one step, so that threads that ask at once get the same.
        face: Run = self.face or self.__dict__.setdefault("face", Run(self))
        return face

    def set_options(self, options: object) -> None:
        """Take options instead of those there are: a mapping, or nextmv's `Options`."""
        self.unparsed_options = None
        if nextmv_objects.is_options(options):
            self.options = nextmv_objects.options_of(options)
            if self.options is None:
                self.unparsed_options = [options]
        else:
            self.options = kept(dict, options, "options", self.run.log)

    def write_input(self, value: object) -> None:
        """Keep `value`, as it is now, as the input."""

    def write_input_dir(self) -> None:
        """Keep the files of the input folder, as they are now, as the input."""

    def write_lines(self, text: object) -> None:
        """Keep lines of log."""


_OF_AN_ENDED_RUN = (
    "id",
    "name",
    "description",
    "parent_id",
    "started_ns",
    "status",
    "duration_ns",
    "error",
    "is_left_out",
    "place",
)


class Run(SentRun):
    """One run, while it is in progress and after it has ended.

    Nothing that is set here can raise: what cannot be recorded is left out with a
    warning. Once the run has ended, setting things has no effect any more; then `wait`
    and `result` tell what has become of it on the platform.

    Example:
        >>> from nextmv_autotrack import track_run
        >>> with track_run(name="nightly", input={"stops": 3}) as run:
        ...     run.log("two vehicles are enough")
        ...     run.metrics["value"] = 42.0
        ...     run.output = {"routes": [[1, 2], [3]]}
        >>> run.status.value
        'succeeded'
    """

    __slots__ = ("__weakref__", "_notes")

    _notes: Notes

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def __repr__(self) -> str:
        return f"<Run {self.id} {self.name!r} {self.status.value}>"

    def __copy__(self) -> Run:
        # Objects that refer to the run they belong to can still be copied.
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Run:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # In another process it is what it was here, and written down nowhere.
        known = {name: getattr(self._notes, name) for name in _OF_AN_ENDED_RUN}
        # Not at the top: few runs are sent anywhere.
        from nextmv_autotrack.run_table import short  # noqa: PLC0415 -- see above

        # Numbers and texts: an object of the user's may not let itself be sent.
        known["metrics"] = short(self._notes.metrics or {})
        return _as_known, (known,)

    @property
    def id(self) -> str:
        """Our id, which sorts by time."""
        return self._notes.id

    @property
    def name(self) -> str:
        """How the run is listed."""
        return self._notes.name

    @property
    def description(self) -> str | None:
        """What more is said of it."""
        return self._notes.description

    @property
    def parent_id(self) -> str | None:
        """The id of the run inside which this one began."""
        return self._notes.parent_id

    @property
    def status(self) -> Status:
        """How it is doing."""
        return self._notes.status

    @property
    def started_at(self) -> float:
        """Seconds since 1970."""
        return self._notes.started_ns / NS_PER_S

    @property
    def duration(self) -> float | None:
        """Seconds, by a clock that does not jump; None while it is in progress."""
        ns = self._notes.duration_ns
        return None if ns is None else ns / NS_PER_S

    @property
    def error(self) -> str | None:
        """One line, when the run has failed."""
        return self._notes.error

    @property
    def input(self) -> Any:
        """What the run is given; frozen when it is set. None once the run has ended."""
        return self._notes.input

    @input.setter  # noqa: A003 -- the word of every signature of ours
    def input(self, value: object) -> None:
        if self._notes.status is _RUNNING:
            self._notes.input = value
            self._notes.write_input(value)

    @property
    def output(self) -> Any:
        """What came out; recorded when the run ends. None once it has ended."""
        return self._notes.output

    @output.setter
    def output(self, value: object) -> None:
        if self._notes.status is _RUNNING:
            self._notes.output = value

    @property
    def input_dir(self) -> Any:
        """A folder whose files are the input; frozen when it is set."""
        return self._notes.input_dir

    @input_dir.setter
    def input_dir(self, folder: object) -> None:
        if self._notes.status is _RUNNING and folder is not None:
            self._notes.input_dir = folder
            self._notes.write_input_dir()

    @property
    def output_dir(self) -> Any:
        """A folder whose files are the output; recorded when the run ends."""
        return self._notes.output_dir

    @output_dir.setter
    def output_dir(self, folder: object) -> None:
        if self._notes.status is _RUNNING:
            self._notes.output_dir = folder

    @property
    def metrics(self) -> dict[str, Any]:
        """Numbers and short texts to compare runs by; recorded when the run ends."""
        if self._notes.metrics is None:
            self._notes.metrics = {}
        return self._notes.metrics

    @metrics.setter
    def metrics(self, value: Mapping[str, Any] | None) -> None:
        self._notes.metrics = kept(dict, value, "metrics", self.log)

    @property
    def options(self) -> dict[str, Any]:
        """The options of the run, recorded as texts when it ends."""
        if self._notes.options is None:
            self._notes.options = {}
        return self._notes.options

    @options.setter
    def options(self, value: Mapping[str, Any] | NextmvOptions | None) -> None:
        self._notes.set_options(value)

    @property
    def assets(self) -> list[Any]:
        """Figures, charts, maps, GeoJSON, or assets in the platform's shape.

        Recorded as they are when the run ends.
        """
        if self._notes.assets is None:
            self._notes.assets = []
        return self._notes.assets

    @assets.setter
    def assets(self, value: object) -> None:
        self._notes.assets = kept(several_assets, value, "assets", self.log)

    def log(self, text: object) -> None:
        """Add one or more lines to the logs of the run."""
        if self._notes.status is _RUNNING:
            self._notes.write_lines(text)

    def fail(self, reason: object) -> None:
        """Let the run end as failed, without an exception."""
        if self._notes.status is _RUNNING:
            self._notes.reason = reason if reason is not None else ""


def _as_known(known: dict[str, Any]) -> Run:
    notes = Notes()
    vars(notes).update(known)
    return notes.run
