"""Metrics that are too long together: the largest go, so that the others stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nextmv_autotrack.encode.descriptions import text_of
from nextmv_autotrack.encode.encoder import to_json

# Whoever reads it looks at the first; the others are counted.
_NAMED = 10


def fitting(metrics: Mapping[Any, Any], *, max_bytes: int) -> tuple[bytes, list[str]]:
    """Return metrics as JSON of an object, never of a summary, and notes on what goes.

    The largest go first, and of those that are equally large the last: a result that
    is one number stays where a list that was put beside it does not.
    """
    members = {name: _member(name, value, max_bytes) for name, value in metrics.items()}
    kept = {name: body for name, body in members.items() if body is not None}
    left = max_bytes - len("{}") - sum(len(body) + len(",") for body in kept.values())
    last_first = [*reversed(kept)]
    for name in sorted(last_first, key=lambda name: -len(kept[name])):
        if left >= 0:
            break
        left += len(kept.pop(name)) + len(",")
    notes = _notes([name for name in members if name not in kept], max_bytes)
    return b"{" + b",".join(kept.values()) + b"}", notes


def _member(name: Any, value: Any, max_bytes: int) -> bytes | None:
    """Return one as it stands in the object, None where that would be a summary."""
    losses: list[str] = []
    body = to_json({name: value}, max_bytes=max_bytes, losses=losses)
    return None if losses else body[1:-1]


def _notes(names: list[Any], max_bytes: int) -> list[str]:
    why = f"together they have more than {max_bytes:,} bytes"
    notes = [f"metric {text_of(name):.200} is left out: {why}" for name in names]
    if len(notes) > _NAMED:
        said = f"{len(notes) - _NAMED} more metrics are left out: {why}"
        notes[_NAMED:] = [said]
    return notes
