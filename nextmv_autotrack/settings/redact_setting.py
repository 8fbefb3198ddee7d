"""What the setting `redact` may be: names, regular expressions, callables, or False."""

from __future__ import annotations

import re
from typing import Any

from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.redact.names import words_of
from nextmv_autotrack.settings.wrong import wrong

# A name, and not a text: what is looked for in every chunk of a payload.
MAX_REDACTED_CHARS = 100

# They are written down with each record of a run.
MAX_REDACTED = 50
MAX_PATTERN_CHARS = 1_000
_IN_NAMES = "_-.! "
PATTERN_MARK = "re:"
_WANTED_OF_REDACT = (
    "names such as 'iban' ('!iban' allows one), regular expressions of texts, "
    "callables, or False"
)


def redact_setting(name: str, value: object) -> Any:
    """Return what `redact` is set to, as a tuple or False.

    Raises:
        SettingsError: It cannot be that.
    """
    if value is False:
        return False
    if value is None or value is True:
        return ()
    listed = value if isinstance(value, (list, tuple, set, frozenset)) else (value,)
    if len(listed) > MAX_REDACTED:
        raise wrong(name, value, f"{_WANTED_OF_REDACT}, up to {MAX_REDACTED} of them")
    return tuple(_redacted(name, one) for one in listed)


def _redacted(name: str, value: object) -> Any:
    if isinstance(value, str) and value.startswith(PATTERN_MARK):
        return _redacted(name, _compiled(name, value.removeprefix(PATTERN_MARK)))
    if isinstance(value, str):
        is_name = words_of(value) and len(value) <= MAX_REDACTED_CHARS
        if is_name and all(sign.isalnum() or sign in _IN_NAMES for sign in value):
            return value
    elif isinstance(value, re.Pattern):
        pattern: object = value.pattern
        if isinstance(pattern, str) and len(pattern) <= MAX_PATTERN_CHARS:
            return value
    elif callable(value):
        return value
    raise wrong(name, value, _WANTED_OF_REDACT)


def _compiled(name: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        message = f"setting {name!r}: {pattern!r:.80} is no regular expression: {error}"
        raise SettingsError(message) from None
