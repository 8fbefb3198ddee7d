"""The options of a run as the platform wants them: texts."""

from __future__ import annotations

from collections.abc import Mapping

from orjson import loads

from nextmv_autotrack.encode.encoder import to_json

# An option is a number, a word or a short list.
_MAX_OPTION_BYTES = 10_000
_MAX_OPTION_NAMES_BYTES = 1_000_000


def option_texts(options: Mapping[str, object]) -> dict[str, str]:
    """Return options as the platform wants them: texts, others as JSON text."""
    if not options:
        return {}
    # By way of JSON, which gives every name a text, and every text one that is UTF-8.
    named = loads(to_json(dict.fromkeys(options), max_bytes=_MAX_OPTION_NAMES_BYTES))
    return dict(zip(named, map(_option_text, options.values()), strict=False))


def _option_text(value: object) -> str:
    body = to_json(value, max_bytes=_MAX_OPTION_BYTES)
    text = loads(body) if isinstance(value, str) else None
    return text if isinstance(text, str) else body.decode()
