"""What `sync` tells of how it went: for people, for scripts, and as an exit code."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from nextmv_autotrack.cli import screen
from nextmv_autotrack.cli.sync.history import Why
from nextmv_autotrack.cli.sync.shipment import Amount
from nextmv_autotrack.cli.words import counted, size
from nextmv_autotrack.store.accounts import Problem

_WHY = {
    Why.RUNNING: "still running",
    Why.TRIMMED: "inputs and outputs have been dropped (max_disk, max_age_days)",
    Why.DAMAGED: "damaged in the store",
    Why.WITHOUT_APPLICATION: "of no application: name one with --app-id, or set "
    "NEXTMV_APP_ID",
    Why.UNKNOWN_APPLICATION: "the platform does not have their application",
}


@dataclass(kw_only=True)
class Report:
    """How it went, or would go."""

    sent: Amount
    is_dry_run: bool = False
    rejected: int = 0
    rejected_before: int = 0
    """Those of which an earlier one has told: nobody sends them unless asked to."""
    waiting: int = 0
    """All that still wait."""
    elsewhere: int = 0
    """Those of them that wait for another platform."""
    problems: list[Problem] = field(default_factory=list)
    """Why they wait."""
    staying: Counter[Why] = field(default_factory=Counter)
    """Local runs that did not join."""
    created: list[str] = field(default_factory=list)
    """Applications that are new."""
    unknown_apps: list[str] = field(default_factory=list)
    """Applications that the platform does not have."""
    unchecked: str | None = None
    """Why nobody knows whether it has those of local runs."""

    @property
    def exit_code(self) -> int:
        """0 when all that can be there is there."""
        is_left = any(why.is_to_be_mended for why in self.staying)
        return 1 if self.waiting or self.rejected or is_left else 0

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        return {
            "sent": self.sent.runs,
            "waiting": self.waiting,
            "rejected": self.rejected,
            "bytes": self.sent.bytes,
            "left_out": {why.value: self.staying[why] for why in Why},
            "created": self.created,
            "unknown_applications": self.unknown_apps,
            "applications_unchecked": self.unchecked,
            "dry_run": self.is_dry_run,
        }

    def tell(self) -> None:
        """Print it for people."""
        for app in self.created:
            words = "would be created" if self.is_dry_run else "created"
            screen.line(f"Application {app} {words}.")
        screen.say(self._summary())
        if self.unchecked is not None:
            screen.line(f"  applications were not checked: {self.unchecked}")
        for one in self.problems:
            screen.line(f"  {counted(one.runs, 'run')}: {one.text or 'not sent yet'}")
        if self.elsewhere:
            words = counted(self.elsewhere, "of these waits", "of these wait")
            screen.line(f"  {words} for another endpoint: see nextmv-autotrack status")
        if self.rejected_before:
            words = counted(self.rejected_before, "run was", "runs were")
            screen.line(
                f"  {words} rejected before: see nextmv-autotrack status, and retry"
            )
        for why, runs in self.staying.items():
            screen.line(f"  {counted(runs, 'local run')} left out: {_WHY[why]}")
        for app in self.unknown_apps:
            screen.line(
                f"  the platform does not have application {app!r}: mend the id, or have "
                "it made with --create"
            )

    def _summary(self) -> str:
        runs = counted(self.sent.runs, "run")
        if self.is_dry_run:
            return f"{runs} would be sent, {size(self.sent.bytes)}."
        if not (self.sent.runs or self.waiting or self.rejected):
            return "Nothing waits."
        words = [f"{runs} sent"]
        if self.rejected:
            words.append(f"{self.rejected} rejected (see nextmv-autotrack status)")
        if self.waiting:
            words.append(f"{counted(self.waiting, 'run')} left")
        return ", ".join(words) + (":" if self.waiting else ".")
