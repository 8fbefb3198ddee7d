"""All that is known of where a process runs, in one document, told when it is news."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from orjson import dumps

from nextmv_autotrack.capture.circumstances.program import program
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.settings import Sources

if TYPE_CHECKING:
    from nextmv_autotrack.capture.circumstances.repository import Repository


# A fork ends the look at the files, and somebody who waits may do so, too.
_MOST_TRIES = 3


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
        self._is_dirty: bool | None = None
        self._tries_left = _MOST_TRIES

    def at_once(self) -> News:
        """Return what can be told without looking anywhere.

        For the moment in which the journal is begun: whatever ends the process then, so
        much is known.
        """
        # Once: Python forgets the script when it has come to its end.
        self._program = self._program or program()
        return self._news(self._program, self._shared(), is_whole=False)

    def news(self, owner: str, patience_s: Callable[[], float]) -> News | None:
        """Return what is to be told to a journal, None when it knows.

        Args:
            owner: Whose journal it is; another one each time it is begun.
            patience_s: How long looking may take; asked again and again.
        """
        # Not at the top: what they need takes milliseconds to import.
        from nextmv_autotrack.capture.circumstances import packages, repository  # noqa: PLC0415 -- see above

        if self._facts is None:
            self._program = self._program or program()
            self._facts = {**self._program, **_facts()}
            self._code = repository.repository_of(self._program.get("script"))
        is_compared = self._compares(patience_s)
        known = owner, packages.loaded(), self._shared()
        if known == self._told and not is_compared:
            return None
        self._told = known
        whole = {**self._facts, "packages": packages.versions(known[1])}
        if self._code is not None:
            whole["git"] = _told(self._code, self._is_dirty)
        return self._news(whole, known[2], is_whole=not self._tries_left)

    def _compares(self, patience_s: Callable[[], float]) -> bool:
        """Look whether files have changed; return whether there is any news of it."""
        from nextmv_autotrack.capture.circumstances import repository  # noqa: PLC0415 -- loaded by then

        if self._code is None:
            self._tries_left = 0
            return False
        if not self._tries_left or repository.is_to_wait():
            return False
        self._tries_left -= 1
        self._is_dirty = repository.is_dirty(self._code, patience_s=patience_s)
        if self._is_dirty is not None:
            self._tries_left = 0
        return not self._tries_left

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
