"""`track_run`: a block of code becomes a run."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from nextmv_autotrack import nextmv_objects, safely
from nextmv_autotrack.capture.context import enclosing, enter, innermost
from nextmv_autotrack.capture.endings import interrupted, raised
from nextmv_autotrack.capture.installed import recorder
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.recorder import NO_INPUT
from nextmv_autotrack.capture.told import settle_status
from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.nextmv_objects import NextmvOptions
from nextmv_autotrack.run import Notes, Run
from nextmv_autotrack.settings import checked

_UNNAMED = "run"

# They look at a call, and a block has none.
_OF_A_FUNCTION = ("output", "metrics")


class track_run:  # noqa: N801 -- it reads as a function, and is used as one
    """Track a block of code as a run.

    `with` and `async with` both work; the run lasts as long as the block. An exception
    in the block makes the run fail and goes on unchanged. The input is taken down when
    it is given; output, metrics, options and assets are taken down when the block ends.

    Example:
        >>> from nextmv_autotrack import track_run
        >>> with track_run(name="nightly", input={"stops": 3}) as run:
        ...     run.output = {"routes": [[1, 2], [3]]}
        ...     run.metrics["value"] = 42.0

    Args:
        name: How the run is listed.
        input: What the run is given; `run.input = ...` sets it later, and
            `input_dir=...`, with the path of a folder, says that its files are it.
        options: The options of the run: a mapping, or nextmv's `Options`.
        settings: See `Settings`; they hold for this run before all others.

    Raises:
        SettingsError: A setting is wrong. Raised here, never from the block.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        input: object = None,  # noqa: A002 -- the word of every signature of ours
        options: Mapping[str, Any] | NextmvOptions | None = None,
        description: str | None = None,
        **settings: Any,
    ) -> None:
        for setting in _OF_A_FUNCTION:
            if setting in settings:
                msg = f"setting {setting!r} is for functions; set run.{setting} instead"
                raise SettingsError(msg)
        for setting in ("input_dir", "output_dir"):
            if callable(settings.get(setting)):
                msg = f"setting {setting!r} of a block must be the path of a folder"
                raise SettingsError(msg)
        if input is not None and settings.get("input_dir") is not None:
            msg = "settings 'input' and 'input_dir' cannot both be given: give one"
            raise SettingsError(msg)
        self._own = checked(settings, of_a_run=True)
        self._name = _line("name", name)
        self._description = _line("description", description)
        self._input = input
        # An object of Nextmv's SDK says more than what the input is.
        self._is_told_later = (
            input is None
            or nextmv_objects.is_input(input)
            or nextmv_objects.is_managed_input(input)
        )
        self._options = _options(options)
        self._entered: list[Notes] = []

    def __enter__(self) -> Run:
        opened = self._begin()
        try:
            if opened is not None:
                self._tell(opened)
            enter(opened)
            notes = opened or self._notes_for_nobody()
            self._entered.append(notes)
            run = notes.run
        except BaseException as interrupt:
            interrupted(opened, interrupt)
            raise
        return run

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        notes: Notes | None = None
        try:
            notes = self._entered_here()
            if isinstance(notes, OpenRun):
                raised(notes, error)
            else:
                settle_status(notes, error)
        except BaseException:
            notes = notes or self._entered_here()
            interrupted(notes if isinstance(notes, OpenRun) else None, error)
            raise
        finally:
            if notes in self._entered:
                self._entered.remove(notes)

    async def __aenter__(self) -> Run:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    def _entered_here(self) -> Notes:
        """Return what this context has entered: others may have, at the same time."""
        around = innermost.get()
        while around is not None:
            if around in self._entered:
                return around
            around = around.parent
        return self._entered[-1]

    def _begin(self) -> OpenRun | None:
        try:
            plan = recorder().plan(self._own, _UNNAMED)
            if not plan.enabled:
                return None
            opened = recorder().open(
                plan,
                self,
                enclosing(),
                self._name or plan.name,
                self._description or _fixed(plan.settings.description),
                NO_INPUT if self._is_told_later else self._input,
            )
        except BaseException as failure:
            if not safely.is_meant_for_us(failure):
                raise
            safely.failed("recording the begin of a run", failure)
            return None
        return opened

    def _tell(self, opened: OpenRun) -> None:
        """Tell a run that has begun what its begin does not say."""
        if self._options:
            opened.set_options(self._options)
        if self._is_told_later and self._input is not None:
            opened.input = self._input
            opened.write_input(self._input)
        if opened.plan.has_folders:
            self._begin_with_folders(opened)

    def _begin_with_folders(self, opened: OpenRun) -> None:
        # Few runs have folders, and what packs them takes milliseconds to import.
        from nextmv_autotrack.capture.folders import begin  # noqa: PLC0415 -- see above

        settings = opened.plan.settings
        given = settings.input_dir if self._input is None else None
        # One that is computed from a call's arguments is not for a block.
        input_dir, output_dir = (
            None if callable(one) else one for one in (given, settings.output_dir)
        )
        begin(opened, input_dir, output_dir)

    def _notes_for_nobody(self) -> Notes:
        """Of a run that is not tracked; the block sees no difference."""
        notes = Notes()
        notes.name = self._name or _UNNAMED
        notes.description = self._description
        notes.input = self._input
        if self._options:
            notes.set_options(self._options)
        return notes


def _fixed(description: object) -> str | None:
    return description if isinstance(description, str) else None


def _line(setting: str, given: object) -> str | None:
    if given is None or (isinstance(given, str) and given.strip()):
        return given
    msg = f"setting {setting!r} of a block must be a text that is not empty"
    raise SettingsError(msg)


def _options(given: object) -> object:
    if nextmv_objects.is_options(given):
        return given
    if given is None or isinstance(given, Mapping):
        return dict(given or {})
    msg = "setting 'options' of a block must be a mapping of names to values"
    raise SettingsError(msg)
