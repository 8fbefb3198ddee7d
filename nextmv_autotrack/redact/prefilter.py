"""Where secrets may be: a fast look at every byte, so that only hits cost more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from nextmv_autotrack.redact.rules import Rules, Words

# It stays in the processor's cache, and a hit has just this much looked at again.
CHUNK_BYTES = 32 * 1024

# What is looked for is shorter, so that the edge of a chunk cuts nothing in two.
_OVERLAP_BYTES = 512

# In these, the expression takes less time than all the words, one by one.
_SHORT_BYTES = 128

NAME, URL, SCHEME, BLOCK, SHAPE, ESCAPE = range(6)

_LOWER = bytes(range(256)).lower()
_NOT_LETTERS = bytes(
    one for one in range(256) if not (one < 128 and chr(one).isalpha())
)

# Of a text without digits, blanks and joints, in lower case. One by one, and each with
# its first letters fixed: that is four times as fast as `in`, and as one expression.
_WORDS = (
    "token",
    "secret",
    "passw",
    "passphrase",
    "pwd",
    "credential",
    "authorization",
    "apikey",
    "accesskey",
    "privatekey",
    "licen[cs]e(?:id|key)",
    "wlsaccess",
    "bearer",
    "basic",
    "akia",
    "asia",
    "gh[oprsu]",
    "githubpat",
    "xox",
    "aiza",
    "eyj",
    "signingkey",
    "encryptionkey",
)
# Of what is rare: only where one of these is, the longer expression is worth its time.
_RARE_WORDS = (
    "accountkey",
    "hooksslack",
    "sklive",
    "sktest",
    "rklive",
    "rktest",
    "glpat",
    "pypi",
    "gocspx",
    "dapi",
    "xapp",
    "npm",
    "hvs",
)
# Of the text as it is.
_SIGNS = ("://", "sk-")
_RARE_SIGNS = ("hf_", r"SG\.", r"ya29\.")

# A letter that JSON need not have spelled out may be one of a name.
_SPELLED_OUT = b"\\u00"

_JOINT = "[-_. ]?"

# Where exactly, in lower case. Without groups, which would make it three times slower.
_NAMES = (
    "token",
    "secret",
    "passwd",
    "password",
    "passphrase",
    "pwd",
    "credential",
    "authorization",
    f"access{_JOINT}key",
    f"api{_JOINT}key",
    f"licen[cs]e{_JOINT}key",
    f"licen[cs]e{_JOINT}id",
    f"private{_JOINT}key",
    f"wls{_JOINT}access",
    f"signing{_JOINT}key",
    f"encryption{_JOINT}key",
)
_OTHERS = {
    b"://": URL,
    b"bearer": SCHEME,
    b"basic": SCHEME,
    b"-----begin ": BLOCK,
    b"\\u00": ESCAPE,
    b"akia": SHAPE,
    b"asia": SHAPE,
    **{b"gh%c_" % one: SHAPE for one in b"oprsu"},
    b"github_pat_": SHAPE,
    **{b"xox%c-" % one: SHAPE for one in b"abcdeoprs"},
    b"aiza": SHAPE,
    b"eyj": SHAPE,
    b"sk-": SHAPE,
    **{b"%ck_%s_" % (one, kind): SHAPE for one in b"rs" for kind in (b"live", b"test")},
    b"glpat-": SHAPE,
    b"hf_": SHAPE,
    b"npm_": SHAPE,
    b"pypi-": SHAPE,
    b"sg.": SHAPE,
    b"gocspx-": SHAPE,
    b"ya29.": SHAPE,
    b"dapi": SHAPE,
    b"hvs.": SHAPE,
    b"xapp-": SHAPE,
    b"accountkey=": SHAPE,
    b"hooks.slack.com/": SHAPE,
}
_EXPRESSIONS_OF_OTHERS = (
    "://",
    "bearer",
    "basic",
    "-----begin ",
    r"\\u00",
    "akia",
    "asia",
    "gh[oprsu]_",
    "github_pat_",
    "xox[abcdeoprs]-",
    "aiza",
    "eyj",
    "sk-",
)
_EXPRESSIONS_OF_RARE = (
    "[rs]k_live_",
    "[rs]k_test_",
    "glpat-",
    "hf_",
    "npm_",
    "pypi-",
    r"sg\.",
    "gocspx-",
    r"ya29\.",
    "dapi",
    r"hvs\.",
    "xapp-",
    "accountkey=",
    r"hooks\.slack\.com/",
)

Search = Callable[[bytes], Any]


class Hit(NamedTuple):
    """Where something may be, and what."""

    start: int
    end: int
    what: int


class _Looks(NamedTuple):
    """What is looked for."""

    words: tuple[Search, ...]
    is_everywhere: bool
    """Whether a name has no letters, so that no word tells of it."""
    expression: re.Pattern[bytes]
    with_rare: re.Pattern[bytes]

    def for_piece(self, piece: bytes) -> re.Pattern[bytes] | None:
        """Return what finds all that may be in a piece; None if nothing is there."""
        if len(piece) <= _SHORT_BYTES:
            return self.with_rare
        letters = piece.translate(_LOWER, _NOT_LETTERS)
        if _is_any(_rare_words, letters) or _is_any(_rare_signs, piece):
            return self.with_rare
        is_usual = (
            self.is_everywhere
            or _is_any(self.words, letters)
            or _is_any(_signs, piece)
            or (b"\\" in piece and _SPELLED_OUT in piece)
        )
        return self.expression if is_usual else None


def _is_any(searches: tuple[Search, ...], data: bytes) -> bool:
    return any(search(data) for search in searches)


def _searches(expressions: tuple[str, ...]) -> tuple[Search, ...]:
    return tuple(re.compile(one.encode()).search for one in expressions)


_signs = _searches(_SIGNS)
_rare_signs = _searches(_RARE_SIGNS)
_rare_words = _searches(_RARE_WORDS)


def hits(data: bytes, rules: Rules) -> Iterator[Hit]:
    """Yield where secrets may be, in their order."""
    if not rules.is_on:
        return
    looks = _looks_for(rules.names)
    for start in range(0, len(data), CHUNK_BYTES):
        piece = data[start : start + CHUNK_BYTES + _OVERLAP_BYTES]
        expression = looks.for_piece(piece)
        if expression is None:
            continue
        for found in expression.finditer(piece.lower()):
            # What begins behind the edge is found again, with what comes behind it.
            if found.start() < CHUNK_BYTES:
                what = _OTHERS.get(found[0], NAME)
                yield Hit(start + found.start(), start + found.end(), what)


def is_suspicious(data: bytes, rules: Rules, known: tuple[bytes, ...] = ()) -> bool:
    """Whether anything in there is worth a closer look."""
    if rules.patterns or any(value in data for value in known):
        return True
    return next(hits(data, rules), None) is not None


@lru_cache(maxsize=64)
def _looks_for(names: frozenset[Words]) -> _Looks:
    joined = [_JOINT.join(map(re.escape, words)) for words in sorted(names)]
    letters = {"".join(words).encode().translate(None, _NOT_LETTERS) for words in names}
    words = (*_WORDS, *(one.decode() for one in sorted(letters) if one))
    usual = (*joined, *_NAMES, *_EXPRESSIONS_OF_OTHERS)
    # In UTF-8, since a letter beyond ASCII has no one byte.
    return _Looks(
        _searches(words),
        b"" in letters,
        re.compile("|".join(usual).encode()),
        re.compile("|".join((*usual, *_EXPRESSIONS_OF_RARE)).encode()),
    )
