"""Values that are known to be secrets, wherever they turn up."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from nextmv_autotrack.redact.names import is_path, meaning_of

# Shorter ones turn up by chance.
MIN_CHARS = 8

# A word such as `disabled` is no secret, and is in many a text.
_MIN_LETTERS = 16

# They are named like passwords, and say in which folder a shell is.
_FOLDERS = frozenset({"PWD", "OLDPWD"})

# What may stand in JSON outside of texts.
_NUMBERS = re.compile(r"[\d\s.,:eE+\-\[\]{}]*")

_learned: dict[str, None] = {}


def learn(value: str | None) -> None:
    """Keep in mind, for this process, that this is a secret: a key of the platform."""
    if value is not None and len(value) >= MIN_CHARS:
        _learned[value] = None


def known_values(environ: Mapping[str, str] | None = None) -> tuple[bytes, ...]:
    """Return the secrets that this process knows: its keys, and by name in `environ`.

    The longest first, since one may be in another.
    """
    if environ is None:
        # Not by looking at each: another thread may be about to change it.
        environ = os.environ.copy()
    values = {value for name, value in environ.items() if _is_one(name, value)}
    texts = sorted({*values, *_learned.copy()}, key=lambda one: (-len(one), one))
    return tuple(one.encode("utf-8", "surrogateescape") for one in texts)


def _is_one(name: str, value: str) -> bool:
    if len(value) < MIN_CHARS or name in _FOLDERS or not meaning_of(name):
        return False
    if value.isalpha() and len(value) < _MIN_LETTERS:
        return False
    return not (is_path(value) or _NUMBERS.fullmatch(value))
