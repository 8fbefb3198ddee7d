"""What the platform is told to do wrong, and for which requests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from nextmv_autotrack.testing.messages import Answer, Request

Kind = Literal[
    "refuse", "hang", "close", "lose answer", "do and refuse", "gather", "delay"
]
"""Refuse it; never answer; close at once; do it, then close; do it, then refuse it; hold
it until there are as many as `times`, then go on with all of them; answer later. Those
that need time of their own, `hang` and `gather`, are for a server, `delay` is for a fake
in the process."""


@dataclass
class Trouble:
    """The next `times` requests that match are treated badly."""

    kind: Kind
    times: int
    method: str = ""
    """Any, when empty."""
    path: str = ""
    """A regular expression that is to be found in the path."""
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "out of order"
    seconds: float = 0.0
    """How much later it is answered."""

    def concerns(self, request: Request) -> bool:
        """Whether the request is one of those."""
        if self.method and request.method != self.method:
            return False
        return re.search(self.path, request.path) is not None

    def refusal(self) -> Answer:
        """Return the answer instead of the right one."""
        return Answer(self.status, self.body.encode(), dict(self.headers))
