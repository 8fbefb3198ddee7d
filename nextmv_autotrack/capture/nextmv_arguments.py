"""Objects of Nextmv's own SDK among the arguments of a call: what is input, what option."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from nextmv_autotrack import nextmv_objects, safely
from nextmv_autotrack.capture.arguments import input_of
from nextmv_autotrack.capture.plan import Plan
from nextmv_autotrack.encode.discreet import Discreet
from nextmv_autotrack.encode.option_texts import option_texts
from nextmv_autotrack.settings import Settings

# By id, since the hash of a class is up to its metaclass.
_PLAIN = frozenset(
    map(id, (dict, list, tuple, set, str, bytes, int, float, bool, type(None)))
)


def are_possible(value: object, named: dict[str, Any] | None) -> bool:
    """Whether there may be any: looked at before anything is made for them."""
    if id(type(value)) not in _PLAIN:
        return True
    if named is not None:
        for one in named.values():
            if id(type(one)) not in _PLAIN:
                return True
    return False


class Given(NamedTuple):
    """What a call was given, with nothing of the SDK around it."""

    input: Any
    options: dict[str, str]
    unparsed: list[object]
    """Options that nobody had parsed by then: the model may do so."""
    managed_input_id: str | None
    """The platform's id of the input, if it has it."""


class _OptionsFound:
    """The options that objects bring along; later ones go before earlier ones."""

    def __init__(self, discreet: Discreet, notes: list[str]) -> None:
        self._shown = discreet.members
        self._notes = notes
        self.values: dict[str, Any] = {}
        self.unparsed: list[object] = []

    def add(self, options: object) -> None:
        if nextmv_objects.is_options(options):
            values = nextmv_objects.options_of(options)
            if values is None:
                self.unparsed.append(options)
            else:
                self.values.update(self._shown(values))
        elif isinstance(options, Mapping):
            self.values.update(self._shown({**options}))

    def given(self, value: object) -> Given:
        managed = nextmv_objects.managed_input_id(value)
        texts = option_texts(self.values, self._notes)
        return Given(value, texts, self.unparsed, managed)

    def without_input(self, value: object) -> Any:
        """Return what is in an `Input`, its options noted; else the value itself."""
        if not nextmv_objects.is_input(value):
            return value
        self.add(nextmv_objects.input_options(value))
        return nextmv_objects.input_data(value)


def taken_apart(
    value: object, named: dict[str, Any] | None, plan: Plan, notes: list[str]
) -> Given:
    """Return the input and the options of a call.

    An `Input` is its data, and its options are the run's; so are those of an argument
    that is an `Options`. What the setting names goes before them.

    Args:
        value: The input, as the settings say.
        named: The arguments by name; None when there is one, which is the input.
        plan: Of the function.
        notes: Gets what is to be said of options that are not whole.
    """
    try:
        return _taken_apart(value, named, plan, notes)
    except Exception as error:  # noqa: BLE001 -- a class that was made of one of theirs
        safely.failed("reading what is in an object of Nextmv's SDK", error)
        return Given(value, {}, [], None)


def _taken_apart(
    value: object, named: dict[str, Any] | None, plan: Plan, notes: list[str]
) -> Given:
    settings, found = plan.settings, _OptionsFound(plan.discreet, notes)
    if named is None:
        if nextmv_objects.is_options(value):
            found.add(value)
            value = {}  # as of a function without arguments
        value = found.without_input(value)
        return found.given(value)
    left = _left_of(named, settings, found)
    if callable(settings.input):
        value = found.without_input(value)
    elif any(left.get(name, left) is not one for name, one in named.items()):
        value = input_of(left, settings)
    found.values.update({k: left[k] for k in settings.options if k in left})
    return found.given(value)


def _left_of(
    named: dict[str, Any], settings: Settings, found: _OptionsFound
) -> dict[str, Any]:
    """Return the arguments that are no options, in the order they came in."""
    wanted = settings.input
    inputs = (wanted,) if isinstance(wanted, str) else wanted
    left: dict[str, Any] = {}
    for name, value in named.items():
        is_asked_for = isinstance(inputs, tuple) and name in inputs
        if nextmv_objects.is_options(value) and not is_asked_for:
            found.add(value)
        else:
            left[name] = found.without_input(value)
    return left
