"""What can become of a run on its way to the platform: each a fact to be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Uploaded:
    """Parts of it are with the platform's storage."""

    run_id: str
    uploads: Mapping[str, str]
    """From part to upload id."""
    begun_at: float
    """Before the platform was asked for any of them that is new."""
    create_begins_at: float | None = None
    """When the platform is asked to create the run, if it is next: kept before it is."""
    owner: str | None = None
    """Who has claimed the run, and alone may create it."""


@dataclass(frozen=True)
class Delivered:
    """The platform has it."""

    run_id: str
    platform_run_id: str
    at: float | None = None
    """When that was known, if it is to be kept."""


@dataclass(frozen=True)
class Postponed:
    """It is tried again."""

    run_id: str
    due_at: float
    problem: str
    is_surely_not_created: bool = True
    """Whether nobody has to look for it on the platform first."""
    is_uploaded_anew: bool = False
    """Whether the platform may not know its parts any more."""
    create_begun_at: float | None = None
    """When its create call is taken to have begun, now that it has ended or been given up."""


@dataclass(frozen=True)
class Rejected:
    """The platform said no for good."""

    run_id: str
    problem: str


Change = Uploaded | Delivered | Postponed | Rejected
