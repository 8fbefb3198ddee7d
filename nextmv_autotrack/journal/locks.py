"""A lock on a file, which the system takes back when its process dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _take(fd: int, *, shared: bool) -> None:  # noqa: ARG001 -- no shared kind here
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

    def _give_back(fd: int) -> None:
        """Closing it does so, in the one process that has it."""

else:
    import fcntl

    # flock rather than lockf: a lockf lock goes when *any* descriptor of the file is
    # closed by the process, so that looking at a lock would release it.
    def _take(fd: int, *, shared: bool) -> None:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        fcntl.flock(fd, kind | fcntl.LOCK_NB)

    def _give_back(fd: int) -> None:
        # Closing it does not, when a child was forked meanwhile, which has it, too.
        fcntl.flock(fd, fcntl.LOCK_UN)


UNNAMED_SUFFIX = ".new"
"""Of a lock that is just being made."""


def hold(path: Path, content: bytes) -> int:
    """Create `path` locked, and return the descriptor that holds the lock.

    The lock is taken before the file has its name: nobody ever sees it unlocked.
    Closing the descriptor, or the death of the process, releases it.
    """
    unnamed = path.with_suffix(UNNAMED_SUFFIX)
    fd = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(fd, content)
        _take(fd, shared=False)
        unnamed.replace(path)
    except BaseException:
        os.close(fd)
        unnamed.unlink(missing_ok=True)
        raise
    return fd


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold the lock of a file that stays, for the block; tell whether it was free."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _take(fd, shared=False)
        except OSError:
            yield False
        else:
            try:
                yield True
            finally:
                _give_back(fd)
    finally:
        os.close(fd)


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock; many may ask at once."""
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        # Another user's, or too many files are open: nobody can tell from here.
        return True
    try:
        _take(fd, shared=True)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False
