"""All that is known of where a process runs, in one document, told when it is news."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

from orjson import dumps

from nextmv_autotrack.capture.circumstances.program import program
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.settings import Sources


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
        self._facts: dict[str, Any] | None = None
        self._told: object = None

    def at_once(self) -> News:
        """Return what can be told without looking anywhere.

        For the moment in which the journal is begun: whatever ends the process then, so
        much is known.
        """
        return self._news(program(), self._shared(), is_whole=False)

    def news(self, owner: str, patience_s: Callable[[], float]) -> News | None:
        """Return what is to be told to a journal, None when it knows.

        Args:
            owner: Whose journal it is; another one each time it is begun.
            patience_s: How long looking may take; asked again and again.
        """
        # Not at the top: what they need takes milliseconds to import.
        from nextmv_autotrack.capture.circumstances import packages  # noqa: PLC0415 -- see above

        known = owner, packages.loaded(), self._shared()
        if known == self._told:
            return None
        if self._facts is None:
            self._facts = _facts(patience_s)
        whole = {**self._facts, "packages": packages.versions(known[1])}
        self._told = known
        return self._news(whole, known[2], is_whole=True)

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


def _facts(patience_s: Callable[[], float]) -> dict[str, Any]:
    """Look at what stays the same as long as the process lives."""
    from nextmv_autotrack.capture.circumstances import machine, places  # noqa: PLC0415 -- see above

    found = {**program(), **machine.machine()}
    if container := places.container():
        found["container"] = container
    if schedulers := places.schedulers(os.environ):
        found["scheduler"] = schedulers
    if code := _code(patience_s):
        found["git"] = code
    return found


def _code(patience_s: Callable[[], float]) -> dict[str, Any]:
    from nextmv_autotrack.capture.circumstances import repository  # noqa: PLC0415 -- see above

    found = repository.repository_of_program()
    if found is None:
        return {}
    told = {
        "commit": found.commit,
        "branch": found.branch,
        "dirty": repository.is_dirty(found, patience_s=patience_s),
    }
    return {name: value for name, value in told.items() if value is not None}
