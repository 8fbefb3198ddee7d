"""Descriptors of files that are kept open, out of the way of the program's own."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

if sys.platform != "win32":
    # At the top: nothing can be imported when the last calls of a program are made.
    import fcntl
    import resource

# A program may close whatever it finds open, as daemons do, and open files of its own,
# which get the lowest numbers that are free: what it then writes into is not ours, and
# what we write goes nowhere near it. Few programs have that many files open, and the
# system's table of them stays small.
LEAST_NUMBER = 512


def out_of_the_way(fd: int) -> int:
    """Return a descriptor of the same file with a high number, and close `fd`.

    Where there is none, it is `fd` itself.
    """
    if sys.platform == "win32":
        return fd
    bound, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    least = LEAST_NUMBER if bound < 0 else min(LEAST_NUMBER, bound // 2)
    try:
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, least)
    except (OSError, ValueError):
        return fd  # too many are open
    os.close(fd)
    return high


def is_open(fd: int) -> bool:
    """Whether it is a descriptor of anything."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def close(fd: int) -> None:
    """Close a descriptor, which somebody else may have closed already."""
    with suppress(OSError):
        os.close(fd)
