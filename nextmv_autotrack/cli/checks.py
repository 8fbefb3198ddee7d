"""What `doctor` finds: one check, how it went, and what to do about it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


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
