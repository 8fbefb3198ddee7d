"""What `doctor` finds: one check, how it went, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

# What cannot be checked without the one, and without the other.
BEHIND_THE_ENDPOINT = ("clock", "application", "upload")
BEHIND_THE_KEY = ("endpoint", *BEHIND_THE_ENDPOINT)


class State(str, Enum):
    """How a check went."""

    OK = "ok"
    NOTE = "note"
    """Nothing is wrong, but it is good to know."""
    SKIPPED = "skipped"
    """It could not be made, for a reason that stands above it."""
    PROBLEM = "problem"


class Check(NamedTuple):
    """One thing that was looked at."""

    name: str
    state: State
    text: str
    advice: str | None = None
    """What to do, when something is to be done."""


def skipped(names: Iterable[str], why: str) -> Iterator[Check]:
    """Yield checks that could not be made, all for the same reason."""
    return (Check(name, State.SKIPPED, why) for name in names)
