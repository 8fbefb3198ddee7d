"""How a run is doing, and how far it is on its way: the words for both."""

from __future__ import annotations

from enum import Enum


class Status(str, Enum):
    """How a run is doing, in the platform's words."""

    QUEUED = "queued"
    """Only on the platform: it has not begun."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    CANCELED = "canceled"
    """Only on the platform: somebody has stopped it."""

    @property
    def is_final(self) -> bool:
        """Whether it stays so."""
        return self in _FINAL


STATUSES_HERE = (Status.RUNNING, Status.SUCCEEDED, Status.FAILED)
"""Those that a run can have on the machine that it runs on."""

_FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELED})


class Delivery(str, Enum):
    """How far a run is on its way to the platform."""

    LOCAL = "local"
    """It stays in the local store."""

    WAITING = "waiting"
    """It is meant for the platform, which does not have it yet."""

    DELIVERED = "delivered"
    """The platform has it."""

    REJECTED = "rejected"
    """The platform said no for good."""
