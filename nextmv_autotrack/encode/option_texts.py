"""The options of a run as the platform wants them: texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orjson import loads

from nextmv_autotrack.encode.descriptions import text_of
from nextmv_autotrack.encode.encoder import to_json

# An option is a number, a word or a short list.
_MAX_OPTION_BYTES = 10_000
_MAX_OPTION_NAMES_BYTES = 1_000_000


def option_texts(
    options: Mapping[str, object], notes: list[str] | None = None
) -> dict[str, str]:
    """Return options as the platform wants them: texts, others as JSON text.

    What is a text in JSON, as the value of an enum or a path is, is that text; a number
    that JSON does not have, such as infinity, is what Python calls it. What is left out
    is told to `notes`.
    """
    if not options:
        return {}
    if notes is None:
        notes = []
    given = [*options.items()]
    names = _names(name for name, _ in given)
    if len(names) < len(given):
        left_out = len(given) - len(names)
        notes.append(
            f"{left_out} options are left out: the names of all have more than "
            f"{_MAX_OPTION_NAMES_BYTES:,} bytes"
        )
    values = [value for _, value in given[: len(names)]]
    return {
        name: _option_text(name, value, notes)
        for name, value in zip(names, values, strict=True)
    }


def _names(given: Iterable[str]) -> list[str]:
    """Return names as they stand in JSON: of more than there is room for, the first."""
    left = [*given]
    while left:
        losses: list[str] = []
        # By way of JSON, which gives every name a text, and every text one that is UTF-8.
        unvalued = dict.fromkeys(left)
        body = to_json(unvalued, max_bytes=_MAX_OPTION_NAMES_BYTES, losses=losses)
        named = [] if losses else [*loads(body)]
        if len(named) == len(left):
            return named
        left = left[: len(left) // 2]
    return []


def _option_text(name: str, value: object, notes: list[str]) -> str:
    losses: list[str] = []
    body = to_json(value, max_bytes=_MAX_OPTION_BYTES, losses=losses)
    if losses:
        notes.append(
            f"option {name!r:.200} is not whole: it has more than "
            f"{_MAX_OPTION_BYTES:,} bytes"
        )
    if body.startswith(b'"'):
        text: str = loads(body)
        return text
    if body == b"null" and value is not None:
        return text_of(value, str)
    return body.decode()
