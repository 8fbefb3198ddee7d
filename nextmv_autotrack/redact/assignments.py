"""Secrets that a text gives by name: `password=…`, `"api_key": "…"`, `--token …`."""

from __future__ import annotations

import re

from nextmv_autotrack.redact.names import (
    FOLDER,
    NO_SECRET,
    REDACTED,
    TOKEN,
    is_path,
)
from nextmv_autotrack.redact.rules import Rules
from nextmv_autotrack.redact.shapes import Span

_MAX_NAME_BYTES = 64
_OF_NAMES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

# Behind the word that was found: the rest of the name, its quote, and what joins it to
# its value. Behind an option of a command, that is a blank; Gurobi says "to value". In
# a pair, and behind an option in a list, it is a comma; in XML, the end of the tag.
_JOINED = re.compile(
    rb"(?P<name>[\w.-]{0,64})(?P<quote>\\{0,7}[\"'])?\]?(?:"
    rb"[ \t]{0,64}(?P<sign>:=|=>|={1,2}|:)[ \t]{0,64}"
    rb"|(?P<comma>,[ \t]{0,8})(?=[bBfFrRuU]{0,2}\\{0,7}[\"'])"
    rb"|(?P<tag>>)"
    rb"|[ \t]{1,8}(?:to value[ \t]{1,8})?)"
)
_TO_VALUE = b"to value"

_QUOTE = re.compile(rb"[bBfFrRuU]{0,2}(\\{0,7})([\"'])")
_BRACKETS = re.compile(rb"\{[^{}\n]*\}|\[[^\[\]\n]*\]|\([^()\n]*\)")
_REST_OF_LINE = re.compile(rb"[^\r\n]*")
# A run of backslashes is counted once, and not from each of them on.
# As in `SecretStr('…')`: what counts is in it.
_CALL = re.compile(rb"[A-Za-z_][\w.]{0,64}\((?=[bBfFrRuU]{0,2}\\{0,7}[\"'])")
_IN_TAG = re.compile(rb"[^<\r\n]*")
_ENDINGS = re.compile(rb"(?<!\\)(\\*)([\"'\r\n])")

# Up to what ends it in a list, a URL or a call; a comma in it may be part of it, and so
# may a quote between letters, and a backslash that is neither of a quote nor a line's end.
_PART = (
    rb"[^\s\"'\\,;&|)}\]]+"
    rb"(?:(?:\\(?=[^\s\\\"'nrt])|(?<=\w)[\"'](?=\w))[^\s\"'\\,;&|)}\]]+)*"
)
_BARE = re.compile(_PART + rb"(?:[,;&|)}\]]+(?![\w.-]{0,64}[=:])%s)*" % _PART)
_SCHEME = re.compile(
    rb"(?:bearer|basic|token|digest|negotiate|apikey)[ \t]{1,8}", re.IGNORECASE
)

_SAYS_NOTHING = re.compile(
    rb"(?:none|null|nil|undefined|true|false|\*+|\.{3})?", re.IGNORECASE
)
# "API key: not set": in prose, these say whether there is one.
_SAYS_WHETHER = re.compile(
    rb"denied|empty|expired|failed|found|granted|invalid|loaded|missing|no|not|ok|required"
    rb"|set|unset|yes",
    re.IGNORECASE,
)
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
    name = text[begin : joined.end("name")]
    at = joined.end()
    if not joined["sign"] and not _is_joined(text, begin, joined, name):
        return None
    meaning = rules.meaning(name.decode("utf-8", "replace"))
    if meaning == NO_SECRET:
        return None
    if joined["tag"]:
        found = _IN_TAG.match(text, at)
        return _told(text, at, at if found is None else found.end(), meaning)
    if b"authorization" in name.lower():
        scheme = _SCHEME.match(text, at)
        at = at if scheme is None else scheme.end()
    span = _secret(text, at, meaning, is_prose=joined["sign"] == b":")
    if span is not None and joined["comma"] and not name.startswith(b"-"):
        return span if _is_pair(text, begin, joined, span) else None
    return span


def _is_joined(text: bytes, begin: int, joined: re.Match[bytes], name: bytes) -> bool:
    """Whether a name has its value behind it without a sign."""
    if joined["tag"]:
        return not joined["quote"] and text[begin - 1 : begin] == b"<"
    if joined["comma"]:
        if not joined["quote"]:
            return False
        quote = _QUOTE.match(text, joined.end())
        is_option = name.startswith(b"-")
        is_next = quote is not None and text.startswith(b"-", quote.end())
        return not (is_option and is_next)
    if joined[0].rstrip().endswith(_TO_VALUE):
        return True
    return name.startswith(b"-") and not text.startswith(b"-", joined.end())


def _is_pair(text: bytes, begin: int, joined: re.Match[bytes], span: Span) -> bool:
    """Whether a name and its value are alone in brackets, and not words of a list."""
    quote = joined["quote"]
    opening, closing = begin - len(quote), span[1] + len(quote)
    is_alone = (
        text[opening:begin] == quote
        and text[max(0, opening - 1) : opening].endswith((b"[", b"("))
        and text.startswith((b"]", b")"), closing)
    )
    return is_alone and not is_word(text[slice(*span)])


def _secret(text: bytes, at: int, meaning: int, *, is_prose: bool) -> Span | None:
    if text.startswith(REDACTED.encode(), at):
        return None
    call = _CALL.match(text, at)
    at = at if call is None else call.end()
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
        if is_prose and _is_prose(text[start:end], meaning):
            return None
    return _told(text, start, end, meaning)


def _told(text: bytes, start: int, end: int, meaning: int) -> Span | None:
    """Return where a value is, if it is a secret by what it says."""
    value = text[start:end]
    if _SAYS_NOTHING.fullmatch(value) or value == REDACTED.encode():
        return None
    if meaning == FOLDER and is_path(value.decode("utf-8", "replace")):
        return None
    return None if meaning == TOKEN and _NUMBER.fullmatch(value) else (start, end)


def _is_prose(value: bytes, meaning: int) -> bool:
    if _SAYS_WHETHER.fullmatch(value):
        return True
    return meaning == TOKEN and is_word(value)


def is_word(value: bytes) -> bool:
    """Whether a value is rather a word of prose than a secret."""
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
