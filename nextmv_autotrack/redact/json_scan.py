"""Secrets in JSON, by the names of members and in texts, without reading all of it.

What is not replaced stays as it is, byte for byte: numbers, order, names that come
twice. Nothing is parsed but the texts in which something was found.
"""

from __future__ import annotations

import heapq
import json
import math
import re
from collections.abc import Iterator

import orjson

from nextmv_autotrack.redact.assignments import is_word
from nextmv_autotrack.redact.key_blocks import is_in_key
from nextmv_autotrack.redact.names import (
    FOLDER,
    NO_SECRET,
    REDACTED,
    TOKEN,
    is_path,
)
from nextmv_autotrack.redact.pace import Pace
from nextmv_autotrack.redact.prefilter import SCHEME, SHAPE, URL, Hit, hits
from nextmv_autotrack.redact.rules import DEFAULT_RULES, Rules
from nextmv_autotrack.redact.shapes import credentials_at, key_at, password_at
from nextmv_autotrack.redact.text_scan import scan_text

_INSTEAD = f'"{REDACTED}"'.encode()

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)
_SCALAR = re.compile(rb'[^\s,\]}"]+')
_COLON = re.compile(rb"\s*:\s*")
_NEXT_STRING = re.compile(rb'\s*,\s*(?=")')
_END_OF_LIST = re.compile(rb"\s{0,64}\]")
_MAX_BLANKS = 64
_OPTION = re.compile(rb"--?[\w.-]+")

_LOOKS = {URL: password_at, SCHEME: credentials_at, SHAPE: key_at}

_SAYS_NOTHING = frozenset({b"null", b"true", b"false", b'""', b"[]", b"{}"})


def scan_json(
    body: bytes,
    rules: Rules = DEFAULT_RULES,
    known: tuple[bytes, ...] = (),
    pace: Pace | None = None,
) -> bytes:
    """Return JSON without its secrets: the same object where there are none.

    Example:
        >>> scan_json(b'{"api_key":"abc","max_tokens":5,"x":1.50}')
        b'{"api_key":"[redacted]","max_tokens":5,"x":1.50}'

    Raises:
        TooSlowError: It would take longer than `pace` has it.
    """
    return _Scan(body, rules, known, pace or Pace(math.inf)).done()


