"""Which program this is: its interpreter, its script, and the words it was started with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

# A shell takes more; nobody reads more.
_MOST_WORDS = 200
_LONGEST_WORD = 2000

# What the interpreter takes a word with, in the same word or in the next.
_WITH_A_WORD = "WX"
_WITH_A_WORD_IN_FULL = "--check-hash-based-pycs"
_CODE, _MODULE = "c", "m"
_ENDING = _WITH_A_WORD + _CODE + _MODULE

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
    if not isinstance(path, str) or path.startswith("<"):
        return None  # the file of what comes by stdin is called so
    try:
        return Path(path).absolute()
    except OSError:  # the working directory is gone
        return None


def command(words: list[str]) -> list[str]:
    """Return the words of a command line, without code, and as many as anybody reads."""
    kept = _without_code(words[:_MOST_WORDS])
    return [*map(_plain, kept)] + [_LEFT_OUT] * (len(words) > _MOST_WORDS)


def _without_code(words: list[str]) -> list[str]:
    """Read the options of the interpreter, as it does: the code ends them."""
    at = 1
    while at < len(words):
        word = words[at]
        if word in {"-", "--"} or not word.startswith("-"):
            break
        if word.startswith("--"):
            at += 1 + (word == _WITH_A_WORD_IN_FULL)
            continue
        # Letters may stand together, and what the last one takes may follow at once.
        end = next((i for i, one in enumerate(word) if one in _ENDING), len(word))
        letter, is_attached = word[end : end + 1], end + 1 < len(word)
        if letter == _MODULE:
            break
        if letter == _CODE:
            if is_attached:
                return [*words[:at], word[: end + 1] + _LEFT_OUT, *words[at + 1 :]]
            rest = [_LEFT_OUT] * (at + 1 < len(words))
            return [*words[: at + 1], *rest, *words[at + 2 :]]
        at += 1 + (letter != "" and letter in _WITH_A_WORD and not is_attached)
    return words


def _plain(word: str) -> str:
    # What the system has given may not be text in any encoding.
    text = word.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= _LONGEST_WORD else text[:_LONGEST_WORD] + _LEFT_OUT
