"""Appending to the journal of this process, on the caller's thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from errno import EBADF
from itertools import chain
from os import write

from nextmv_autotrack.journal import descriptors
from nextmv_autotrack.journal.enclosure import LEAST_BYTES, Enclosure
from nextmv_autotrack.journal.frames import HEADER_SIZE, seal, sealed
from nextmv_autotrack.journal.segments import Home, Segment

# A segment is removed as a whole once it has been moved, so this is about the disk
# space that moved records still take. Smaller ones would only mean more files.
SEGMENT_BYTES = 16 * 1024 * 1024

# Joining small parts for one write costs less than handing over several; a large
# payload is not copied for it.
_JOIN_BYTES = LEAST_BYTES


# What stands for a payload when nobody has been able to move the journal for long.
LEFT_OUT = b'{"truncated":true,"reason":"the disk bound is reached"}'
_PAYLOAD_WITHOUT_ROOM = 1024

_COPY_BYTES = 1024 * 1024


def _write_parts(fd: int, frame: bytes, *parts: bytes | Enclosure) -> int:
    if parts and isinstance(parts[-1], Enclosure):
        return _write_enclosed(fd, frame, *parts)  # type: ignore[arg-type]  # only the last is one
    if hasattr(os, "writev"):
        return os.writev(fd, (frame, *parts))  # type: ignore[arg-type]  # as above
    return os.write(fd, b"".join((frame, *parts)))  # type: ignore[arg-type]  # as above


def _write_enclosed(fd: int, frame: bytes, meta: bytes, payload: Enclosure) -> int:
    """Write a frame piece by piece: until all of it is there, it is none yet."""
    before = os.fstat(fd).st_size
    written = 0
    try:
        for piece in chain([frame + meta], payload.chunks()):
            taken = write(fd, piece)
            written += taken
            if taken < len(piece):
                break
    except BaseException:
        if written:
            # Behind half a frame the next one would be found all the same; it would only
            # have to be searched for.
            os.ftruncate(fd, before)
        raise
    return written


def _nobody() -> None:
    """Wake nobody: the next process moves the journal."""


def _copy(source_fd: int, target_fd: int) -> int:
    """Append all of a file to another; return how many bytes that was."""
    copied = 0
    os.lseek(source_fd, 0, os.SEEK_SET)
    while chunk := os.read(source_fd, _COPY_BYTES):
        copied += len(chunk)
        left = memoryview(chunk)
        while left:
            left = left[os.write(target_fd, left) :]
    return copied


class Writer:
    """The journal of one process.

    What `append` has taken survives the death of the process: it has been given to the
    system in one write. It is not synced to the disk, which would cost a hundred times
    as much and helps only against the death of the machine.
    """

    def __init__(
        self, home: Home, owner: str, *, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self.owner = owner
        """Whose journal it is; another one after each end."""
        self.appended = 0
        """Frames appended so far."""
        self.has_room = True
        """Whether payloads are written down, and not only what is said of them."""
        self.reader_sleeps = False
        """Whether whoever moves the journal wants to be woken by the next frame."""
        self.wake_reader: Callable[[], None] = _nobody
        self._home = home
        self.family = owner
        """The name that those of all its owners begin with."""
        self._ends = 0
        self._segment_bytes = segment_bytes
        # Re-entrant: a signal handler or a finalizer may run tracked code while this
        # thread is in here.
        self._lock = threading.RLock()
        self._lock_fd = home.enter(owner)
        self._number = 0
        self._segment: Segment | None = None
        self._fd = -1
        # As full, so that the first frame begins the first segment.
        self._size = segment_bytes
        self._retired: list[int] = []

    def __repr__(self) -> str:
        return f"Writer({self.owner!r})"

    def append(self, kind: int, meta: bytes, payload: bytes | Enclosure = b"") -> None:
        """Append one frame, whole or not at all.

        An `Enclosure` is a large one.
        """
        if not self.has_room and len(payload) > _PAYLOAD_WITHOUT_ROOM:
            payload = LEFT_OUT
        size = HEADER_SIZE + len(meta) + len(payload)
        is_small = size <= _JOIN_BYTES
        frame = (sealed if is_small else seal)(kind, meta, payload)  # type: ignore[arg-type]  # a small one is bytes
        with self._lock:
            if self._size >= self._segment_bytes:
                self._next_segment()
            # First, since Ctrl-C may come behind any step: a frame too many is looked
            # for and not found, one too few would not be looked for.
            self.appended += 1
            self._size += size
            try:
                if is_small:
                    written = write(self._fd, frame)
                else:
                    written = _write_parts(self._fd, frame, meta, payload)
            except OSError as problem:
                if problem.errno != EBADF:
                    raise
                parts = (frame,) if is_small else (frame, meta, payload)
                written = self._write_anew(*parts)
            if written != size:
                self._undo(written)
        if self.reader_sleeps:
            self.wake_reader()

    def all_written(self) -> int:
        """Return how many frames are there to be read; -1 while one is being written.

        A frame is counted before it is there. Nobody is waited for: who writes may wait
        for the caller, in the handler of a signal.
        """
        if not self._lock.acquire(blocking=False):
            return -1
        try:
            return self.appended
        finally:
            self._lock.release()

    def _write_anew(self, *parts: bytes | Enclosure) -> int:
        """Go on in another segment, when the program has closed all descriptors."""
        if not descriptors.is_open(self._lock_fd):
            self._lock_fd = self._home.enter(self.owner)
        self._fd = -1
        self._next_segment()
        self._size = sum(map(len, parts))
        return _write_parts(self._fd, *parts)  # type: ignore[arg-type]  # the first is the head

    def _undo(self, written: int) -> None:
        """Take back a frame that the disk had no room for."""
        os.ftruncate(self._fd, os.fstat(self._fd).st_size - written)
        msg = f"the disk took {written} bytes of a frame only: it is full"
        raise OSError(msg)

    def _next_segment(self) -> None:
        self.reopen()
        segment, fd = self._home.create(self.owner, self._number)
        if self._fd >= 0:
            # Not closed here: code that this call interrupted may be about to write
            # to it, and a closed number may soon be another file's.
            self._retired.append(self._fd)
        self._number += 1
        self._segment, self._fd, self._size = segment, fd, 0

    @property
    def current(self) -> Segment | None:
        """The segment that is being written; all others are complete."""
        return self._segment

    def close_retired(self) -> None:
        """Close the segments that are complete; not for the caller's thread."""
        if not self._retired:
            # A thread that writes may wait for this one, in the handler of a signal.
            return
        with self._lock:
            retired, self._retired = self._retired, []
        for fd in retired:
            descriptors.close(fd)

    def retire(self) -> None:
        """Complete the current segment; the next frame begins another."""
        with self._lock:
            if self._fd >= 0:
                self._retired.append(self._fd)
            self._segment, self._fd, self._size = None, -1, self._segment_bytes

    @property
    def beside(self) -> str:
        """What the names of files begin with that are looked for when it is dead."""
        return self._home.beside(self.owner)

    @property
    def is_closed(self) -> bool:
        """Whether nothing has been written since the last end."""
        return self._lock_fd < 0

    def close(self, *, appended: int | None = None) -> bool:
        """Let go of everything: the owner counts as dead from now on.

        With `appended`, only if no more than these frames have been; return whether.
        """
        with self._lock:
            if self.is_closed or appended not in (None, self.appended):
                return self.is_closed
            self.retire()
            self.close_retired()
            fd, self._lock_fd = self._lock_fd, -1
            # Who is named in there lives on, and is no owner any more.
            with suppress(OSError):
                os.ftruncate(fd, 0)
            descriptors.close(fd)
        return True

    @property
    def is_gone(self) -> bool:
        """Whether somebody has removed the folder under it."""
        return not self.is_closed and not self._home.knows(self.owner)

    def begin_anew(self) -> None:
        """Go on as another owner, with what the current segment holds.

        As long as it is open it can be read, removed or not.
        """
        with self._lock:
            held_fd, self._fd = self._fd, -1
            self.close()
            if held_fd >= 0:
                self._next_segment()
                self._size += _copy(held_fd, self._fd)
                self.appended += 1
                os.close(held_fd)

    def reopen(self) -> None:
        """Begin again after an end, which the next frame does by itself.

        As another owner: whoever clears up behind a dead one may be at it still.
        """
        with self._lock:
            if self.is_closed:
                owner = f"{self.family}-{self._ends + 1}"
                self._lock_fd = self._home.enter(owner)
                self._ends += 1
                self.owner, self._number = owner, 0

    def abandon(self) -> None:
        """Close what a forked child has inherited, without a word to the parent.

        The lock is the parent's as long as the parent holds it: closing a copy of its
        descriptor does not release it. The child's memory may hold a lock that nobody
        will ever release, so none is taken.
        """
        for fd in (*self._retired, self._fd, self._lock_fd):
            if fd >= 0:
                descriptors.close(fd)
