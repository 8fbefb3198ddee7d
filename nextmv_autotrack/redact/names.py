"""Whether a name is that of a secret, by the words it is made of."""

from __future__ import annotations

import re
from functools import lru_cache

REDACTED = "[redacted]"

NO_SECRET, SECRET, TOKEN, FOLDER = range(4)
"""What a name says; of a token, numbers are how many there are, and no secret. `PWD` is
a password, unless it is the path of a folder."""

# Longer ones are texts, not names.
MAX_NAME_CHARS = 200

# A URL or an assignment is no name: its secrets are in it, and not under it.
_IS_TEXT = re.compile(r"[=?&<>]|://")
_PATH = re.compile(r"[/~]|[A-Za-z]:[\\/]")

# `apiKey`, `APIKey`, `api_key`, `X-Api-Key` and `api.key` are of the same words.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+|\d+")

_SECRET_WORDS = frozenset(
    {
        "password",
        "passwords",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "secrets",
        "credential",
        "credentials",
        "authorization",
        "apikey",
        "apikeys",
        # Of Gurobi's web licence service.
        "licenseid",
        "licenceid",
        "wlsaccessid",
        "wlssecret",
        "wlstoken",
    }
)
# As in PGPASSWORD or clientsecret; no other word ends so.
_ENDS = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "privatekey",
    "accesskey",
)

_KINDS_OF_KEY = frozenset(
    {"access", "api", "encryption", "licence", "license", "private", "signing"}
)
_KINDS_OF_TOKENS = frozenset({"access", "api", "auth", "bearer", "refresh", "session"})
_JOINED_TOKENS = frozenset(f"{kind}token" for kind in _KINDS_OF_TOKENS)

# Behind a secret's name they say that this is something about it.
_ABOUT = frozenset(
    {
        "algorithm",
        "attempt",
        "attempts",
        "audience",
        "backend",
        "budget",
        "collection",
        "count",
        "counts",
        "encoding",
        "endpoint",
        "expiration",
        "expires",
        "expiry",
        "file",
        "format",
        "header",
        "headers",
        "host",
        "hours",
        "index",
        "issuer",
        "length",
        "level",
        "levels",
        "limit",
        "lifetime",
        "method",
        "mode",
        "name",
        "path",
        "policy",
        "port",
        "price",
        "provider",
        "region",
        "required",
        "scope",
        "scopes",
        "server",
        "size",
        "strength",
        "timeout",
        "ttl",
        "type",
        "uri",
        "url",
        "usage",
        "window",
        "windows",
    }
)
# Of this one, a header is the value.
_IS_HEADER = "authorization"
_HEADERS = frozenset({"header", "headers"})
# Before `token`: one of a text, or of a design.
_KINDS_OF_SIGN = frozenset(
    {
        "bos",
        "cls",
        "color",
        "colour",
        "eos",
        "mask",
        "pad",
        "sep",
        "special",
        "stop",
        "unk",
    }
)
_FOLDERS = (["pwd"], ["oldpwd"])
_COUNTING = frozenset({"max", "min", "n", "num", "number", "total"})


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name, in lower case."""
    return tuple(word.lower() for word in _WORD.findall(name[:MAX_NAME_CHARS]))


# The names in a program are few, and each is asked for again and again.
@lru_cache(maxsize=10_000)
def meaning_of(name: str) -> int:
    """Return what a name says by itself: whether it is that of a secret."""
    if _IS_TEXT.search(name):
        return NO_SECRET
    words = [word for word in words_of(name) if not word.isdecimal()]
    if words in _FOLDERS:
        return FOLDER
    is_prose = len(name.split()) > 1
    for place, word in enumerate(words):
        rest = words[place + 1 :]
        found = _meaning(word, rest[0] if rest else "")
        if not found or _is_about(word, rest):
            continue
        if is_prose and rest and (len(rest) > 1 or _meaning(word, "")):
            continue  # "Secret Beach"
        if found == TOKEN and _is_no_secret_token(words[:place]):
            continue
        return found
    return NO_SECRET


def _is_about(word: str, rest: list[str]) -> bool:
    about = _ABOUT.intersection(rest)
    return bool(about - _HEADERS if word == _IS_HEADER else about)


def _is_no_secret_token(before: list[str]) -> bool:
    return not (_COUNTING.isdisjoint(before) and _KINDS_OF_SIGN.isdisjoint(before[-1:]))


def is_path(value: str) -> bool:
    """Whether a text is where something is."""
    return _PATH.match(value) is not None


def _meaning(word: str, following: str) -> int:
    if word == "token" or word in _JOINED_TOKENS:
        return TOKEN
    if word in _SECRET_WORDS or word.endswith(_ENDS):
        return SECRET
    if word in _KINDS_OF_KEY and following in {"key", "keys"}:
        return SECRET
    if word in _KINDS_OF_TOKENS and following == "tokens":
        return TOKEN
    if word in {"licence", "license"} and following == "id":
        return SECRET
    return SECRET if word == "wls" and following == "access" else NO_SECRET


def hides(meaning: int, value: object) -> bool:
    """Whether a value under such a name is a secret: it says something, and no count."""
    kind = type(value)
    if value is None or kind is bool:
        return False
    if kind in {str, bytes, list, tuple, dict} and not value:
        return False
    if meaning == FOLDER:
        return not (kind is str and is_path(value))  # type: ignore[arg-type]  # one
    if meaning != TOKEN:
        return True
    if kind is list or kind is tuple:
        return not all(type(item) in {int, float} for item in value)  # type: ignore[attr-defined]  # one of these
    return kind is str or kind is bytes or kind is dict
