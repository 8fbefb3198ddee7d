"""What each field of a `TrackedRun` may be: checked, and brought into one form."""

from __future__ import annotations

import math
import os
import reprlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from enum import Enum
from numbers import Real
from pathlib import Path
from typing import Any

from nextmv_autotrack.errors import InvalidRunError
from nextmv_autotrack.nextmv_api.wire import MAX_DURATION_MS
from nextmv_autotrack.platform import nextmv_values
from nextmv_autotrack.status import Status

MAX_DURATION_S = MAX_DURATION_MS / 1000


def wrong(field: str, wanted: str, value: object) -> InvalidRunError:
    """Return the error for a field that is not what it must be."""
    is_simple = value is None or isinstance(value, (str, Real))
    # Of most objects, what they are says more than how they look.
    given = reprlib.repr(value) if is_simple else f"a {type(value).__qualname__}"
    return InvalidRunError(f"{field} must be {wanted}, not {given}", field=field)


def status(value: object) -> Status:
    """Return how the run ended."""
    said = value.value if isinstance(value, Enum) else value
    for ended in (Status.SUCCEEDED, Status.FAILED):
        if said == ended.value:
            return ended
    raise wrong("status", "'succeeded' or 'failed'", said)


def duration(value: object) -> float | None:
    """Return how long the run took, in seconds."""
    if value is None:
        return None
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, Real) and not isinstance(seconds, bool):
        number = _float(seconds)
        # Not a number is neither.
        if 0 <= number <= MAX_DURATION_S:
            return number
    wanted = "a timedelta or a number of seconds, not negative and not endless"
    raise wrong("duration", wanted, seconds)


def started_at(value: object) -> float | None:
    """Return when the run began, in seconds since 1970."""
    if value is None:
        return None
    try:
        seconds = value.timestamp() if isinstance(value, datetime) else value
    except (OverflowError, ValueError, OSError):
        seconds = None
    if isinstance(seconds, Real) and not isinstance(seconds, bool):
        number = _float(seconds)
        if math.isfinite(number):
            return number
    raise wrong("started_at", "a datetime or seconds since 1970", value)


def _float(number: Real) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def text(field: str, value: object) -> str | None:
    """Return a text, or None."""
    if value is None or isinstance(value, str):
        return value
    raise wrong(field, "a text", value)


def log_text(value: object) -> str:
    """Return the logs as one text; of several, each item is a line."""
    if value is None or isinstance(value, str):
        return value or ""
    if not isinstance(value, Iterable) or isinstance(value, (bytes, Mapping)):
        raise wrong("logs", "a text, or a list of lines", value)
    lines = list(value)
    for number, line in enumerate(lines):
        if not isinstance(line, str):
            raise wrong(f"logs[{number}]", "a text", line)
    # As `readlines` gives them, lines end with what is to stand between them.
    return "\n".join(line.removesuffix("\n") for line in lines)


def mapping(field: str, value: object) -> dict[str, Any]:
    """Return a dict of our own; objects of the vendor's SDK are dicts, too."""
    if value is None:
        return {}
    value = nextmv_values.as_plain(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise wrong(field, "a dict", value)


def assets(value: object) -> list[dict[str, Any]]:
    """Return the assets; each has a name at least."""
    if value is None:
        return []
    if not isinstance(value, (list, tuple)):
        raise wrong("assets", "a list of dicts", value)
    found = [mapping(f"assets[{n}]", _drawn(one)) for n, one in enumerate(value)]
    for number, asset in enumerate(found):
        name = asset.get("name")
        if not (isinstance(name, str) and name):
            raise wrong(f"assets[{number}]['name']", "a text", name)
    return found


def _drawn(value: object) -> object:
    """Return a figure, a chart or a map as its asset, else the value itself."""
    # Not at the top: few runs have any.
    from nextmv_autotrack.encode.assets.assets import Assets  # noqa: PLC0415 -- see above
    from nextmv_autotrack.encode.assets.visuals import visual_of  # noqa: PLC0415 -- see above

    try:
        return value if visual_of(value) is None else Assets([value]).made[0]
    except Exception:  # noqa: BLE001 -- of the library that made it
        return value


def folder(field: str, value: object) -> Path | None:
    """Return an existing folder, or None."""
    if value is None:
        return None
    with suppress(TypeError, ValueError, RuntimeError, OSError):
        text = os.fspath(value)  # type: ignore[call-overload]  # what is no path raises
        path = Path(text).expanduser().absolute()
        if text and path.is_dir():
            return path
    raise wrong(field, "an existing folder", value)


def together(**fields: object) -> None:
    """Raise when two fields are given that say the same thing in two ways."""
    given = [name for name, value in fields.items() if value is not None]
    if len(given) > 1:
        first, second = given
        message = f"{first} and {second} are given both: leave one of them out"
        raise InvalidRunError(message, field=second)
