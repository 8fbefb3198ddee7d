"""Where journals lie, whose they are, and whether their owner lives."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from nextmv_autotrack.journal import locks, printed_files, process
from nextmv_autotrack.journal.descriptors import out_of_the_way

_SEGMENT_SUFFIX = ".journal"
_LOCK_SUFFIX = ".lock"


class Segment(NamedTuple):
    """One file of a process's journal."""

    path: Path
    owner: str
    number: int

    def size(self) -> int:
        """Return how many bytes it takes; none when somebody has removed it."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0


class Home:
    """The folder of all journals of a user, one owner a process."""

    def __init__(self, directory: Path) -> None:
        self._folder = directory / "journals"

    def __repr__(self) -> str:
        return f"Home({str(self._folder.parent)!r})"

    def enter(self, owner: str) -> int:
        """Make `owner` known as alive until the returned descriptor is closed."""
        make_private_folder(self._folder)
        who = json.dumps(process.identity() or {}).encode("ascii")
        return out_of_the_way(locks.hold(self._lock(owner), who))

    def is_alive(self, owner: str) -> bool:
        """Whether the process that is `owner` still runs and writes.

        It holds its lock, unless that is held by a child that C code has forked, and the
        process itself has ended. Where a lock is gone by mistake, because a program has
        closed all descriptors or a network folder knows no locks, the process is looked
        for. One that has left on purpose has said so.
        """
        lock = self._lock(owner)
        who = _who(lock)
        if locks.is_held(lock):
            return not process.has_ended(who)
        return process.is_running(who)

    def knows(self, owner: str) -> bool:
        """Whether the folder still has what tells that `owner` is alive."""
        return self._lock(owner).exists()

    def create(self, owner: str, number: int) -> tuple[Segment, int]:
        """Create a segment; return it and a descriptor that appends to it."""
        path = self._folder / f"{owner}.{number}{_SEGMENT_SUFFIX}"
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL
        flags |= getattr(os, "O_BINARY", 0)
        fd = out_of_the_way(os.open(path, flags, 0o600))
        return Segment(path, owner, number), fd

    def segments(self) -> list[Segment]:
        """Every segment there is, those of one owner in the order of writing."""
        found = []
        for path in self._listing(_SEGMENT_SUFFIX):
            owner, _, number = path.stem.rpartition(".")
            if owner and number.isdecimal():
                found.append(Segment(path, owner, int(number)))
        return sorted(found, key=lambda segment: (segment.owner, segment.number))

    def size_of(self, owner: str) -> int:
        """Return how many bytes the journal of one owner takes."""
        return sum(found.size() for found in self.segments() if found.owner == owner)

    def owners(self) -> list[str]:
        """Every process that left a trace here."""
        locked = {path.stem for path in self._listing(_LOCK_SUFFIX)}
        return sorted(locked | {segment.owner for segment in self.segments()})

    def has_dead(self) -> bool:
        """Whether there is an owner that is dead; not where nobody can look."""
        with suppress(OSError):
            return not all(map(self.is_alive, self.owners()))
        return False

    def beside(self, owner: str) -> str:
        """Return what the names of an owner's other files begin with."""
        return str(self._folder / owner)

    def take_up_printed(self, owner: str) -> None:
        """Make segments of what a dead owner has printed and not written down."""
        printed_files.become_segments(self._folder, owner)

    def leave(self, owner: str) -> None:
        """Forget an owner that is dead and whose segments are gone."""
        self._lock(owner).unlink(missing_ok=True)

    def remove_unfinished(self, *, written_before: float) -> None:
        """Remove what belongs to no owner that is known.

        It is of those that were killed before they were, or came after their last.
        """
        remove_older(self._folder, locks.UNNAMED_SUFFIX, written_before)
        owners = self.owners()
        for path in self._listing(printed_files.SUFFIX):
            with suppress(FileNotFoundError):  # others are at it, too
                is_old = path.stat().st_mtime < written_before
                if is_old and printed_files.owner_of(path) not in owners:
                    path.unlink()

    def _lock(self, owner: str) -> Path:
        return self._folder / f"{owner}{_LOCK_SUFFIX}"

    def _listing(self, suffix: str) -> list[Path]:
        try:
            with os.scandir(self._folder) as found:
                return [Path(one.path) for one in found if _is_ours(one, suffix)]
        except FileNotFoundError:
            return []


def _is_ours(one: os.DirEntry[str], suffix: str) -> bool:
    """Whether it is a file that is named as ours are: anything may lie there."""
    stem = one.name.removesuffix(suffix)
    is_named_so = stem and stem != one.name and stem.isascii()
    # Who opens a pipe waits for the other end.
    return bool(is_named_so) and (one.is_file() or one.is_dir())


def _who(lock: Path) -> dict[str, Any]:
    try:
        who = json.loads(lock.read_bytes() or b"{}")
    except (OSError, ValueError):
        return {}
    return who if isinstance(who, dict) else {}


def remove_older(folder: Path, suffix: str, written_before: float) -> None:
    """Remove the files of a folder that are that old; others may do so at once."""
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            if path.suffix == suffix and path.stat().st_mtime < written_before:
                path.unlink(missing_ok=True)


def make_private_folder(folder: Path) -> None:
    """Create a folder and what is missing above it, for this user only."""
    if folder.is_dir():
        return
    make_private_folder(folder.parent)
    # mkdir(parents=True) would give the mode to the last one only.
    folder.mkdir(mode=0o700, exist_ok=True)
