"""How a setting is read from text: of a variable, or of a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nextmv_autotrack.settings.redact_setting import PATTERN_MARK

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})

_NUMBERS: dict[str, Callable[[str], float]] = {
    "sample": float,
    "max_payload": int,
    "max_log": int,
    "max_disk": int,
    "max_age_days": float,
    "flush_timeout": float,
}

_WORDS_FOR_FLAGS = frozenset(
    {
        "allow_http",
        "enabled",
        "logs",
        "output",
        "redact",
        "resources",
        "sync",
        "system_certs",
    }
)


def from_text(name: str, text: str) -> Any:
    """Return what `text`, from a variable or a file, says of the setting `name`."""
    word = text.strip()
    if name in _WORDS_FOR_FLAGS:
        if word.lower() in _TRUE | _FALSE:
            return word.lower() in _TRUE
        if name == "logs" and word.isdecimal():
            return int(word)
    is_listed = name in {"options", "input", "redact"}
    if is_listed and "," in word and not word.startswith(PATTERN_MARK):
        return [item.strip() for item in word.split(",") if item.strip()]
    if name in _NUMBERS:
        try:
            return _NUMBERS[name](word.replace("_", ""))
        except ValueError:
            return text
    return word
