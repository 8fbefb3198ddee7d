"""What each setting may be, and how it is read from text."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nextmv_autotrack.errors import SettingsError

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})

_DESTINATIONS = ("auto", "cloud", "local")

# A summary of a payload that was cut takes up to this much itself.
SMALLEST_PAYLOAD_BOUND = 1024


def _wrong(name: str, value: object, wanted: str) -> SettingsError:
    # Not the value of a key: it would end in somebody's log.
    shown = type(value).__name__ if name == "api_key" else repr(value)[:80]
    return SettingsError(f"setting {name!r} must be {wanted}, not {shown}")


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _wrong(name, value, "True or False")


def _text(name: str, value: object) -> str | None:
    if value is None or (isinstance(value, str) and value.strip()):
        return value
    raise _wrong(name, value, "a text that is not empty")


def _key(name: str, value: object) -> str | None:
    text = _text(name, value)
    # A line break is what remains of a file; no key has one.
    return text if text is None else text.strip()


def _endpoint(name: str, value: object) -> str:
    text = _text(name, value)
    if text is None:
        raise _wrong(name, value, "an address")
    text = text.strip().rstrip("/")
    return text if "://" in text else f"https://{text}"


def _text_or_callable(name: str, value: object) -> Any:
    if callable(value):
        return value
    if value is None or (isinstance(value, str) and value.strip()):
        return value
    raise _wrong(name, value, "a text or a callable")


def _destination(name: str, value: object) -> Any:
    if value in _DESTINATIONS:
        return value
    raise _wrong(name, value, "'auto', 'cloud' or 'local'")


def _names(name: str, value: object) -> tuple[str, ...]:
    listed = (value,) if isinstance(value, str) else value
    if isinstance(listed, (list, tuple)) and all(
        isinstance(item, str) and item.isidentifier() for item in listed
    ):
        return tuple(listed)
    raise _wrong(name, value, "the name of an argument, or several")


def _input(name: str, value: object) -> Any:
    if value is None or callable(value):
        return value
    return value if isinstance(value, str) else _names(name, value)


def _output(name: str, value: object) -> Any:
    if value is None or value is False or callable(value):
        return value
    raise _wrong(name, value, "a callable, or False")


def _callable(name: str, value: object) -> Any:
    if value is None or callable(value):
        return value
    raise _wrong(name, value, "a callable")


def _logs(name: str, value: object) -> bool | int:
    if isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        level = logging.getLevelName(value.upper())
        if isinstance(level, int):
            return level
    raise _wrong(name, value, "True, False or a logging level")


def _share(name: str, value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        share = float(value)
        if 0.0 <= share <= 1.0:
            return share
    raise _wrong(name, value, "a number from 0 to 1")


def _byte_count(name: str, value: object) -> int:
    count = value if isinstance(value, int) and not isinstance(value, bool) else -1
    if count >= SMALLEST_PAYLOAD_BOUND:
        return count
    raise _wrong(name, value, f"a whole number from {SMALLEST_PAYLOAD_BOUND} bytes on")


def _seconds(name: str, value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = float(value)
        if seconds >= 0 and math.isfinite(seconds):
            return seconds
    raise _wrong(name, value, "a number of seconds, 0 or more")


def _folder(name: str, value: object) -> Path:
    try:
        path = Path(os.fspath(value)) if value else None  # type: ignore[call-overload]
        if path is not None:
            return path.expanduser().absolute()
    except (TypeError, ValueError, RuntimeError, OSError):
        # No path, no such user, or a working directory that is gone.
        pass
    raise _wrong(name, value, "a path")


CHECKS: dict[str, Callable[[str, object], Any]] = {
    "enabled": _flag,
    "destination": _destination,
    "app_id": _text,
    "instance_id": _text,
    "endpoint": _endpoint,
    "api_key": _key,
    "name": _text_or_callable,
    "description": _text_or_callable,
    "input": _input,
    "options": _names,
    "output": _output,
    "metrics": _callable,
    "logs": _logs,
    "resources": _flag,
    "sample": _share,
    "max_payload": _byte_count,
    "max_log": _byte_count,
    "directory": _folder,
    "flush_timeout": _seconds,
    "sync": _flag,
}
"""From a setting's name to what checks and normalises its value."""

_NUMBERS: dict[str, Callable[[str], float]] = {
    "sample": float,
    "max_payload": int,
    "max_log": int,
    "flush_timeout": float,
}


def from_text(name: str, text: str) -> Any:
    """Return what `text`, from a variable or a file, says of the setting `name`."""
    word = text.strip()
    if name in {"enabled", "resources", "sync", "logs", "output"}:
        if word.lower() in _TRUE | _FALSE:
            return word.lower() in _TRUE
        if name == "logs" and word.isdecimal():
            return int(word)
    elif name in {"options", "input"} and "," in word:
        return [item.strip() for item in word.split(",")]
    elif name in _NUMBERS:
        try:
            return _NUMBERS[name](word.replace("_", ""))
        except ValueError:
            return text
    return word
