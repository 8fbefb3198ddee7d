"""What is left of a value that is over the bound."""

from __future__ import annotations

from typing import Any

import orjson

# A look at the beginning, beside a few dozen bytes that say what it was.
_HEAD_SHARE = 8
_MAX_HEAD_BYTES = 4096

# A class made by a program may have a name of any length.
_MAX_NAME_CHARS = 200

_WITH_LENGTH = (str, bytes, bytearray, list, tuple, dict, set, frozenset)


def summary_of(value: object, body: bytes | None, max_bytes: int) -> bytes:
    """Return what is said instead of `value`: its type, its sizes, and its head.

    Args:
        value: What is over the bound.
        body: Its JSON, when it was made.
        max_bytes: The bound that it is over.
    """
    told: dict[str, Any] = {
        "truncated": True,
        "type": type_name(value),
        "max_bytes": max_bytes,
    }
    if told["type"] == "numpy.ndarray":
        told["shape"] = list(value.shape)  # type: ignore[attr-defined]
        told["dtype"] = str(value.dtype)  # type: ignore[attr-defined]
    if isinstance(value, _WITH_LENGTH):
        told["length"] = len(value)
    if body is not None:
        head_bytes = min(max_bytes // _HEAD_SHARE, _MAX_HEAD_BYTES)
        told["bytes"] = len(body)
        told["head"] = body[:head_bytes].decode("utf-8", "ignore")
    return orjson.dumps(told)


def type_name(value: object) -> str:
    """Return the module and name of the type of `value`, whatever it says it is."""
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"[:_MAX_NAME_CHARS]
    return name.encode("utf-8", "backslashreplace").decode()
