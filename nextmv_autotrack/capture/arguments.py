"""A call's arguments by name, and which of them are the input and the options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from nextmv_autotrack import safely
from nextmv_autotrack.capture.parameters import MISSING, Parameters, parameters_of
from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.settings import Settings


class Arguments:
    """Names the arguments of calls of one callable."""

    __slots__ = ("_defaults", "_parameters", "_positional")

    def __init__(self, function: Callable[..., Any]) -> None:
        self._parameters = parameters_of(function)
        known = self._parameters or Parameters((), {}, None)
        self._positional = known.positional
        self._defaults = known.defaults

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names of the parameters; None when the callable does not tell."""
        return None if self._parameters is None else tuple(self._defaults)

    @property
    def takes_one(self) -> bool:
        """Whether there is one parameter, which can be given by position."""
        return len(self._defaults) == len(self._positional) == 1 and (
            self._parameters is not None and self._parameters.signature is None
        )

    def of(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], *, receiver: bool
    ) -> dict[str, Any]:
        """Return the arguments by name, defaults included.

        `receiver`: the first one is the object the call is bound to, which is no
        input. A call that does not fit the parameters, and will fail for it, is taken
        down as it came.
        """
        parameters = self._parameters
        if parameters is None:
            rest = args[1:] if receiver else args
            return _as_it_came(rest, kwargs)
        if parameters.signature is not None:
            return self._by_signature(args, kwargs, receiver=receiver)
        named = self._defaults.copy()
        named.update(zip(self._positional, args, strict=False))
        if kwargs:
            named.update(kwargs)
        if self._fits(args, kwargs, named):
            if receiver:
                named.pop(self._positional[0], None)
            return named
        return _as_it_came(args[1:] if receiver else args, kwargs)

    def _fits(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], named: dict[str, Any]
    ) -> bool:
        """Whether the function would take the call."""
        if len(named) != len(self._defaults) or len(args) > len(self._positional):
            return False
        if kwargs and not kwargs.keys().isdisjoint(self._positional[: len(args)]):
            return False
        return not any(value is MISSING for value in named.values())

    def _by_signature(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], *, receiver: bool
    ) -> dict[str, Any]:
        signature: Any = self._parameters.signature  # type: ignore[union-attr]  # there is one by now
        try:
            named = _bound(signature, args, kwargs)
        except TypeError:
            return _as_it_came(args[1:] if receiver else args, kwargs)
        if receiver and self._positional:
            del named[self._positional[0]]
        elif receiver:
            _drop_from_variadic(named)
        return named


def _bound(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Return what the parameters are bound to, defaults included.

    A keyword named like a parameter that takes none is one of the `**` keywords, which
    `bind` gets wrong: some Pythons refuse it, and 3.13.0 mixes the two up.
    """
    by_position = {
        name
        for name, one in signature.parameters.items()
        if one.kind is one.POSITIONAL_ONLY
    }
    set_aside = {name: kwargs[name] for name in kwargs if name in by_position}
    rest = {name: kwargs[name] for name in kwargs if name not in by_position}
    bound = signature.bind(*args, **rest)
    bound.apply_defaults()
    named = dict(bound.arguments)
    if set_aside:
        last = [*signature.parameters.values()][-1]
        if last.kind is not last.VAR_KEYWORD:
            raise TypeError(set_aside)
        named[last.name] = {
            name: kwargs[name]
            for name in kwargs
            if name in named[last.name] or (name in set_aside)
        }
    return named


def _as_it_came(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    return {"args": list(args), "kwargs": kwargs} if kwargs else {"args": list(args)}


def _drop_from_variadic(named: dict[str, Any]) -> None:
    """The receiver came as the first of `*args`."""
    for name, value in named.items():
        if type(value) is tuple:
            named[name] = value[1:]
            return


def check_names(names: tuple[str, ...] | None, settings: Mapping[str, Any]) -> None:
    """Raise when a setting names an argument that the function does not take."""
    given = settings.get("input")
    inputs = (given,) if isinstance(given, str) else given
    inputs = inputs if isinstance(inputs, tuple) else ()
    options = settings.get("options", ())
    if names is None:
        return
    for setting, wanted in (("input", inputs), ("options", options)):
        for name in wanted:
            if name not in names:
                has = ", ".join(names) or "none"
                msg = f"setting {setting!r} names {name!r}; the arguments are: {has}"
                raise SettingsError(msg)


def input_of(named: dict[str, Any], settings: Settings) -> Any:
    """Return the input among the arguments.

    A single argument is the input itself, several are an object of them by name.
    """
    wanted = settings.input
    if isinstance(wanted, str) and wanted in named:
        return named[wanted]
    if isinstance(wanted, tuple) and not named.keys().isdisjoint(wanted):
        return {name: named[name] for name in wanted if name in named}
    if wanted is not None and not callable(wanted):
        # A setting for all functions, which this one has none of the arguments of.
        safely.warn(
            f"setting 'input' names {wanted!r}, which is no argument of every tracked "
            "function: all arguments are the input there",
            "an input that is no argument",
        )
    if settings.options:
        named = {k: v for k, v in named.items() if k not in settings.options}
    if len(named) == 1:
        return next(iter(named.values()))
    return named
