"""Secrets that a text gives by name: `password=…`, `"api_key": "…"`, `--token …`."""

from __future__ import annotations

import re

from nextmv_autotrack.redact.names import NO_SECRET, REDACTED, TOKEN
from nextmv_autotrack.redact.rules import Rules
from nextmv_autotrack.redact.shapes import Span

_MAX_NAME_BYTES = 64
_OF_NAMES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

# Behind the word that was found: the rest of the name, its quote, and what joins it to
# its value. Behind an option of a command, that is a blank; Gurobi says "to value".
_JOINED = re.compile(
    rb"([\w.-]{0,64})(?:\\{0,7}[\"'])?\]?"
    rb"(?:[ \t]{0,8}(:=|=>|={1,2}|:)[ \t]{0,8}|([ \t]{1,8})(?:to value[ \t]{1,8})?)"
)
_TO_VALUE = b"to value"

_QUOTE = re.compile(rb"[bBfFrRuU]{0,2}(\\{0,7})([\"'])")
_BRACKETS = re.compile(rb"\{[^{}\n]*\}|\[[^\[\]\n]*\]|\([^()\n]*\)")
_REST_OF_LINE = re.compile(rb"[^\r\n]*")
# A run of backslashes is counted once, and not from each of them on.
_ENDINGS = re.compile(rb"(?<!\\)(\\*)([\"'\r\n])")

# Up to what ends it in a list, a URL or a call; a comma in it may be part of it.
_PART = rb"[^\s\"'\\,;&|)}\]]+"
_BARE = re.compile(_PART + rb"(?:[,;&|)}\]]+(?![\w.-]{0,64}[=:])%s)*" % _PART)
_SCHEME = re.compile(
    rb"(?:bearer|basic|token|digest|negotiate|apikey)[ \t]{1,8}", re.IGNORECASE
)

_SAYS_NOTHING = re.compile(rb"(?:none|null|nil|undefined|true|false)?", re.IGNORECASE)
_NUMBER = re.compile(rb"[\[(]?[-+\d.,eE \t]*[\])]?")

# "Unexpected token: comma" is no secret; what stands for one has digits, or is long.
_MIN_TOKEN_LETTERS = 16


def value_at(text: bytes, start: int, end: int, rules: Rules) -> Span | None:
    """Return where the value is that a name gives, of which a word was found."""
    head = text[max(0, start - _MAX_NAME_BYTES) : start]
    begin = start - (len(head) - len(head.rstrip(_OF_NAMES)))
    joined = _JOINED.match(text, end)
    if joined is None:
        return None
    name = text[begin : joined.end(1)]
    sign = joined[2]
    if sign is None and not _is_joined_by_blank(text, joined, name):
        return None
    meaning = rules.meaning(name.decode("utf-8", "replace"))
    if meaning == NO_SECRET:
        return None
    at = joined.end()
    if b"authorization" in name.lower():
        scheme = _SCHEME.match(text, at)
        at = at if scheme is None else scheme.end()
    return _secret(text, at, meaning, is_prose=sign == b":")


def _is_joined_by_blank(text: bytes, joined: re.Match[bytes], name: bytes) -> bool:
    if joined[0].rstrip().endswith(_TO_VALUE):
        return True
    return name.startswith(b"-") and text[joined.end() : joined.end() + 1] != b"-"


def _secret(text: bytes, at: int, meaning: int, *, is_prose: bool) -> Span | None:
    if text.startswith(REDACTED.encode(), at):
        return None
    quote = _QUOTE.match(text, at)
    if quote is not None:
        start, end = quote.end(), _closing(text, quote)
    elif text[at : at + 1] in {b"{", b"[", b"("}:
        found = _BRACKETS.match(text, at) or _REST_OF_LINE.match(text, at)
        start, end = at, at if found is None else found.end()
        if not text[start + 1 : end - 1].strip():
            return None
    else:
        bare = _BARE.match(text, at)
        start, end = at, at if bare is None else bare.end()
        if is_prose and meaning == TOKEN and _is_word(text[start:end]):
            return None
    value = text[start:end]
    if _SAYS_NOTHING.fullmatch(value) or value == REDACTED.encode():
        return None
    return None if meaning == TOKEN and _NUMBER.fullmatch(value) else (start, end)


def _is_word(value: bytes) -> bool:
    has_digit = re.search(rb"\d", value) is not None
    return not has_digit and len(value) < _MIN_TOKEN_LETTERS


def _closing(text: bytes, quote: re.Match[bytes]) -> int:
    """Return where a quoted value ends; where its line does, if it is cut.

    What is looked at here is hidden then, and never looked at again: a text takes as
    many steps as it is long.
    """
    depth = len(quote[1])
    for found in _ENDINGS.finditer(text, quote.end()):
        slashes, sign = len(found[1]), found[2]
        if sign in b"\r\n":
            return found.start(2)
        is_closed = slashes == depth or (depth == 0 and slashes % 2 == 0)
        if sign == quote[2] and is_closed:
            return found.start(2) - depth
    return len(text)
