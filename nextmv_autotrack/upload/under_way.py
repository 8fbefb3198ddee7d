"""What is being done to a run on its way to the platform."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from nextmv_autotrack.clock import Clock
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.store import StoredRun
from nextmv_autotrack.upload.submission import Waiting, create
from nextmv_autotrack.whereabouts import CREATE_ENDS_S, CREATE_SETTLES_S

# Whoever finds the note of a create call after our death lets the call end: it still has
# as long again for that.
NOTE_LIFE_S = CREATE_SETTLES_S / 2

# On a disk that takes longer than that for each note, the run is created all the same.
MOST_NOTES = 3


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
    upload_began_s: float = 0.0
    """By the steady clock."""
    looked_for_at: float | None = None
    """When the platform was asked for it, by the wall clock."""
    older_parts: int = 0
    """How many of the parts it uses an earlier attempt has uploaded."""
    uploads: Mapping[str, str] = field(default_factory=dict)
    """From part to upload id."""
    notes: int = 0
    """How often it was noted that the create call begins."""

    @property
    def has_progressed(self) -> bool:
        """Whether the platform has done anything in it."""
        return self.looked_for_at is not None or len(self.uploads) > self.older_parts

    def begun(self, clock: Clock, older_parts: int) -> Attempt:
        """Return the attempt when its upload begins."""
        return replace(
            self,
            upload_began_at=clock.wall(),
            upload_began_s=clock.steady(),
            older_parts=older_parts,
        )

    def has_parts_older_than(self, age_s: float, clock: Clock) -> bool:
        """Whether it may."""
        # One clock stands still while the machine sleeps, the other can be set back.
        age_by_wall_s = clock.wall() - self.upload_began_at
        steady_age_s = clock.steady() - self.upload_began_s
        is_young = 0 <= age_by_wall_s <= age_s and steady_age_s <= age_s
        return self.older_parts > 0 or not is_young

    def must_be_looked_for_at(self) -> float | None:
        """Return when to look again for a run that was not there; None if it is not.

        Its create call may have been at work when it was looked for, also if who made it
        has died. A clock that was set back meanwhile is no reason to wait.
        """
        begun_at, looked_at = self.run.create_begun_at, self.looked_for_at
        if begun_at is None or looked_at is None:
            return None
        if not begun_at <= looked_at < begun_at + CREATE_ENDS_S:
            return None
        return begun_at + CREATE_ENDS_S

    def create(self, noted_at: float, clock: Clock) -> str | None:
        """Create the run; None when that is to be noted again, since it begins late."""
        is_late = not 0 <= clock.wall() - noted_at <= NOTE_LIFE_S
        if is_late and self.notes < MOST_NOTES:
            return None
        return create(self.client, self.waiting, self.uploads)


@dataclass(frozen=True)
class UnderWay:
    """A step that is with the crew."""

    attempt: Attempt
    step: Step
    future: Future[Any]