class _Scan:
    """One document on its way."""

    def __init__(
        self, body: bytes, rules: Rules, known: tuple[bytes, ...], pace: Pace
    ) -> None:
        self._body = body
        self._rules = rules
        self._known = known
        self._pace = pace
        self._plain: dict[bytes, int] = {}
        """Names with nothing secret in them, and what they say: they come again."""
        self._kept: list[bytes] = []
        self._copied = 0
        """Up to where what is kept has been taken from the body."""
        self._looked = 0
        """Up to where everything has been looked at."""

    def done(self) -> bytes:
        """Return the document without secrets."""
        for string in self._strings():
            self._look_at(string)
        if not self._kept:
            return self._body
        return b"".join((*self._kept, self._body[self._copied :]))

    def _strings(self) -> Iterator[re.Match[bytes]]:
        """Yield the texts to look at, in order: all of them if there are patterns."""
        step = self._pace.step
        if self._rules.patterns:
            for found in _STRING.finditer(self._body):
                step()
                if found.start() >= self._looked:
                    yield found
            return
        for place in self._places():
            step()
            if place >= self._looked:
                around = self._string_around(place)
                if around is not None:
                    yield around

    def _places(self) -> Iterator[int]:
        """Yield where something may be, in order: places inside of texts."""
        found = (
            hit.start for hit in hits(self._body, self._rules) if self._is_near(hit)
        )
        known = [_occurrences(self._body, _escaped(value)) for value in self._known]
        return heapq.merge(found, *known) if known else found

    def _is_near(self, hit: Hit) -> bool:
        """Whether more than the first look is needed: most URLs have no password."""
        look = _LOOKS.get(hit.what)
        return look is None or look(self._body, hit.start) is not None

    def _string_around(self, place: int) -> re.Match[bytes] | None:
        """Return the text that a place is in: from the last quote before it on."""
        quote = place
        while (quote := self._body.rfind(b'"', self._looked, quote)) >= 0:
            if _slashes_before(self._body, quote, self._looked) % 2 == 0:
                found = _STRING.match(self._body, quote)
                return found if found is not None and found.end() > place else None
        return None

    def _look_at(self, string: re.Match[bytes]) -> None:
        self._looked = string.end()
        colon = _COLON.match(self._body, string.end())
        if colon is not None:
            self._look_at_member(string, colon.end())
            return
        text = self._scan_string(string)
        if _OPTION.fullmatch(text) and self._meaning(text) != NO_SECRET:
            self._hide_next(text)
        elif self._is_first(string) and self._meaning(text) != NO_SECRET:
            self._hide_second(text)
        while is_in_key(text) and (following := self._next_string()) is not None:
            text = self._scan_string(following, is_behind_key=True)

    def _look_at_member(self, name: re.Match[bytes], at: int) -> None:
        written = name[0]
        meaning = self._plain.get(written)
        if meaning is None:
            # A name may be a text itself, such as a URL.
            text = self._scan_string(name)
            meaning = self._meaning(text)
            if text == _text_of(written):
                self._plain[written] = meaning
        if meaning != NO_SECRET:
            self._looked = end = _end_of_value(self._body, at)
            if _is_secret(self._body[at:end], meaning):
                self._replace(at, end, _INSTEAD)

    def _meaning(self, name: bytes) -> int:
        return self._rules.meaning(name.decode("utf-8", "replace"))

    def _scan_string(
        self, string: re.Match[bytes], *, is_behind_key: bool = False
    ) -> bytes:
        """Replace what is secret in a text; return what it is now."""
        self._looked = string.end()
        before = _text_of(string[0])
        after = scan_text(
            before,
            self._rules,
            self._known,
            is_behind_key=is_behind_key,
            pace=self._pace,
        )
        if after != before:
            is_as_it_stands = before == string[0][1:-1]
            instead = b'"%s"' % after if is_as_it_stands else _json_of(after)
            self._replace(*string.span(), instead)
        return after

    def _hide_next(self, option: bytes) -> None:
        """Hide what follows an option of a command, unless that is one, too."""
        following = self._next_string()
        if following is not None and not following[0].startswith(b'"-'):
            self._looked = following.end()
            if _is_secret(following[0], self._meaning(option)):
                self._replace(*following.span(), _INSTEAD)

    def _is_first(self, string: re.Match[bytes]) -> bool:
        begun = max(0, string.start() - _MAX_BLANKS)
        return self._body[begun : string.start()].rstrip().endswith(b"[")

    def _hide_second(self, name: bytes) -> None:
        """Hide the value in a pair, which is not one of a list's words."""
        following = self._next_string()
        if following is None or _END_OF_LIST.match(self._body, following.end()) is None:
            return
        value = _text_of(following[0])
        if not is_word(value) and _is_secret(following[0], self._meaning(name)):
            self._looked = following.end()
            self._replace(*following.span(), _INSTEAD)

    def _next_string(self) -> re.Match[bytes] | None:
        comma = _NEXT_STRING.match(self._body, self._looked)
        found = None if comma is None else _STRING.match(self._body, comma.end())
        if found is None or _COLON.match(self._body, found.end()) is not None:
            return None
        return found

    def _replace(self, start: int, end: int, instead: bytes) -> None:
        if self._body[start:end] != instead:
            self._kept += self._body[self._copied : start], instead
            self._copied = end


def _is_secret(value: bytes, meaning: int) -> bool:
    if meaning == TOKEN and b'"' not in value:
        return False
    if meaning == FOLDER and value[:1] == b'"':
        return not is_path(_text_of(value).decode("utf-8", "replace"))
    squeezed = b"".join(value[:16].split()) if len(value) < 16 else value
    return squeezed not in _SAYS_NOTHING


def _end_of_value(body: bytes, start: int) -> int:
    first = body[start : start + 1]
    if first not in {b"{", b"["}:
        found = (_STRING if first == b'"' else _SCALAR).match(body, start)
        return start if found is None else found.end()
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(body, start):
        sign = found[0][:1]
        if sign != b'"':
            depth += 1 if sign in {b"{", b"["} else -1
            if depth == 0:
                return found.end()
    return len(body)


def _slashes_before(body: bytes, place: int, floor: int) -> int:
    at = place
    while at > floor and body[at - 1 : at] == b"\\":
        at -= 1
    return place - at


def _occurrences(body: bytes, value: bytes) -> Iterator[int]:
    at = -1
    while (at := body.find(value, at + 1)) >= 0:
        yield at


def _escaped(value: bytes) -> bytes:
    return _json_of(value)[1:-1]


def _text_of(string: bytes) -> bytes:
    """Return what a text of JSON says, as UTF-8; as it stands if that makes no sense."""
    if b"\\" not in string:
        return string[1:-1]
    try:
        return str(orjson.loads(string)).encode()
    except ValueError:
        try:  # one half of a pair of surrogates
            return str(json.loads(string)).encode("utf-8", "surrogatepass")
        except ValueError:
            return string[1:-1]


def _json_of(text: bytes) -> bytes:
    try:
        return orjson.dumps(text.decode())
    except UnicodeError:
        return json.dumps(text.decode("utf-8", "surrogatepass")).encode()
