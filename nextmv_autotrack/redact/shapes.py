"""Secrets that are told by how they look, wherever they stand."""

from __future__ import annotations

import base64
import re

Span = tuple[int, int]
"""Where a secret begins and ends."""

# Keys of AWS, GitHub, Slack, Google, OpenAI and Anthropic, and JSON web tokens.
_KEY = re.compile(
    rb"(?<![A-Za-z0-9_])(?:"
    rb"A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])"
    rb"|gh[oprsu]_[A-Za-z0-9]{20,255}"
    rb"|github_pat_\w{20,255}"
    rb"|xox[abcdeoprs]-[\w-]{10,255}"
    rb"|AIza[\w-]{30,60}"
    rb"|eyJ[\w-]{8,4096}\.[\w-]{8,65536}\.[\w-]{0,4096}"
    rb"|sk-(?=[\w-]{0,255}\d)(?:\w{1,15}-){0,3}\w{16,255}[\w-]{0,255}"
    rb")"
)

# Not "the bearer of" or "bearer authentication".
_BEARER = re.compile(
    rb"(?<!\w)bearer[ \t]{1,8}((?=[\w.~+/-]{0,4096}\d)[\w.~+/-]{8,65536}=*|\w{20,65536}=*)",
    re.IGNORECASE,
)
_BASIC = re.compile(
    rb"(?<!\w)basic[ \t]{1,8}([A-Za-z0-9+/]{4,4096}={0,2})", re.IGNORECASE
)

# Of `scheme://user:password@host`. What is a port before a path is no password.
_USER = rb"://[^\s/?#\"'<>@:\\]{0,256}:"
_URL = re.compile(
    rb"%s([^\s/?#\"'<>\\]{1,1024})@" % _USER
    + rb"|%s(?!\d{0,5}[/?#])([^\s\"'<>@\\]{1,1024})@" % _USER
)


def key_at(text: bytes, start: int) -> Span | None:
    """Return where the key is that begins here."""
    found = _KEY.match(text, start)
    return None if found is None else found.span()


def credentials_at(text: bytes, start: int) -> Span | None:
    """Return where the credentials are of the scheme that is named here."""
    found = _BEARER.match(text, start)
    if found is None:
        found = _BASIC.match(text, start)
        if found is None or not _is_user_and_password(found[1]):
            return None
    return found.span(1)


def _is_user_and_password(text: bytes) -> bool:
    try:
        return b":" in base64.b64decode(text, validate=True)
    except ValueError:
        return False


def password_at(text: bytes, start: int) -> Span | None:
    """Return where the password is of the URL whose `://` is here."""
    found = _URL.match(text, start)
    return None if found is None else found.span(found.lastindex or 1)
