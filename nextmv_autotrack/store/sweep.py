"""Bringing the journals of all processes into the store, and clearing up behind them."""

from __future__ import annotations

from nextmv_autotrack.errors import JournalError
from nextmv_autotrack.journal import Home, Segment, Writer
from nextmv_autotrack.store import Store

# One transaction: small enough that it never holds up another process, or the model's
# threads, for long.
MOVE_BYTES = 256 * 1024


class Sweep:
    """Moves journals: one's own, those of living processes, those of dead ones."""

    def __init__(self, store: Store, home: Home) -> None:
        self._store = store
        self._home = home

    def own(self, writer: Writer) -> None:
        """Move what this process has written so far."""
        # Asked before reading: a segment that is complete only afterwards may have
        # got its last frames after they could be read.
        current = writer.current
        for segment in self._segments(writer.owner):
            self._move(segment)
            if segment != current:
                self._remove(segment)
        writer.close_retired()

    def leave(self, writer: Writer) -> None:
        """Move the rest of what this process has written, and clear up behind it.

        With a run still in progress, or a thread that goes on writing, it stays as it
        is: the process counts as alive as long as it lives, and the run is not taken
        for one that has died.
        """
        owner, appended = writer.owner, writer.appended
        self.own(writer)
        if not self._store.running(owner) and writer.close(appended=appended):
            self.owner(owner)

    def others(self, owner: str | None = None) -> list[JournalError]:
        """Move what all processes but `owner` have left; return what could not be."""
        problems = []
        for other in self._home.owners():
            if other != owner:
                problems += self.owner(other)
        return problems

    def owner(self, owner: str) -> list[JournalError]:
        """Move what one process has left; clear up when it is dead.

        Return what could not be moved: it stays as it is, for whoever can read it.
        """
        # Asked before reading: what is read after the death is all there is.
        alive = self._home.is_alive(owner)
        if not alive:
            self._home.take_up_printed(owner)
        segments = self._segments(owner)
        problems = self._move_what_can_be_read(segments)
        if alive or problems:
            return problems
        self._store.fail_unfinished(owner)
        for segment in segments:
            self._remove(segment)
        self._home.leave(owner)
        return []

    def _segments(self, owner: str) -> list[Segment]:
        return [found for found in self._home.segments() if found.owner == owner]

    def _move_what_can_be_read(self, segments: list[Segment]) -> list[JournalError]:
        problems = []
        for segment in segments:
            try:
                self._move(segment)
            except JournalError as problem:  # noqa: PERF203 -- one does not stop others
                problems.append(problem)
        return problems

    def _move(self, segment: Segment) -> None:
        while not self._store.move(segment, limit_bytes=MOVE_BYTES).finished:
            pass

    def _remove(self, segment: Segment) -> None:
        # In this order: who finds no position for a file that is still there reads it
        # from its start.
        segment.path.unlink(missing_ok=True)
        self._store.forget(segment)
