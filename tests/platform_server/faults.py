"""What the platform does wrong by chance: the same again for the same seed."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from nextmv_autotrack.testing.messages import Answer, Request

When = Literal["never", "at once", "later"]

# Shorter than what the library gives a create call to end before it looks for the run.
LATEST_S = 3.0

# A page of a proxy, as it comes with any status.
_PAGE = b"<html><body>We will be back soon.</body></html>"


@dataclass(frozen=True)
class Fault:
    """One way of treating a request badly. None of them rejects a run for good."""

    name: str
    acts: When = "never"
    """Whether what was asked for is done all the same."""
    ends: Literal["closed", "refused", "silent", "status", "cut", "page"] = "status"
    """With a closed connection, with no new one for a while either, with a silence
    and then a closed one, with a status, in the middle of the right answer, or with a
    page that is no JSON."""
    status: int = 200
    is_of_storage: bool = False
    """Whether only an upload can meet it."""


_BEFORE = (408, 425, 429, 500, 502, 503, 504)
_AFTER = (500, 502, 503, 504)

FAULTS = (
    Fault("refused", ends="refused"),
    Fault("closed", ends="closed"),
    Fault("silent", ends="silent"),
    *[Fault(f"{status}", status=status) for status in _BEFORE],
    Fault("expired", status=403, is_of_storage=True),
    Fault("answer lost", "at once", ends="closed"),
    Fault("done late", "later", ends="closed"),
    *[Fault(f"{status}, done", "at once", status=status) for status in _AFTER],
    Fault("answer cut", "at once", ends="cut"),
    Fault("no JSON, done", "at once", ends="page"),
)

# Storage has no answer that anybody reads: a page is as good as none.
_NOT_OF_STORAGE = {"no JSON, done"}

_ASKS_TO_WAIT = {429, 503}


class Faults:
    """Chooses the requests that are treated badly, and how."""

    def __init__(self, share: float, seed: int) -> None:
        self._initial, self._seed = share, seed
        self.reset()

    def reset(self) -> None:
        """Begin again, as at the start."""
        self.share = self._initial
        self.without: Collection[str] = ()
        """Faults that are not among those that are made, by name."""
        self._drawing = random.Random(self._seed)  # noqa: S311 -- to be repeated
        # Its own: what is drawn does not depend on what is done.
        self._doing = random.Random(self._seed)  # noqa: S311 -- faults, and no secret

    def drawn(self, request: Request) -> Fault | None:
        """Return what is done wrong with a request, if anything is."""
        # Two numbers whatever comes of it, so that the next request has its own.
        is_wrong = self._drawing.random() < self.share
        which = self._drawing.random()
        fitting = [fault for fault in FAULTS if self._fits(fault, request)]
        return fitting[int(which * len(fitting))] if is_wrong else None

    def _fits(self, fault: Fault, request: Request) -> bool:
        if fault.name in self.without:
            return False
        if request.is_storage:
            return fault.name not in _NOT_OF_STORAGE
        return not fault.is_of_storage

    def refusal(self, fault: Fault) -> Answer:
        """Return the answer with the status of a fault, or with a page."""
        headers = {"Content-Type": "text/html"}
        if fault.status in _ASKS_TO_WAIT and self._doing.random() < 0.5:
            headers["Retry-After"] = str(self._doing.randrange(2))
        return Answer(fault.status, _PAGE, headers)

    def lateness_s(self) -> float:
        """Return how long after its connection was closed a request is done."""
        return self._doing.uniform(0.0, LATEST_S)
