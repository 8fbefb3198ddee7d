"""Metrics as the platform compares runs by them: one name each, with a plain value."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from orjson import dumps, loads

from nextmv_autotrack.encode.descriptions import described, type_name
from nextmv_autotrack.encode.encoder import to_json
from nextmv_autotrack.encode.forms import form_of
from nextmv_autotrack.encode.losses import is_summary
from nextmv_autotrack.loaded import is_of

# As deep as metrics are looked for in metrics when runs are compared.
MAX_DEPTH = 6

# A table has a column for each; a program that makes more does so by mistake.
MAX_METRICS = 10_000

# A metric is a number or a short text.
MAX_TEXT_CHARS = 1_000
_MAX_VALUE_BYTES = 10_000

# What JSON says of a value that it has no form for.
_DESCRIBED = {"repr", "type"}

_PLAIN = frozenset({str, int, bool, type(None)})

# Beyond it an integer has no float, and readers of JSON have no number.
_FROM, _TO = -(2**1023), 2**1023


def is_flat(metrics: Mapping[Any, Any]) -> bool:
    """Whether they can be sent as they are: so are nearly all, and it is seen fast."""
    for name, value in metrics.items():
        kind = type(value)
        if kind is float:
            if not isfinite(value):
                return False
        elif kind is str:
            if len(value) > MAX_TEXT_CHARS:
                return False
        elif kind is int:
            if not _FROM < value < _TO:
                return False
        elif kind is not bool and value is not None:
            return False
        if type(name) is not str:
            return False
    return len(metrics) <= MAX_METRICS


class FlatMetrics:
    """Metrics by one name each; what they had to lose for that is in `notes`.

    Those inside others have names with dots. Numbers of any library are numbers; what is
    not finite is left out, a list is kept as its text. A name that is given goes before
    one that is made up of others.
    """

    def __init__(self, metrics: Mapping[Any, Any]) -> None:
        self.found: dict[str, Any] = {}
        self.notes: list[str] = []
        given = [(_name(name), value) for name, value in metrics.items()]
        self._reserved = {name for name, value in given if not _holds_others(value)}
        for name, value in given:
            self._take(name, value, 0)
        left_out = len(self.found) - MAX_METRICS
        if left_out > 0:
            self.found = dict(list(self.found.items())[:MAX_METRICS])
            self.notes.append(f"{left_out} metrics are left out: there are too many")

    def _take(self, name: str, value: Any, depth: int) -> None:
        try:
            plain = value if _holds_others(value) else _plain(value)
            if _holds_others(plain):
                self._take_all(name, plain, depth)
            else:
                self._put(name, plain, depth)
        except _LeftOutError as why:
            self.notes.append(f"metric {name!r} is left out: {why}")
        except Exception as error:  # noqa: BLE001 -- code of the user's
            why_not = f"{type_name(type(error))} while it was read"
            self.notes.append(f"metric {name!r} is left out: {why_not}")

    def _take_all(self, name: str, metrics: Any, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise _LeftOutError("it is too deep inside others")
        members = list(metrics.items())
        if not members:
            raise _LeftOutError("there is none in it")
        for inner, value in members:
            if len(self.found) > 2 * MAX_METRICS:
                return  # enough to say that there are too many
            self._take(f"{name}.{_name(inner)}", value, depth + 1)

    def _put(self, name: str, value: Any, depth: int) -> None:
        free, number = name, 1
        while free in self.found or (depth and free in self._reserved):
            number += 1
            free = f"{name} ({number})"
        if type(value) is list:
            value = dumps(value).decode()
            if len(value) > MAX_TEXT_CHARS:
                raise _LeftOutError("it is a long list")
            self.notes.append(f"metric {free!r} is a list, and kept as its text")
        self.found[free] = value


_TOO_LARGE = "it is too large for a number"
_NOT_FINITE = "it is not a finite number"


class _LeftOutError(Exception):
    """Why a metric is left out."""


def _plain(value: Any) -> Any:
    """Return a value as JSON has it, or raise why it is no metric."""
    kind = type(value)
    if kind is str and len(value) > MAX_TEXT_CHARS:
        raise _LeftOutError(f"a text of {len(value)} characters is none")
    if kind is int and not _FROM < value < _TO:
        raise _LeftOutError(_TOO_LARGE)
    if kind in _PLAIN:
        return value
    if form_of(kind) is described:
        raise _LeftOutError(f"{type_name(kind)} is neither a number nor a text")
    body = to_json(value, max_bytes=_MAX_VALUE_BYTES)
    if is_summary(body):
        raise _LeftOutError("it is too large for one")
    read = loads(body)
    if read is None:
        raise _LeftOutError(_NOT_FINITE)
    if type(read) is dict and read.keys() == _DESCRIBED:
        raise _LeftOutError(f"{type_name(kind)} is neither a number nor a text")
    return float(value) if is_of(value, "fractions", "Fraction") else read


def finite(
    metrics: Mapping[Any, Any], before: str = "", depth: int = 0
) -> tuple[dict[Any, Any], list[str]]:
    """Return the metrics of a document without what is not finite, and notes on that."""
    found: dict[Any, Any] = {}
    notes: list[str] = []
    for name, value in metrics.items():
        full = f"{before}{_name(name)}"
        if _holds_others(value) and depth < MAX_DEPTH:
            found[name], more = finite(value, f"{full}.", depth + 1)
            notes += more
            continue
        why = _why_no_number(value)
        if why is None:
            found[name] = value
        else:
            notes.append(f"metric {full!r} is left out: {why}")
        if type(value) in {list, tuple} and not all(map(is_finite, value)):
            notes.append(f"metric {full!r} has null where a number was not finite")
    return found, notes


def _why_no_number(value: Any) -> str | None:
    """Return why a value that should be a number is none in JSON."""
    if type(value) is int:
        return None if _FROM < value < _TO else _TOO_LARGE
    return None if is_finite(value) else _NOT_FINITE


def is_finite(value: Any) -> bool:
    """Whether it is anything but a number that JSON has no form for."""
    kind = type(value)
    if kind is float:
        return isfinite(value)
    if kind in _PLAIN or kind is dict or kind is list or form_of(kind) is described:
        return True
    return to_json(value, max_bytes=_MAX_VALUE_BYTES) != b"null"


def _holds_others(value: object) -> bool:
    return type(value) is dict or issubclass(type(value), Mapping)


def _name(name: Any) -> str:
    """Return a name as it stands in JSON."""
    if type(name) is str:
        return name
    (text,) = loads(to_json({name: 0}, max_bytes=_MAX_VALUE_BYTES))
    return str(text)
