"""One run as a row says it, with whatever is damaged in it left out and named."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from nextmv_autotrack.ids import time_of_id
from nextmv_autotrack.status import Delivery, Status
from nextmv_autotrack.store.payloads import is_digest

# What a run is called whose beginning was lost.
UNKNOWN_NAME = "(unknown)"

COLUMNS = f"""
    id, coalesce(name, '{UNKNOWN_NAME}'), description, parent_id, status, started_at,
    duration, error, host, owner, app_id, instance_id, endpoint, delivery,
    platform_run_id, attempts, problem, metrics, options, coalesce(later_input, input),
    output, assets, output_is_document, create_begun_at,
    is_trimmed, exported_at, delivered_at, nullif(managed_input, '')
"""

# The last second that a date can be made of.
_YEAR_9999_S = 253_402_300_799

# Three hundred years: no run takes as long.
_LONGEST_S = 1e10


@dataclass(frozen=True)
class StoredRun:
    """One run as the store has it."""

    id: str
    name: str
    description: str | None
    parent_id: str | None
    status: Status
    started_at: float
    """Seconds since 1970."""
    duration: float | None
    """Seconds; None while it runs, or when its process died."""
    error: str | None
    host: str | None
    owner: str
    """The process whose journal it came from."""
    app_id: str | None
    instance_id: str | None
    endpoint: str | None
    delivery: Delivery
    platform_run_id: str | None
    attempts: int
    """How often its delivery was tried."""
    problem: str | None
    """Why the last try did not deliver it."""
    metrics: dict[str, Any]
    options: dict[str, str]
    input: str | None
    """The digest of a payload, as are output and assets."""
    output: str | None
    assets: str | None
    output_is_document: bool
    create_begun_at: float | None
    """When the platform was asked to create it, if it may have; see `outbox`."""
    is_trimmed: bool
    """Whether its payloads had to go for the store to stay within its bounds."""
    exported_at: float | None
    """Since when somebody else may send it: it is looked for on the platform first."""
    delivered_at: float | None
    """When we knew that the platform has it; None for what an older version sent."""
    managed_input: str | None = None
    """The platform's id of its input, which is not uploaded then."""
    damage: str | None = None
    """What of it cannot be read any more, in words: it is not to be sent then."""


def stored_run(row: tuple[Any, ...]) -> StoredRun:
    """Make a run of a row of `COLUMNS`; never fail, whatever it holds."""
    values: dict[str, Any] = {}
    damaged = []
    for (name, read), value in zip(_READERS.items(), row, strict=True):
        try:
            values[name] = read(value)
        except (ValueError, TypeError):  # noqa: PERF203 -- one does not stop others
            values[name] = _WITHOUT.get(name)
            if name not in _NOT_SENT:
                damaged.append(name)
    if values["started_at"] is None:
        values["started_at"] = time_of_id(values["id"])
    for name in ("create_begun_at", "exported_at"):
        if values[name] is _UNREADABLE:
            # It may be on the platform: looked for from its beginning on.
            values[name] = values["started_at"]
    if damaged:
        values["damage"] = f"damaged in the store: {', '.join(damaged)}"
        values["error"] = values["damage"]
    return StoredRun(**values)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _id(value: Any) -> str:
    # What is not ASCII cannot be found by what was read: its bytes were others.
    text = _text(value)
    if not (text and text.isascii() and text.isprintable()):
        raise ValueError
    return text


def _digest(value: Any) -> str:
    if not is_digest(value):
        raise ValueError
    return str(value)


def _number(most: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if not isinstance(value, (int, float)) or not 0 <= value <= most:
            raise ValueError
        return value

    return read


def _count(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, int):
        raise TypeError
    return bool(value)


def _object(value: Any) -> dict[str, Any]:
    read = orjson.loads(value)
    if not isinstance(read, dict):
        raise TypeError
    return read


def _texts(value: Any) -> dict[str, str]:
    read = _object(value)
    if not all(isinstance(text, str) for text in read.values()):
        raise TypeError
    return read


def _if_any(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


# In the order of `COLUMNS`.
_READERS: dict[str, Callable[[Any], Any]] = {
    "id": _id,
    "name": _text,
    "description": _if_any(_text),
    "parent_id": _if_any(_text),
    "status": Status,
    "started_at": _number(_YEAR_9999_S),
    "duration": _if_any(_number(_LONGEST_S)),
    "error": _if_any(_text),
    "host": _if_any(_text),
    "owner": _text,
    "app_id": _if_any(_text),
    "instance_id": _if_any(_text),
    "endpoint": _if_any(_text),
    "delivery": Delivery,
    "platform_run_id": _if_any(_text),
    "attempts": _count,
    "problem": _if_any(_text),
    "metrics": _object,
    "options": _texts,
    "input": _if_any(_digest),
    "output": _if_any(_digest),
    "assets": _if_any(_digest),
    "output_is_document": _flag,
    "create_begun_at": _if_any(_number(math.inf)),
    "is_trimmed": _flag,
    "exported_at": _if_any(_number(math.inf)),
    "delivered_at": _if_any(_number(_YEAR_9999_S)),
    "managed_input": _if_any(_text),
}

_UNREADABLE = object()

# What stands for a value that is damaged; None for others.
_WITHOUT: dict[str, Any] = {
    "id": UNKNOWN_NAME,
    "name": UNKNOWN_NAME,
    "status": Status.FAILED,
    "owner": "",
    "delivery": Delivery.REJECTED,
    "attempts": 0,
    "metrics": {},
    "options": {},
    "output_is_document": False,
    "create_begun_at": _UNREADABLE,
    "is_trimmed": False,
    "exported_at": _UNREADABLE,
}

# These are for us and not for the platform, which can get the run without them.
_NOT_SENT = frozenset(
    {
        "parent_id",
        "owner",
        "platform_run_id",
        "attempts",
        "problem",
        "create_begun_at",
        "exported_at",
        "delivered_at",
    }
)
