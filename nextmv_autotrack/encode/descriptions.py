"""Texts about a value that has no JSON form of its own: its type and its repr."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from orjson import Fragment, dumps

from nextmv_autotrack import safely
from nextmv_autotrack.encode.budget import Budget

# Enough to recognise a thing by. The repr of a model can be many megabytes.
MAX_REPR_CHARS = 1_000

# Longer ones are made by programs, not by people.
_MAX_NAME_CHARS = 200

# An address says nothing to a reader, and would make equal inputs look different.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")

UNPRINTABLE = "<unprintable>"

# Read past whatever a metaclass says.
_static = type.__getattribute__


def type_name(kind: type) -> str:
    """Return `module.Class`, without the module for built-ins."""
    try:
        name, module = _static(kind, "__qualname__"), _static(kind, "__module__")
        name = str.__str__(name)
        if type(module) is str and module != "builtins":
            name = f"{module}.{name}"
        return encodable(name[:_MAX_NAME_CHARS])
    except Exception:  # noqa: BLE001 -- a class can say anything about itself
        return "?"


def text_of(value: object, say: Callable[[object], str] = repr) -> str:
    """Return what a value says: bounded, without addresses, never raising."""
    try:
        text = str.__str__(say(value))
    except BaseException as error:
        if not safely.is_meant_for_us(error):
            raise
        return UNPRINTABLE
    return cut(_ADDRESS.sub("", str.__getitem__(text, slice(2 * MAX_REPR_CHARS))))


def cut(text: str) -> str:
    """Return a text that can be encoded and is no longer than a repr may be."""
    if len(text) > MAX_REPR_CHARS:
        text = text[:MAX_REPR_CHARS] + "…"
    return encodable(text)


def described(value: Any, budget: Budget) -> Fragment:
    """Return `{"repr": …, "type": …}`, for what has no form of its own."""
    text = text_of(value)
    budget.look_at_the_clock()
    return described_as(text, type(value), budget)


def described_as(text: str, kind: type, budget: Budget) -> Fragment:
    """Return the same with a repr that is not Python's."""
    body = dumps({"repr": text, "type": type_name(kind)})
    budget.spend_bytes(len(body))
    return Fragment(body)


def encodable(text: str) -> str:
    r"""Return the text with every lone surrogate spelled out, as `\udc80`."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text
