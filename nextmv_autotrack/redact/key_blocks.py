"""Private keys in blocks of lines, also where other lines and a prefix are around them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from nextmv_autotrack.redact.names import REDACTED

# What stands for a key whose end is not there yet: the next lines may be of it.
KEY_GOES_ON = b"[redacted: a private key that goes on]"

# Four times a key of 4096 bits; a logger puts something before each line.
_MAX_BLOCK_BYTES = 20_000

_KIND = rb"(?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
_BEGIN = re.compile(rb"-----BEGIN " + _KIND)
_END = re.compile(rb"-----END " + _KIND)

# Line breaks may be spelled out.
_REST_OF_LINE = re.compile(rb"(?:\\+[nr]|[A-Za-z0-9+/=])*")

# Of a line's last word: in a key, all lines but the last have 64 letters or more.
_LETTERS = re.compile(rb"[A-Za-z0-9+/]{32,}={0,2}")
_HEADERS = (b"Proc-Type:", b"DEK-Info:")


class Block(NamedTuple):
    """Where a key is, and what stands in its place."""

    start: int
    end: int
    instead: bytes


def block_at(text: bytes, start: int) -> Block | None:
    """Return the key that begins here."""
    found = _BEGIN.match(text, start)
    return None if found is None else _block(text, start, found.end())


def rest_of_block(text: bytes) -> Block | None:
    """Return what `text` begins with of a key that has begun before."""
    block = _block(text, 0, 0)
    return block if block.end else None


def is_behind_key(text: bytes, before: Callable[[], bytes]) -> bool:
    """Whether `text` goes on with a key; what came before it is seldom asked for."""
    return rest_of_block(text) is not None and is_in_key(before())


def is_in_key(text: bytes) -> bool:
    """Whether what comes behind this text may be the rest of a key."""
    return text.rstrip().endswith(KEY_GOES_ON)


def _block(text: bytes, start: int, inside: int) -> Block:
    ending = _END.search(text, inside, inside + _MAX_BLOCK_BYTES)
    if ending is not None:
        return Block(start, ending.end(), REDACTED.encode())
    end = _end_of_lines(text, inside)
    instead = REDACTED.encode() if end < len(text) or end == 0 else KEY_GOES_ON
    while end > inside and text[end - 1 : end] in {b"\r", b"\n"}:
        end -= 1  # a line keeps its end
    return Block(start, end, instead)


def _end_of_lines(text: bytes, at: int) -> int:
    """Return where the lines end that look like those of a key."""
    if at:
        rest = _REST_OF_LINE.match(text, at)
        at = at if rest is None else rest.end()
        if text[at : at + 2].lstrip(b"\r")[:1] not in {b"\n", b""}:
            return at
        at = _line_end(text, at)
    while at < len(text):
        end = _line_end(text, at)
        if not _is_of_key(text[at:end]):
            return at
        at = end
    return at


def _line_end(text: bytes, at: int) -> int:
    end = text.find(b"\n", at)
    return len(text) if end < 0 else end + 1


def _is_of_key(line: bytes) -> bool:
    words = line.rsplit(None, 1)
    if not words or any(header in line for header in _HEADERS):
        return True
    return _LETTERS.fullmatch(words[-1].strip()) is not None
