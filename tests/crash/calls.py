"""The calls that are made, what each must become, and the notes of who made them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

LINES = 20
"""Log lines of a call that logs."""

_FILLING_BYTES = {"medium": 10_000, "large": 1_000_000, "huge": 6_000_000}
_FAILING = {"failing": "ValueError: ", "told": ""}

KINDS = {
    "tiny": 30,
    "medium": 8,
    "large": 2,
    "logged": 12,
    "failing": 10,
    "block": 10,
    "told": 6,
    "outer": 6,
    "slow": 4,
}
"""What a call is like, and how often there is one; `outer` makes one of `inner`."""

HEAVY_KINDS = {"tiny": 2, "large": 3, "huge": 4}
"""The same, of a process that fills its journal: a few of these fill a segment."""

BEGINS, INSIDE, LOGGED, RETURNED = "begins", "inside", "logged", "returned"


def new_id(author: str, number: int, kind: str) -> str:
    """Return what tells a call from all others, and says what it is like."""
    return f"{author}:{number}:{kind}"


def kind_of(call: str) -> str:
    return call.rpartition(":")[2]


def given(call: str) -> dict[str, str]:
    """Return the input of a call, which can be made again to compare."""
    size = _FILLING_BYTES.get(kind_of(call), 0)
    digest = sha256(call.encode()).hexdigest()
    return {"call": call, "filling": (digest * (size // len(digest) + 1))[:size]}


def result(call: str) -> list[str]:
    return ["solved", call]


def reason(call: str) -> str:
    """Return why a call that fails does so."""
    return f"no solution for {call}"


def error(call: str) -> str | None:
    """Return the error of a call that has returned; None when it has succeeded."""
    kind = kind_of(call)
    return f"{_FAILING[kind]}{reason(call)}" if kind in _FAILING else None


def lines(call: str) -> list[str]:
    """Return what a call logs."""
    if kind_of(call) != "logged":
        return []
    return [f"{call} line {number}" for number in range(LINES)]


class Notes:
    """Notes that outlive whoever makes them: each is one write to a file."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, word: str, call: str) -> None:
        os.write(self._fd, f"{word} {call}\n".encode())


@dataclass
class Noted:
    """What is noted of one call."""

    words: set[str] = field(default_factory=set)
    lines: int = 0
    """So many lines have been logged, at least."""

    @property
    def has_returned(self) -> bool:
        return RETURNED in self.words

    @property
    def is_due(self) -> bool:
        """Whether its run must be there: the call was at least in its function."""
        return bool(self.words & {INSIDE, RETURNED})


def read_notes(folder: Path) -> dict[str, Noted]:
    """Return what all processes have noted, by call."""
    found: dict[str, Noted] = {}
    for word, call in _read(folder):
        noted = found.setdefault(call, Noted())
        noted.words.add(word)
        noted.lines += word == LOGGED
    return found


def _read(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.iterdir()):
        for line in path.read_text("ascii").splitlines():
            word, call = line.split(" ")
            yield word, call


def expected(call: str) -> dict[str, Any]:
    """Return what the platform says of a call that has returned."""
    failure = error(call)
    if failure is not None:
        return {"status": "failed", "error": failure}
    return {"status": "succeeded", "solution": result(call)}
