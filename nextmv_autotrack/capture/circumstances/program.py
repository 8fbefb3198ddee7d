"""Which program this is: its interpreter, its script, and the words it was started with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

# A shell takes more; nobody reads more.
_MOST_WORDS = 200
_LONGEST_WORD = 2000

# What follows one of these is code.
_CODE_FOLLOWS = "-c"

_LEFT_OUT = "..."


def program() -> dict[str, Any]:
    """Return what is known at once, without looking anywhere."""
    version = sys.version_info
    level = "" if version.releaselevel == "final" else version.releaselevel
    found: dict[str, Any] = {
        "python": {
            "version": f"{version.major}.{version.minor}.{version.micro}{level}",
            "implementation": sys.implementation.name,
        },
        "command": command(getattr(sys, "orig_argv", None) or sys.argv),
    }
    path = _script()
    return found if path is None else {**found, "script": str(path)}


def _script() -> Path | None:
    """Return the file that the program was started with, if it was with one."""
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    try:
        return Path(path).absolute() if isinstance(path, str) else None
    except OSError:  # the working directory is gone
        return None


def command(words: list[str]) -> list[str]:
    """Return the words of a command line, without code, and as many as anybody reads."""
    kept = [_plain(word) for word in words[:_MOST_WORDS]]
    if _CODE_FOLLOWS in kept[1:]:
        at = kept.index(_CODE_FOLLOWS, 1)
        if all(word.startswith("-") for word in kept[1:at]):
            kept[at + 1 : at + 2] = [_LEFT_OUT] * (at + 1 < len(kept))
    return kept + [_LEFT_OUT] * (len(words) > _MOST_WORDS)


def _plain(word: str) -> str:
    # What the system has given may not be text in any encoding.
    text = word.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= _LONGEST_WORD else text[:_LONGEST_WORD] + _LEFT_OUT
