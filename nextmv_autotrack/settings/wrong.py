"""What is said of a value that a setting cannot have."""

from __future__ import annotations

import reprlib

from nextmv_autotrack.errors import SettingsError


def wrong(name: str, value: object, wanted: str) -> SettingsError:
    """Return the error to raise: it names the setting, and what it may be."""
    return SettingsError(f"setting {name!r} must be {wanted}{_instead(name, value)}")


def _instead(name: str, value: object) -> str:
    if isinstance(value, str) and not value.strip():
        return ", and not empty"
    if name in {"api_key", "endpoint"} and isinstance(value, str):
        # A key, or an address with a password, would end in somebody's log.
        return ""
    is_simple = value is None or isinstance(value, (str, int, float, list, tuple))
    if is_simple and name not in {"api_key", "endpoint"}:
        return f", not {reprlib.repr(value)}"
    # Of most objects, what they are says more than how they look.
    return f", not something of type {type(value).__qualname__}"
