"""The JSON form of each type that orjson does not know."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import fractions
import pathlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from enum import Enum
from types import (
    BuiltinFunctionType,
    FunctionType,
    MethodType,
    ModuleType,
)
from typing import Any

from orjson import Fragment

from nextmv_autotrack.encode.numpy_forms import numpy_form
from nextmv_autotrack.encode.summary import summary_of, type_name

# Enough to recognise a thing by, and to find it in a log.
MAX_REPR_CHARS = 1000

# A sequence that computes its items may say that it has any number of them.
MAX_ITEMS_OF_A_STRANGER = 100_000

Form = Callable[[Any], Any]


def form_of(value: object, *, max_bytes: int) -> Any:
    """Return `value` as something orjson knows, or can ask for again.

    No `Exception` comes out of it, whatever the object does when it is looked at.
    """
    try:
        for parent in type(value).__mro__:
            form = _FORMS.get(parent)
            if form is not None:
                return form(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return _bytes_form(value, max_bytes)
        found = numpy_form(value, max_bytes)
        return _stranger(value) if found is None else found
    except Exception:  # noqa: BLE001 -- code of the user's
        return described(value)


def described(value: object) -> dict[str, str]:
    """Return what can be said of any object: its type, and its bounded `repr`."""
    told = {"type": type_name(value)}
    try:
        text = repr(value)
        if len(text) > MAX_REPR_CHARS:
            text = f"{text[:MAX_REPR_CHARS]}... ({len(text)} characters)"
    except Exception as error:  # noqa: BLE001 -- a __repr__ of the user's
        text = f"<repr failed: {type(error).__qualname__}>"
    told["repr"] = text.encode("utf-8", "backslashreplace").decode()
    return told


def _stranger(value: object) -> Any:
    """A type that says by its methods what it is."""
    if isinstance(value, Mapping):
        return dict(value.items())
    if isinstance(value, (AbstractSet, Sequence, ValuesView)):
        if len(value) > MAX_ITEMS_OF_A_STRANGER:
            return described(value)
        return list(value)
    return described(value)


def _bytes_form(value: bytes | bytearray | memoryview, max_bytes: int) -> Any:
    if len(value) > max_bytes:
        return Fragment(summary_of(value, None, max_bytes))
    return {"base64": base64.b64encode(value).decode("ascii")}


def _tuple_form(value: tuple[Any, ...]) -> Any:
    names = getattr(type(value), "_fields", None)
    if isinstance(names, tuple) and len(names) == len(value):
        return dict(zip(names, value, strict=True))
    return list(value)


def _set_form(value: set[Any] | frozenset[Any]) -> list[Any]:
    try:
        return sorted(value)
    except Exception:  # noqa: BLE001 -- items of different types, or with strange ones
        return list(value)


def _decimal_form(value: decimal.Decimal) -> Any:
    if not value.is_finite():
        return None
    # As it stands, and not as a float: 0.1 stays 0.1.
    return Fragment(str(value).encode("ascii"))


def _named(value: Any) -> dict[str, str]:
    return {
        "type": type_name(value),
        "repr": f"{value.__module__}.{value.__qualname__}",
    }


_FORMS: dict[type, Form] = {
    tuple: _tuple_form,
    set: _set_form,
    frozenset: _set_form,
    deque: list,
    type({}.keys()): list,
    type({}.values()): list,
    type({}.items()): list,
    float: float,
    int: int,
    str: str,
    complex: lambda value: {"real": value.real, "imag": value.imag},
    decimal.Decimal: _decimal_form,
    fractions.Fraction: str,
    dt.timedelta: lambda value: value.total_seconds(),
    dt.time: lambda value: value.isoformat(),
    dt.datetime: lambda value: value.isoformat(),
    dt.date: lambda value: value.isoformat(),
    dt.tzinfo: str,
    pathlib.PurePath: str,
    Enum: lambda value: value.value,
    FunctionType: _named,
    MethodType: _named,
    type: _named,
    BuiltinFunctionType: described,
    ModuleType: described,
    range: described,
}
"""Looked up along the MRO, so that a subclass has the form of its parent."""
