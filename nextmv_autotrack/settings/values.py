"""What each setting may be."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeGuard

from nextmv_autotrack.settings.redact_setting import redact_setting
from nextmv_autotrack.settings.wrong import wrong

_DESTINATIONS = ("auto", "cloud", "local")
_ENVIRONMENTS = ("full", "versions", "none")
_STREAMS = ("off", "python", "fd")

# A summary of a payload that was cut takes up to this much itself.
SMALLEST_PAYLOAD_BOUND = 1024

# The database alone takes some, and the journals of a few processes.
SMALLEST_DISK_BOUND = 10_000_000

# A hundred years.
LONGEST_AGE_DAYS = 36_500

# Eleven days: what every system can wait for.
LONGEST_TIMEOUT_S = 1_000_000

# Only what would surely fail; the client looks again, and closer.
_ADDRESS = re.compile(
    r"(https?://)?(\[[\w:.%]+\]|[^\s/?#@:\[\]]+)(:\d+)?(/[^\s/?#][^\s?#]*)?",
    re.IGNORECASE,
)


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise wrong(name, value, "True or False")


def _text(name: str, value: object) -> str | None:
    if value is None or (isinstance(value, str) and value.strip()):
        # A line break is what remains of a file; no key or id has one.
        return value.strip() if value else None
    raise wrong(name, value, "a text")


def _endpoint(name: str, value: object) -> str:
    text = value.strip().rstrip("/") if isinstance(value, str) else ""
    if _ADDRESS.fullmatch(text):
        return text if "://" in text else f"https://{text}"
    raise wrong(name, value, "an address such as https://api.cloud.nextmv.io")


def _text_or_callable(name: str, value: object) -> Any:
    if value is None or callable(value) or (isinstance(value, str) and value.strip()):
        return value
    raise wrong(name, value, "a text or a callable")


def _destination(name: str, value: object) -> Any:
    if isinstance(value, str) and value in _DESTINATIONS:
        return value
    raise wrong(name, value, "'auto', 'cloud' or 'local'")


def _environment(name: str, value: object) -> Any:
    if isinstance(value, str) and value in _ENVIRONMENTS:
        return value
    raise wrong(name, value, "'full', 'versions' or 'none'")


def _streams(name: str, value: object) -> Any:
    if value is False:
        # What `off` is for YAML, TOML and people.
        return "off"
    if isinstance(value, str) and value in _STREAMS:
        return value
    raise wrong(name, value, "'off', 'python' or 'fd'")


def _names(name: str, value: object) -> tuple[str, ...]:
    listed = (value,) if isinstance(value, str) else value
    if isinstance(listed, (list, tuple)) and all(
        isinstance(item, str) and item.isidentifier() for item in listed
    ):
        return tuple(listed)
    raise wrong(name, value, "the name of an argument, or several")


def _input(name: str, value: object) -> Any:
    if value is None or callable(value):
        return value
    names = _names(name, value)
    # One name is that argument itself, a list of one is an object with it.
    return names[0] if isinstance(value, str) else names


def _output(name: str, value: object) -> Any:
    if value is None or value is False or callable(value):
        return value
    if value is True:
        return None
    raise wrong(name, value, "a callable, given in code, or False")


def _callable(name: str, value: object) -> Any:
    if value is None or callable(value):
        return value
    raise wrong(name, value, "a callable, given in code")


def _logs(name: str, value: object) -> bool | int:
    if isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        level = logging.getLevelName(value.upper())
        if isinstance(level, int):
            return level
    raise wrong(name, value, "True, False or a logging level")


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _share(name: str, value: object) -> float:
    if _is_number(value) and 0 <= value <= 1:
        return float(value)
    raise wrong(name, value, "a number from 0 to 1")


def _byte_count(name: str, value: object) -> int:
    count = value if isinstance(value, int) and not isinstance(value, bool) else -1
    if count >= SMALLEST_PAYLOAD_BOUND:
        return count
    raise wrong(
        name, value, f"a whole number of bytes, {SMALLEST_PAYLOAD_BOUND} or more"
    )


def _disk_bytes(name: str, value: object) -> int:
    count = value if isinstance(value, int) and not isinstance(value, bool) else -1
    if count >= SMALLEST_DISK_BOUND:
        return count
    raise wrong(
        name, value, f"a whole number of bytes, {SMALLEST_DISK_BOUND:,} or more"
    )


def _days(name: str, value: object) -> float:
    if _is_number(value) and 0 < value <= LONGEST_AGE_DAYS:
        return float(value)
    raise wrong(name, value, f"a number of days, up to {LONGEST_AGE_DAYS:,}")


def _seconds(name: str, value: object) -> float:
    if _is_number(value) and 0 <= value <= LONGEST_TIMEOUT_S:
        return float(value)
    raise wrong(name, value, f"a number of seconds from 0 to {LONGEST_TIMEOUT_S:,}")


def _folder(name: str, value: object) -> Path:
    try:
        path = Path(os.fspath(value)) if value else None  # type: ignore[call-overload]  # what is no path raises
        if path is not None and "\0" not in str(path):
            return path.expanduser().absolute()
    except (TypeError, ValueError, RuntimeError, OSError):
        pass  # no path, no such user, or a working directory that is gone
    raise wrong(name, value, "a path")


def _folder_or_callable(name: str, value: object) -> Any:
    if value is None or callable(value):
        return value
    try:
        path = Path(os.fspath(value)) if value else None  # type: ignore[call-overload]  # what is no path raises
        if path is not None and "\0" not in str(path):
            # Relative to where the call is made, as it is for whoever opens its files.
            return path.expanduser()
    except (TypeError, ValueError, RuntimeError):
        pass  # no path, or no such user
    raise wrong(name, value, "the path of a folder, or a callable, given in code")


CHECKS: dict[str, Callable[[str, object], Any]] = {
    "enabled": _flag,
    "destination": _destination,
    "app_id": _text,
    "instance_id": _text,
    "endpoint": _endpoint,
    "api_key": _text,
    "profile": _text,
    "system_certs": _flag,
    "allow_http": _flag,
    "name": _text_or_callable,
    "description": _text_or_callable,
    "input": _input,
    "input_dir": _folder_or_callable,
    "options": _names,
    "output": _output,
    "output_dir": _folder_or_callable,
    "metrics": _callable,
    "redact": redact_setting,
    "logs": _logs,
    "streams": _streams,
    "resources": _flag,
    "environment": _environment,
    "sample": _share,
    "max_payload": _byte_count,
    "max_log": _byte_count,
    "directory": _folder,
    "max_disk": _disk_bytes,
    "max_age_days": _days,
    "flush_timeout": _seconds,
    "sync": _flag,
}
"""From a setting's name to what checks its value."""
