"""What users set on a run, kept as dicts and lists of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from nextmv_autotrack import nextmv_objects, safely

_NO_ASSETS = (bool, int, float, str, bytes)
_SEVERAL = (Sequence, AbstractSet, ValuesView, Iterator)

_OF_PYTHON = (*_NO_ASSETS, list, tuple, set, frozenset)

_Kept = TypeVar("_Kept")


def several_assets(value: Any) -> list[Any]:
    """Return several assets as a list of our own, and one as a list of it."""
    kind = type(value)
    if issubclass(kind, _NO_ASSETS):
        raise TypeError(f"{kind.__name__} is neither an asset nor a list of them")
    # Not whatever can be iterated: a figure gives its parts then, and a dict its keys.
    return [*value] if issubclass(kind, _SEVERAL) else [value]


def kept(
    kind: Callable[[Any], _Kept],
    value: object,
    what: str,
    log: Callable[[str], object],
) -> _Kept | None:
    """Return `value` as a dict or a list of our own, or None with a warning.

    The warning is a line of the run as well: `log` adds it.
    """
    if value is None:
        return None
    try:
        if nextmv_objects.is_options(value):
            # Asked for anything, its names included, it reads the command line.
            value = nextmv_objects.options_of(value) or {}
        return kind(value)
    except Exception as error:  # noqa: BLE001 -- nothing that is set may raise
        problem = f"{type(error).__name__}: {error}"
        if type(value) in _OF_PYTHON:
            # The words of Python's own conversions do not name the way out.
            wanted = "mapping of names to values" if kind is dict else "asset or list"
            problem = f"{type(value).__name__} is no {wanted}"
        said = f"run.{what} is left out: {problem}"
        safely.warn(said)
        log(said)
        return None
