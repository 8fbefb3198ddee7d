"""Secrets that are told by how they look, wherever they stand."""

from __future__ import annotations

import base64
import re

Span = tuple[int, int]
"""Where a secret begins and ends."""

# Keys of AWS, GitHub, Slack, Google, OpenAI and Anthropic, and JSON web tokens; of
# Stripe, GitLab, Hugging Face, npm, PyPI, SendGrid, Databricks, Vault and Azure.
_KEY = re.compile(
    rb"(?<![A-Za-z0-9_])(?:"
    rb"A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])"
    rb"|gh[oprsu]_[A-Za-z0-9]{20,255}"
    rb"|github_pat_\w{20,255}"
    rb"|xox[abcdeoprs]-[\w-]{10,255}"
    rb"|AIza[\w-]{30,60}"
    rb"|eyJ[\w-]{8,4096}\.[\w-]{8,65536}\.[\w-]{0,4096}"
    rb"|sk-[A-Za-z0-9]{32,255}"
    # Not names such as `sk-east-route-1234567890123456`.
    rb"|sk-(?=[\w-]{0,255}\d)(?=[\w-]{0,255}[A-Z])(?=[\w-]{0,255}[a-z])"
    rb"(?:\w{1,15}-){0,3}\w{16,255}[\w-]{0,255}"
    rb"|[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}"
    rb"|glpat-[\w-]{20,255}"
    rb"|hf_[A-Za-z]{30,60}(?![A-Za-z0-9_])"
    rb"|npm_[A-Za-z0-9]{36}(?![A-Za-z0-9_])"
    rb"|pypi-(?=[\w-]{0,255}\d)[\w-]{20,255}"
    rb"|SG\.[\w-]{16,64}\.[\w-]{16,64}"
    rb"|GOCSPX-[\w-]{20,64}"
    rb"|ya29\.[\w-]{20,1024}"
    rb"|dapi[0-9a-f]{32}(?![A-Za-z0-9])"
    rb"|hvs\.[\w-]{20,255}"
    rb"|xapp-\d-[\w-]{10,255}"
    rb")"
)

# What tells of these stays: where a message goes, and of which account a key is.
_BEHIND = re.compile(
    rb"hooks\.slack\.com/(?:services|workflows)/([\w/-]{20,255})"
    rb"|accountkey=([A-Za-z0-9+/]{8,255}={0,2})",
    re.IGNORECASE,
)

# Not "the bearer of" or "bearer authentication".
_BEARER = re.compile(
    rb"(?<!\w)bearer[ \t]{1,8}((?=[\w.~+/-]{0,4096}\d)[\w.~+/-]{8,65536}=*|\w{20,65536}=*)",
    re.IGNORECASE,
)
_BASIC = re.compile(
    rb"(?<!\w)basic[ \t]{1,8}([A-Za-z0-9+/]{4,4096}={0,2})", re.IGNORECASE
)

# Of a user's name and a password, with their signs; as long as the expressions have it.
_MAX_CREDENTIALS_BYTES = 3 + 256 + 1 + 1024 + 1

# Of `scheme://user:password@host`. What is a port before a path is no password.
_USER = rb"://[^\s/?#\"'<>@:\\]{0,256}:"
_URL = re.compile(
    rb"%s([^\s/?#\"'<>\\]{1,1024})@" % _USER
    + rb"|%s(?!\d{0,5}[/?#])([^\s\"'<>@\\]{1,1024})@" % _USER
)
# Of a database: it may have any sign in it, since there is no mail's address behind it.
_OF_A_DATABASE = re.compile(rb"%s(?!\d{0,5}[/?#])([^\s\"'<>\\]{1,1024})@" % _USER)
_WEB = (b"http", b"https")
# A key alone, as in `https://key@github.com`; a user's name is shorter, or a word.
_KEY_AS_USER = re.compile(rb"://(?=[\w.-]{0,255}\d)([\w.-]{16,255})@")


def key_at(text: bytes, start: int) -> Span | None:
    """Return where the key is that begins here."""
    found = _KEY.match(text, start)
    if found is not None:
        return found.span()
    found = _BEHIND.match(text, start)
    return None if found is None else found.span(found.lastindex or 0)


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
    # Most URLs have none.
    if text.find(b"@", start, start + _MAX_CREDENTIALS_BYTES) < 0:
        return None
    scheme = text[max(0, start - len(b"https")) : start].lower()
    is_web = scheme.endswith(_WEB)
    found = (_URL if is_web else _OF_A_DATABASE).match(text, start)
    if found is None:
        found = _KEY_AS_USER.match(text, start) if is_web else None
        if found is None:
            return None
    return found.span(found.lastindex or 1)
