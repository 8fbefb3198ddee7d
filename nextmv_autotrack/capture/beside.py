"""What a call says besides its input: the name of its run, its options, its folders."""

from __future__ import annotations

from sys import modules
from typing import Any

from nextmv_autotrack.capture import nextmv_arguments
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.plan import Plan, text_for
from nextmv_autotrack.capture.recorder import NO_INPUT
from nextmv_autotrack.encode.discreet import Shown
from nextmv_autotrack.encode.option_texts import option_texts


class Beside:
    """What is looked for in the arguments of a call where there may be more than input.

    Args:
        plan: Of the function.
        args: Of the call.
        kwargs: Of the call.
        value: The input, as the settings say.
        named: The arguments by name; None when there is one, which is the input.
    """

    def __init__(
        self,
        plan: Plan,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        value: object,
        named: dict[str, Any] | None,
    ) -> None:
        self.name, self.description = _texts(plan, args, kwargs)
        self.input = value
        self._options: dict[str, str] = {}
        self._notes: list[str] = []
        self._unparsed: list[object] = []
        self._managed_input_id: str | None = None
        self._take_options(plan, named)
        self._folders: tuple[object, object] | None = None
        if plan.has_folders:
            self._folders = _folders(plan, args, kwargs)
            if self._folders[0] is not None:
                self.input = NO_INPUT

    def _take_options(self, plan: Plan, named: dict[str, Any] | None) -> None:
        settings = plan.settings
        if "nextmv" in modules:
            shown = self.input
            value = shown.value if type(shown) is Shown else shown
            given = nextmv_arguments.taken_apart(value, named, plan, self._notes)
            self.input, self._options, self._unparsed, self._managed_input_id = given
            if self.input is value:
                self.input = shown
        elif named is not None:
            found = {name: named[name] for name in settings.options if name in named}
            self._options = option_texts(found, self._notes)

    def tell(self, opened: OpenRun) -> None:
        """Tell a run that has begun what its begin does not say."""
        if self._options:
            opened.call_options = self._options
        for note in self._notes:
            opened.add_last_lines(note)
        if self._unparsed:
            opened.unparsed_options = self._unparsed
        if self._managed_input_id is not None:
            opened.write_managed_input(self._managed_input_id)
        if self._folders is not None:
            _begin_with(opened, *self._folders)


def _texts(
    plan: Plan, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[str, str | None]:
    """Return the name and the description that settings compute from the call."""
    settings = plan.settings
    name, description = plan.name, None
    if callable(settings.name):
        name = text_for(settings.name, name, args, kwargs) or name
    if settings.description is not None:
        description = text_for(settings.description, None, args, kwargs)
    return name, description


def _folders(
    plan: Plan, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[object, object]:
    """Return the folders of the input and of the output of a call."""
    # Few functions have folders, and what packs them takes milliseconds to import.
    from nextmv_autotrack.capture.folders import INPUT_DIR, OUTPUT_DIR, folder_for  # noqa: PLC0415 -- see above

    settings = plan.settings
    return (
        folder_for(INPUT_DIR, settings.input_dir, args, kwargs),
        folder_for(OUTPUT_DIR, settings.output_dir, args, kwargs),
    )


def _begin_with(opened: OpenRun, input_dir: object, output_dir: object) -> None:
    from nextmv_autotrack.capture.folders import begin  # noqa: PLC0415 -- see `_folders`

    begin(opened, input_dir, output_dir)
