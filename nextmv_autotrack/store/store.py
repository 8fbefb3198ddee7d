"""The store as others see it: one object, one connection."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from nextmv_autotrack.errors import DamagedStoreError
from nextmv_autotrack.journal import Home, Segment
from nextmv_autotrack.redact import known_values
from nextmv_autotrack.store import (
    accounts,
    environments,
    moving,
    outbox,
    predecessor,
    queries,
)
from nextmv_autotrack.store import damage as damaged
from nextmv_autotrack.store.accounts import Account
from nextmv_autotrack.store.connection import connect, writing
from nextmv_autotrack.store.environments import Environment
from nextmv_autotrack.store.faults import told
from nextmv_autotrack.store.moving import Moved
from nextmv_autotrack.store.outgoing import Outgoing
from nextmv_autotrack.store.payloads import Payload, Payloads
from nextmv_autotrack.store.schema import migrate
from nextmv_autotrack.store.selection import Selection
from nextmv_autotrack.store.stored_run import StoredRun
from nextmv_autotrack.store.upkeep import Upkeep

DATABASE_NAME = "store.sqlite3"
PAYLOADS_NAME = "payloads"

# All runs are looked at each time a process begins, which takes 10 to 20 ms then: what is
# large in a database are the payloads.
CHECKED_BYTES = 64 * 1024 * 1024

_IS_MENDED = "it has been mended, and no run is lost"


class Store(Outgoing):
    """The durable home of runs: moved in from journals, read, and delivered from.

    Any number of processes may have it open. One object is for one thread at a time.
    Every method raises StoreError, and nothing else, when the database or the disk
    fails; what it was about to change is then unchanged.

    Example:
        >>> with Store.open(directory) as store:
        ...     newest = store.runs(limit=20)
    """

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        payloads: Payloads,
        is_alive: Callable[[str], bool],
    ) -> None:
        self._path = path
        self._connection = connection
        self._payloads = payloads
        self._is_alive = is_alive
        self._file = _identity(path)
        self._was_looked_at = False

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        is_alive: Callable[[str], bool] | None = None,
        gives_up: Callable[[], bool] = lambda: False,
    ) -> Store:
        """Open the store in `directory`; create it when there is none.

        Args:
            directory: Where the database, the payloads and the journals lie.
            is_alive: Tells whether an owner's process still runs; by default its
                journal's lock does.
            gives_up: Tells, while another process writes, not to wait for it.

        Raises:
            StoreError: It is damaged, of a newer version, or cannot be written.
        """
        path = directory / DATABASE_NAME
        with told(path):
            connection = connect(path)
            connection.gives_up = gives_up
            try:
                migrate(connection, path)
                predecessor.make_known(path)
            except BaseException:
                connection.close()
                raise
        payloads = Payloads(connection, directory / PAYLOADS_NAME)
        return cls(path, connection, payloads, is_alive or Home(directory).is_alive)

    @classmethod
    def open_sound(cls, directory: Path, *, complain: Callable[[str], object]) -> Store:
        """Open the store; a damaged one is mended, or moved aside and a new one begun.

        Args:
            directory: As for `open`.
            complain: Told what was done.

        Raises:
            StoreError: As for `open`, but for the damage.
        """
        try:
            return cls.open(directory)
        except DamagedStoreError as damage:
            cls.set_aside(directory, damage, complain)
            return cls.open(directory)

    @staticmethod
    def set_aside(
        directory: Path, damage: DamagedStoreError, complain: Callable[[str], object]
    ) -> None:
        """Mend a damaged store; move it aside and begin a new one if that is no use."""
        path = directory / DATABASE_NAME
        with told(path):
            state, aside = damaged.mend_or_set_aside(path)
        if aside is not None:
            complain(
                f"{damage}; it is kept as {aside.path.name}, and a new store has begun "
                f"with the {aside.runs} runs that could be read of it, and with what "
                "the journals still hold"
            )
        elif state is damaged.State.MENDED:
            complain(f"{damage}; {_IS_MENDED}")

    def mend(
        self, complain: Callable[[str], object], *, max_bytes: float = math.inf
    ) -> bool:
        """Look whether all of it is sound, and mend what no data is lost by.

        Args:
            complain: Told what was done.
            max_bytes: A larger database is not looked at: it takes two seconds for a
                gigabyte. None is looked at twice while it is open.

        Returns:
            Whether anything was mended.

        Raises:
            DamagedStoreError: A table is damaged: `set_aside` keeps what can be read.
        """
        with told(self._path):
            if self._was_looked_at or self._path.stat().st_size > max_bytes:
                return False
            self._was_looked_at = True
            state = damaged.mend(self._path)
        if state is damaged.State.DAMAGED:
            raise DamagedStoreError(f"{self._path} is damaged")
        if state is damaged.State.MENDED:
            complain(f"{self._path} was damaged; {_IS_MENDED}")
        return state is damaged.State.MENDED

    def check(self) -> None:
        """See to it that no run that waits is hidden by damage, unless that takes long.

        Raises:
            DamagedStoreError: One is.
        """
        with told(self._path):
            if self._path.stat().st_size <= CHECKED_BYTES:
                outbox.check(self._connection)

    def doubt_earlier_runs(self) -> None:
        """Have what has begun before now, and is moved later, looked for before it is sent.

        Another store, which is gone, may have sent it.
        """
        with told(self._path), writing(self._connection):
            predecessor.note(self._connection)

    def is_in_place(self) -> bool:
        """Whether the database that is open is the one that others would open."""
        return self._file is not None and _identity(self._path) == self._file

    def __repr__(self) -> str:
        return f"Store({str(self._path.parent)!r})"

    def __enter__(self) -> Store:  # noqa: PYI034 -- Self came with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        with told(self._path):
            self._connection.close()

    def move(self, segment: Segment, *, limit_bytes: int) -> Moved:
        """Move some of a journal into the store, from where the last move ended.

        Any process may move any journal, at the same time as others: each frame is
        taken in once.
        """
        with told(self._path):
            return moving.move(
                self._connection, self._payloads, segment, limit_bytes, known_values()
            )

    def forget(self, segment: Segment) -> None:
        """Forget how far a segment was moved, once its file is gone."""
        with told(self._path):
            moving.forget(self._connection, segment)

    def fail_unfinished(self, owner: str) -> int:
        """Let runs that a dead owner left running be failed; return how many.

        Their error says what is known of the end of their process.
        """
        with told(self._path):
            return moving.fail_unfinished(self._connection, owner)

    def running(self, owner: str) -> int:
        """Return how many runs of `owner` are in progress."""
        with told(self._path):
            return queries.running(self._connection, owner)

    def run(self, id_or_prefix: str) -> StoredRun:
        """Return the run whose id is, or begins with, the one given.

        Raises:
            UnknownRunError: There is none.
            AmbiguousRunError: There are several.
        """
        with told(self._path):
            return queries.run(self._connection, id_or_prefix)

    def runs(self, *, limit: int) -> list[StoredRun]:
        """Return the newest runs, newest first."""
        with told(self._path):
            return queries.runs(self._connection, limit)

    def each(self, selection: Selection) -> Iterator[StoredRun]:
        """Yield the runs that are asked for, newest first, one at a time."""
        with told(self._path):
            yield from queries.each(self._connection, selection)

    def log_text(self, run_id: str) -> str:
        """Return the log lines of a run; empty when it has none."""
        with told(self._path):
            return queries.log_text(self._connection, run_id)

    def environment(self, run: StoredRun) -> Environment:
        """Return where a run was made, as far as that is known."""
        ended_at = None if run.duration is None else run.started_at + run.duration
        with told(self._path):
            return environments.environment(self._connection, run.owner, ended_at)

    def payload(self, digest: str) -> bytes:
        """Return a payload."""
        with told(self._path):
            return self._payloads.read(digest)

    def open_payload(self, digest: str) -> Payload:
        """Say where a payload lies, without reading a large one."""
        with told(self._path):
            return self._payloads.find(digest)

    def whole_payload(self, digest: str) -> Payload:
        """Say where a payload lies, once all of it was seen to be what was recorded.

        That takes half a second for a gigabyte.

        Raises:
            StoreError: It is not.
        """
        with told(self._path):
            return self._payloads.find_whole(digest)

    @property
    def upkeep(self) -> Upkeep:
        """What is done to the store as a whole: bounds, retries, removals."""
        return Upkeep(self._path, self._connection, self._payloads)

    def account(self) -> Account:
        """Return how many runs there are of each kind, and what is wrong with which."""
        with told(self._path):
            return accounts.account(self._connection)


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another of its name; None when it has been moved away."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
