"""From a recorded input and recorded options back to the arguments of a call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import orjson

from nextmv_autotrack.errors import ReplayError

_Parameter = inspect.Parameter

_VARIADIC = (_Parameter.VAR_POSITIONAL, _Parameter.VAR_KEYWORD)

# Numbers that JSON has no word for, as options say them.
_NOT_FINITE = frozenset({"inf", "-inf", "nan"})

NO_INPUT = object()
"""Stands for the input of a run that none was recorded of."""

Arguments = tuple[list[Any], dict[str, Any]]


def arguments_for(
    function: Callable[..., Any], given: Any, options: Mapping[str, str]
) -> Arguments:
    """Return the arguments with which a function is called as it was recorded.

    The reverse of how they were taken down: an option goes to the argument of its
    name; the input is the only argument there is besides, or an object of several. A
    folder is a Path, or a str where the function says that it takes one.

    Raises:
        ReplayError: The function does not take them.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return [given], {}  # written in C: it does not say what it takes
    parameters = signature.parameters
    by_name = _options_for(function, parameters, options)
    left = [one for name, one in parameters.items() if name not in by_name]
    if isinstance(given, Path) and left and _takes_text(function, left[0]):
        given = str(given)
    args, kwargs = _input_for(left, given)
    kwargs.update(by_name)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        name = getattr(function, "__qualname__", "the function")
        what = "what was recorded does not fit"
        if given is NO_INPUT:
            what = "no input was recorded, and it takes one to call"
        raise ReplayError(f"{what} {name}{signature}: {error}") from error
    return args, kwargs


def _options_for(
    function: Callable[..., Any],
    parameters: Mapping[str, _Parameter],
    options: Mapping[str, str],
) -> dict[str, Any]:
    takes_any = any(one.kind is _Parameter.VAR_KEYWORD for one in parameters.values())
    hints = _hints(function) if options else {}
    found = {}
    for name, text in options.items():
        parameter = parameters.get(name)
        if parameter is None or parameter.kind in _VARIADIC:
            if takes_any:
                found[name] = _value(text, None, None)
        elif parameter.kind is not _Parameter.POSITIONAL_ONLY:
            found[name] = _value(text, hints.get(name), parameter.default)
    return found


def _takes_text(function: Callable[..., Any], parameter: _Parameter) -> bool:
    """Whether an argument is to be a str, and not a path."""
    hint = _hints(function).get(parameter.name)
    is_union = get_origin(hint) in {Union, UnionType}
    kinds = get_args(hint) if is_union else (hint,)
    return str in kinds or isinstance(parameter.default, str)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except Exception:  # noqa: BLE001 -- they may name what is not there
        return {}


def _value(text: str, hint: Any, default: Any) -> Any:
    """Return what an option was before it became a text."""
    is_union = get_origin(hint) in {Union, UnionType}
    kinds = get_args(hint) if is_union else (hint,)
    if text == "null" and (default is None or type(None) in kinds):
        return None
    if str in kinds or isinstance(default, str):
        return text
    if float in kinds and text in _NOT_FINITE:
        return float(text)
    try:
        value = orjson.loads(text)
    except ValueError:
        return text
    return float(value) if float in kinds and type(value) is int else value


def _input_for(left: list[_Parameter], given: Any) -> Arguments:
    """Return the input as arguments for the parameters that no option goes to."""
    if given is NO_INPUT:
        return [], {}
    if len(left) == 1 and left[0].kind is _Parameter.VAR_POSITIONAL:
        return [*given] if isinstance(given, list) else [given], {}
    if isinstance(given, dict) and _is_by_name(left, given):
        return _by_name(left, given)
    if not left:
        # A function without arguments has an empty object for its input.
        return ([], {}) if given == {} else ([given], {})
    if left[0].kind is _Parameter.KEYWORD_ONLY:
        return [], {left[0].name: given}
    return [given], {}


def _is_by_name(left: list[_Parameter], given: dict[str, Any]) -> bool:
    """Whether an object holds several arguments, rather than being one of them."""
    names = {one.name for one in left}
    if len(left) == 1:
        return left[0].kind is _Parameter.VAR_KEYWORD
    required = {
        one.name
        for one in left
        if one.default is _Parameter.empty and one.kind not in _VARIADIC
    }
    return required <= given.keys() <= names


def _by_name(left: list[_Parameter], given: dict[str, Any]) -> Arguments:
    if len(left) == 1:
        return [], dict(given)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    rest = next((one.name for one in left if one.kind is _Parameter.VAR_POSITIONAL), "")
    for one in (one for one in left if one.name in given):
        value = given[one.name]
        if one.kind is _Parameter.VAR_POSITIONAL:
            args += value
        elif one.kind is _Parameter.VAR_KEYWORD:
            kwargs.update(value)
        elif one.kind is _Parameter.POSITIONAL_ONLY or (
            given.get(rest) and one.kind is _Parameter.POSITIONAL_OR_KEYWORD
        ):
            args.append(value)
        else:
            kwargs[one.name] = value
    return args, kwargs
