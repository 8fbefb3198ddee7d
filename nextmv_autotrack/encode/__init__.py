"""Placeholder until the stage is in place: to be replaced whole by its builder."""

from __future__ import annotations

import orjson


def to_json(value: object, *, max_bytes: int) -> bytes:
    """Return `value` as JSON."""
    try:
        return orjson.dumps(value, default=repr)
    except Exception:  # noqa: BLE001
        try:
            return orjson.dumps(value, default=repr, option=orjson.OPT_NON_STR_KEYS)
        except Exception:  # noqa: BLE001
            return orjson.dumps(repr(value))
