"""What a callable takes: the names of its parameters and their defaults."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple


class Missing:
    """Stands for an argument that was not given and has no default."""

    def __repr__(self) -> str:
        return "<not given>"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING = Missing()


class Parameters(NamedTuple):
    """The parameters of a callable."""

    positional: tuple[str, ...]
    """Those that can be given by position, in order."""
    defaults: dict[str, Any]
    """Every parameter in order, with its default or `MISSING`."""
    signature: inspect.Signature | None
    """What binds a call that has `*args` or `**kwargs`; None for a plain one."""


# Attributes by which a function speaks for another one.
_OTHER_ANSWERS = {"__wrapped__", "__signature__"}


def parameters_of(function: Callable[..., Any]) -> Parameters | None:
    """Return the parameters of `function`, or None when it does not tell.

    They are read off the code object where that is the whole truth: a signature would
    evaluate the annotations, which may name what cannot be imported (Python 3.14).
    """
    if type(function) is FunctionType and not _OTHER_ANSWERS & vars(function).keys():
        plain = _from_code(function)
        if plain is not None:
            return plain
    try:
        return _from_signature(_signature(function))
    except Exception:  # noqa: BLE001 -- C functions, and objects that answer oddly
        return None


def _from_code(function: FunctionType) -> Parameters | None:
    code = function.__code__
    if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        return None
    if code.co_posonlyargcount:
        # A keyword of that name is then no such argument; the signature knows.
        return None
    positional = code.co_varnames[: code.co_argcount]
    given = function.__defaults__ or ()
    defaults: dict[str, Any] = dict.fromkeys(positional, MISSING)
    defaults.update(zip(positional[len(positional) - len(given) :], given, strict=True))
    by_keyword = function.__kwdefaults__ or {}
    total = code.co_argcount + code.co_kwonlyargcount
    for name in code.co_varnames[code.co_argcount : total]:
        defaults[name] = by_keyword.get(name, MISSING)
    return Parameters(positional, defaults, None)


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    if sys.version_info >= (3, 14):
        import annotationlib  # noqa: PLC0415 -- since Python 3.14

        return inspect.signature(
            function, annotation_format=annotationlib.Format.FORWARDREF
        )
    return inspect.signature(function)


def _from_signature(signature: inspect.Signature) -> Parameters:
    listed = signature.parameters.values()
    defaults = {
        item.name: MISSING if item.default is item.empty else item.default
        for item in listed
    }
    positional = tuple(
        item.name
        for item in listed
        if item.kind in (item.POSITIONAL_ONLY, item.POSITIONAL_OR_KEYWORD)
    )
    simple = all(
        item.kind in (item.POSITIONAL_OR_KEYWORD, item.KEYWORD_ONLY) for item in listed
    )
    return Parameters(positional, defaults, None if simple else signature)
