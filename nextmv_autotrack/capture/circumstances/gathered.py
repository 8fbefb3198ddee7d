"""All that is known of where a process runs, in one document, told when it is news."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from orjson import dumps

from nextmv_autotrack.capture.circumstances.program import program
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.settings import Sources

if TYPE_CHECKING:
    from nextmv_autotrack.capture.circumstances.comparison import Comparison
    from nextmv_autotrack.capture.circumstances.repository import Repository


class News(NamedTuple):
    """A record of the journal."""

    meta: bytes
    environment: bytes
    """JSON."""


class Circumstances:
    """Gathers the environment of this process, and says what of it has changed."""

    def __init__(self, sources: Sources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock
        self._program: dict[str, Any] = {}
        self._facts: dict[str, Any] | None = None
        self._told: object = None
        self._code: Repository | None = None
        self._comparison: Comparison | None = None

    def at_once(self) -> News:
        """Return what can be told without looking anywhere.

        For the moment in which the journal is begun: whatever ends the process then, so
        much is known.
        """
        # Once: Python forgets the script when it has come to its end.
        self._program = self._program or program()
        return self._news(self._program, self._shared(), is_whole=False)

    def news(self, owner: str) -> News | None:
        """Return what is to be told to a journal, None when it knows.

        Args:
            owner: Whose journal it is; another one each time it is begun.
        """
        # Not at the top: what they need takes milliseconds to import.
        from nextmv_autotrack.capture.circumstances import packages  # noqa: PLC0415 -- see above

        if self._facts is None:
            self._facts = self._looked()
        compared = self._comparison
        is_compared = compared is None or compared.has_ended
        known = owner, packages.loaded(), self._shared(), is_compared
        if known == self._told:
            return None
        self._told = known
        whole = {**self._facts, "packages": packages.versions(known[1])}
        if self._code is not None:
            is_dirty = None if compared is None else compared.is_dirty
            whole["git"] = _told(self._code, is_dirty)
        return self._news(whole, known[2], is_whole=is_compared)

    def _looked(self) -> dict[str, Any]:
        from nextmv_autotrack.capture.circumstances import comparison, repository  # noqa: PLC0415 -- see above

        self._program = self._program or program()
        self._code = repository.repository_of(self._program.get("script"))
        if self._code is not None and self._code.commit is not None:
            self._comparison = comparison.Comparison(self._code.root, self._clock)
        return {**self._program, **_facts()}

    def compare(self, *, may_begin: bool) -> float:
        """Look whether files have changed, once all else is told.

        Args:
            may_begin: Whether nobody waits for this thread.

        Returns:
            When to do so again, by the steady clock; now, if there are news.
        """
        if self._comparison is None:
            return math.inf
        return self._comparison.go_on(may_begin=may_begin)

    def begin_anew(self) -> None:
        """Know in a forked child what its parent knew."""
        if self._comparison is not None:
            self._comparison.begin_anew()

    def end(self) -> None:
        """Leave nothing behind: the program ends."""
        if self._comparison is not None:
            self._comparison.end()

    def _shared(self) -> str:
        return self._sources.resolve().environment

    def _news(
        self, environment: dict[str, Any], shared: str, *, is_whole: bool
    ) -> News:
        meta = {
            "at_ns": self._clock.wall_ns(),
            "shared": shared,
            "is_whole": is_whole,
        }
        return News(dumps(meta), dumps(environment))


def _facts() -> dict[str, Any]:
    """Look at what stays the same as long as the process lives."""
    from nextmv_autotrack.capture.circumstances import machine, places  # noqa: PLC0415 -- see above

    found = machine.machine()
    if container := places.container():
        found["container"] = container
    if schedulers := places.schedulers(os.environ):
        found["scheduler"] = schedulers
    return found


def _told(code: Repository, is_dirty: bool | None) -> dict[str, Any]:  # noqa: FBT001 -- a fact
    told = {"commit": code.commit, "branch": code.branch, "dirty": is_dirty}
    return {name: value for name, value in told.items() if value is not None}
