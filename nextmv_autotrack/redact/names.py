"""Whether a name is that of a secret, by the words it is made of."""

from __future__ import annotations

import re
from functools import lru_cache

REDACTED = "[redacted]"

NO_SECRET, SECRET, TOKEN = 0, 1, 2
"""What a name says; of a token, numbers are how many there are, and no secret."""

# Longer ones are texts, not names.
MAX_NAME_CHARS = 200

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

_KINDS_OF_KEY = frozenset({"access", "api", "licence", "license", "private"})
_KINDS_OF_TOKENS = frozenset({"access", "api", "auth", "bearer", "refresh", "session"})
_JOINED_TOKENS = frozenset(f"{kind}token" for kind in _KINDS_OF_TOKENS)

# Behind a secret's name they say that this is something about it.
_ABOUT = frozenset(
    {
        "budget",
        "collection",
        "count",
        "counts",
        "expires",
        "expiry",
        "file",
        "index",
        "length",
        "limit",
        "name",
        "path",
        "policy",
        "server",
        "size",
        "type",
        "uri",
        "url",
        "usage",
    }
)
_COUNTING = frozenset({"max", "min", "n", "num", "number", "total"})


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name, in lower case."""
    return tuple(word.lower() for word in _WORD.findall(name[:MAX_NAME_CHARS]))


# The names in a program are few, and each is asked for again and again.
@lru_cache(maxsize=10_000)
def meaning_of(name: str) -> int:
    """Return what a name says by itself: whether it is that of a secret."""
    words = [word for word in words_of(name) if not word.isdecimal()]
    for place, word in enumerate(words):
        rest = words[place + 1 :]
        found = _meaning(word, rest[0] if rest else "")
        if found and not _ABOUT.intersection(rest):
            if found == TOKEN and _COUNTING.intersection(words[:place]):
                continue
            return found
    return NO_SECRET


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
    if meaning != TOKEN:
        return True
    if kind is list or kind is tuple:
        return not all(type(item) in {int, float} for item in value)  # type: ignore[attr-defined]  # one of these
    return kind is str or kind is bytes or kind is dict
