"""Secrets in a text, such as logs: found, and replaced."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from nextmv_autotrack.redact import shapes
from nextmv_autotrack.redact.assignments import value_at
from nextmv_autotrack.redact.key_blocks import Block, block_at, rest_of_block
from nextmv_autotrack.redact.names import REDACTED
from nextmv_autotrack.redact.pace import Pace
from nextmv_autotrack.redact.prefilter import (
    BLOCK,
    NAME,
    SCHEME,
    SHAPE,
    URL,
    Hit,
    hits,
)
from nextmv_autotrack.redact.rules import DEFAULT_RULES, Rules

_INSTEAD = REDACTED.encode()
# What has been replaced may make something else of what stands around it, as a blank
# that is gone does. Nothing was found for which two looks were not enough.
_MOST_LOOKS = 4

_BLOCK_BEGINS = b"-----BEGIN "


def scan_text(
    text: bytes,
    rules: Rules = DEFAULT_RULES,
    known: tuple[bytes, ...] = (),
    *,
    is_behind_key: bool = False,
    pace: Pace | None = None,
) -> bytes:
    """Return a text without its secrets: the same object where there are none.

    Example:
        >>> scan_text(b"connecting to db://me:hunter2@here with token=abc123")
        b'connecting to db://me:[redacted]@here with token=[redacted]'

    Args:
        text: In UTF-8, as far as it is one.
        rules: What is a secret.
        known: Values that are secrets.
        is_behind_key: Whether a private key has begun before it; see `is_behind_key`.
        pace: The time it has; any, if there is none.

    Raises:
        TooSlowError: It would take longer.
    """
    for value in known:
        if value in text and value not in _INSTEAD:
            text = text.replace(value, _INSTEAD)
    step = Pace(math.inf).step if pace is None else pace.step
    for _ in range(_MOST_LOOKS):
        before = text
        text = _without_found(text, rules, step, is_behind_key=is_behind_key)
        if text is before:
            break
        is_behind_key = False
    return _without_patterns(text, rules) if rules.patterns else text


def _without_found(
    text: bytes, rules: Rules, step: Callable[[], None], *, is_behind_key: bool
) -> bytes:
    blocks: list[Block] = []
    if is_behind_key and (rest := rest_of_block(text)) is not None:
        blocks.append(rest)
    last = Block(0, 0, b"") if not blocks else blocks[0]
    for hit in hits(text, rules):
        step()
        if last.start <= hit.start < last.end:
            continue
        found = _found(text, hit, rules)
        if found is not None:
            blocks.append(found)
            last = found
    return _replaced(text, blocks) if blocks else text


def _replaced(text: bytes, blocks: list[Block]) -> bytes:
    """Return the text with something else in the place of blocks.

    A name can be a secret itself, so that they come in any order, and in each other.
    """
    kept: list[bytes] = []
    done = 0
    for start, end, instead in sorted(blocks):
        if start >= done:
            kept += text[done:start], instead
        done = max(done, end)
    return b"".join((*kept, text[done:]))


def _found(text: bytes, hit: Hit, rules: Rules) -> Block | None:
    start, end, what = hit
    if what == BLOCK:
        return block_at(text, start)
    span: shapes.Span | None = None
    if what == NAME:
        span = value_at(text, start, end, rules)
        if span is not None and text.startswith(_BLOCK_BEGINS, span[0]):
            # More lines than a value has, by rights.
            return block_at(text, span[0]) or Block(*span, _INSTEAD)
    elif what == URL:
        span = shapes.password_at(text, start)
    elif what == SCHEME:
        span = shapes.credentials_at(text, start)
    elif what == SHAPE:
        span = shapes.key_at(text, start)
    return None if span is None else Block(*span, _INSTEAD)


def _without_patterns(text: bytes, rules: Rules) -> bytes:
    # Not in what stands for a secret: a second time must change nothing.
    decoded = text.decode("utf-8", "surrogateescape")
    parts = decoded.split(REDACTED)
    if len(parts) == 1 and not any(one.search(decoded) for one in rules.patterns):
        return text
    for pattern in rules.patterns:
        parts = [_without(pattern, part) for part in parts]
        parts = REDACTED.join(parts).split(REDACTED)
    return REDACTED.join(parts).encode("utf-8", "surrogateescape")


def _without(pattern: re.Pattern[str], part: str) -> str:
    return pattern.sub(lambda found: REDACTED if found[0] else "", part)
