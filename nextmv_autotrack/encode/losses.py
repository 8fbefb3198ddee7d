"""What JSON of ours says in the place of what it does not hold."""

from __future__ import annotations

import re

import orjson

# For what could not even be looked at.
UNENCODABLE = b'{"truncated":true,"type":"?"}'

# How a summary begins, and the one member that each has.
_SUMMARY = b'{"truncated":true,"type":"'
_HEAD = "head"

# A text of its own, or a name in an object; no text ends like this behind a backslash.
_MARK = re.compile(rb'(?<!\\)"(<(?:cycle|too deep|cut|cut: [0-9]+ more)>)"')


def is_summary(body: bytes) -> bool:
    """Whether this stands for a value that was larger than allowed.

    Going by its form: nothing else that is recorded says so.
    """
    if not body.startswith(_SUMMARY):
        return False
    return body == UNENCODABLE or _HEAD in orjson.loads(body)


def mark_of_loss(body: bytes) -> str | None:
    """Return the first text that stands for a part left out, None if there is none."""
    found = _MARK.search(body)
    return None if found is None else found[1].decode()
