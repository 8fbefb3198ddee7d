"""What is being done to a run on its way to the platform."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum
from typing import Any

from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.store import StoredRun
from nextmv_autotrack.upload.submission import Waiting


class Step(Enum):
    """What is being done to a run."""

    LOOK = "look"
    """It may be on the platform already: it is looked for."""

    UPLOAD = "upload"
    """Its parts are uploaded."""

    CREATE = "create"
    """It is created from its parts."""


@dataclass(frozen=True)
class Attempt:
    """One attempt to deliver a run, all its steps over the same connections."""

    run: StoredRun
    waiting: Waiting
    client: Client
    upload_began_at: float = 0.0
    """By the wall clock."""
    has_older_parts: bool = False
    """Whether an earlier attempt has uploaded some of what this one uses."""

    def has_parts_older_than(self, age_s: float, now: float) -> bool:
        """Whether it may; it counts as such, too, when the clock was set back."""
        return self.has_older_parts or not 0 <= now - self.upload_began_at <= age_s


@dataclass(frozen=True)
class UnderWay:
    """A step that is with the crew."""

    attempt: Attempt
    step: Step
    future: Future[Any]
