"""What of a store is for the upload: runs that wait, and what becomes of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from nextmv_autotrack.store import lane as lanes
from nextmv_autotrack.store import notes, outbox, shipping
from nextmv_autotrack.store.changes import Change
from nextmv_autotrack.store.faults import told
from nextmv_autotrack.store.lane import Lane
from nextmv_autotrack.store.stored_run import StoredRun


class Outgoing:
    """The part of a store that the upload works with."""

    _path: Path
    _connection: sqlite3.Connection
    _is_alive: Callable[[str], bool]

    def claim(
        self,
        owner: str,
        *,
        endpoint: str,
        now: float,
        limit: int,
        without_apps: Collection[str] = (),
    ) -> list[StoredRun]:
        """Take runs that are due at `now`, for `owner` alone, the oldest first.

        At most as many as all processes of the machine together may send now. A claim
        lasts until the run is settled, the claim is released, or the process that is
        its owner is dead.
        """
        with told(self._path):
            outbox.void_claims_of_the_dead(self._connection, owner, self._is_alive)
            return outbox.claim(
                self._connection,
                owner,
                endpoint=endpoint,
                now=now,
                limit=limit,
                without_apps=without_apps,
            )

    def adopt(self, endpoint: str) -> None:
        """Give ended runs to this platform that began while its address was not known."""
        with told(self._path):
            outbox.adopt(self._connection, endpoint)

    def release(self, owner: str) -> None:
        """Give back what `owner` has claimed."""
        with told(self._path):
            outbox.release(self._connection, owner)

    def settle(
        self,
        endpoint: str,
        changes: Iterable[Change],
        change_lane: Callable[[Lane], Lane] = lambda lane: lane,
    ) -> set[str]:
        """Keep what has become of runs, and of the way to their platform.

        Returns:
            The runs that are not here, or not whose they have to be: nothing more may
            be sent of them.
        """
        with told(self._path):
            return notes.settle(self._connection, endpoint, changes, change_lane)

    def uploads(self, run_id: str, now: float) -> dict[str, str]:
        """Return the upload ids of the parts that the platform has got already."""
        with told(self._path):
            return notes.uploads(self._connection, run_id, now)

    def waiting(self, owner: str | None = None) -> int:
        """Return how many ended runs wait, of one owner or of all."""
        with told(self._path):
            return outbox.waiting(self._connection, owner)

    def waiting_here(self, owner: str, claimant: str, endpoint: str) -> int:
        """Return how many ended runs wait, of one process or for anybody to send."""
        with told(self._path):
            return outbox.waiting_here(self._connection, owner, claimant, endpoint)

    def is_with_others(self, owner: str | None, claimant: str) -> bool:
        """Whether others than `claimant` are delivering runs, of one owner or of any."""
        with told(self._path):
            return outbox.is_with_others(self._connection, owner, claimant)

    def next_due(
        self, endpoint: str, now: float, *, without_apps: Collection[str] = ()
    ) -> float | None:
        """Return when to claim next: `now` or later; None when nothing waits."""
        with told(self._path):
            return outbox.next_due(self._connection, endpoint, now, without_apps)

    def hand_over(
        self,
        run_ids: Collection[str],
        *,
        endpoint: str,
        app_id: str | None = None,
        instance_id: str | None = None,
    ) -> int:
        """Let local runs wait for a platform, all of them at once; return how many do.

        Those that have not ended, have lost payloads, went already, or belong to no
        application, stay as they are.

        Args:
            run_ids: Which runs.
            endpoint: The platform.
            app_id: The application of those that have none.
            instance_id: Its instance.
        """
        with told(self._path):
            return shipping.hand_over(
                self._connection,
                run_ids,
                endpoint=endpoint,
                app_id=app_id,
                instance_id=instance_id,
            )

    def note_exported(self, run_ids: Collection[str], *, now: float) -> None:
        """Note that others may send these runs: each is looked for before it is sent."""
        with told(self._path):
            shipping.note_exported(self._connection, run_ids, now)

    def waiting_ids(self, endpoint: str | None) -> list[str]:
        """Return the ended runs that wait for a platform; None: for any."""
        with told(self._path):
            return shipping.waiting_ids(self._connection, endpoint)

    def waiting_apps(self, endpoint: str | None) -> list[str]:
        """Return the applications that ended runs wait for, as above."""
        with told(self._path):
            return shipping.waiting_apps(self._connection, endpoint)

    def sizes(self, run_ids: Collection[str]) -> Mapping[str, int]:
        """Return how many bytes there are to send of each run."""
        with told(self._path):
            return shipping.sizes(self._connection, run_ids)

    def deliveries(self, run_ids: Collection[str]) -> Mapping[str, str]:
        """Return how far each of these runs is on its way, in the words of Delivery."""
        with told(self._path):
            return shipping.deliveries(self._connection, run_ids)

    def lane(self, endpoint: str) -> Lane:
        """Return how fast a platform may be called."""
        with told(self._path):
            return lanes.load(self._connection, endpoint)
