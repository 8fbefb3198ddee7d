"""What the system counts of a process in passing: CPU time and memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from time import process_time_ns
from typing import NamedTuple

cpu_ns = process_time_ns
"""CPU time of the process alone in ns."""


class ChildrenUsage(NamedTuple):
    """What is counted of children that have ended and were waited for, and of theirs."""

    cpu_ns: int
    peak_kib: int
    """Of the largest of them."""


_NO_CHILDREN = ChildrenUsage(0, 0)

# Less is a matter of rounding: to become another program takes ten times as long.
_LEAST_CPU_NS = 20_000

# The status of a process in words takes a fifth of it.
_STATUS_BYTES = 8192

Usage = Sequence[float]
"""Of a process: seconds in user mode, seconds in the system, and the high-water mark of
its memory, in `MARKS_A_KIB`.

The mark only says something where it rises: Linux keeps it when a process becomes
another program, which is how programs are started, and that of a large one stands on a
small one.
"""

if sys.platform == "win32":
    MARKS_A_KIB = 1

    def usage() -> Usage:
        """What the process has used; nobody keeps a mark."""
        return cpu_ns() / 1e9, 0.0, 0

    def children_usage() -> ChildrenUsage:
        """What children have used, which nobody counts."""
        return _NO_CHILDREN

else:
    from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

    # macOS counts bytes, everyone else KiB (getrusage(2)).
    MARKS_A_KIB = 2**10 if sys.platform == "darwin" else 1

    # As the system says it: each step in Python would be on the way of a call.
    usage = partial(getrusage, RUSAGE_SELF)

    def children_usage() -> ChildrenUsage:
        """What children have used that have ended and were waited for."""
        counted = getrusage(RUSAGE_CHILDREN)
        cpu_ns = int((counted[0] + counted[1]) * 1e9)
        return ChildrenUsage(cpu_ns, int(counted[2]) // MARKS_A_KIB)


class Children:
    """What children of this process have used, asked for only where there were any.

    Most programs never have one, and their calls are not to pay for the question. So a
    run that is too short to start a program does not ask, and others compare with what
    was known last; once that has changed, each run asks when it begins, too.
    """

    def __init__(self) -> None:
        self.are_counted = False
        """Whether a run has to ask when it begins."""
        self.known = _NO_CHILDREN
        """What was counted when it was last asked."""
        self._ours_ns = 0

    def begin_anew(self) -> None:
        """Look at what was counted before anything is tracked; a forked child, too."""
        self.are_counted = False
        self._ours_ns = 0
        self.known = children_usage()

    def now(self) -> ChildrenUsage:
        """Return what has been counted by now."""
        counted = children_usage()
        return counted._replace(cpu_ns=counted.cpu_ns - self._ours_ns)

    def asked(self) -> ChildrenUsage:
        """Return the same, and remember it."""
        found = self.now()
        if abs(found.cpu_ns - self.known.cpu_ns) > _LEAST_CPU_NS:
            self.are_counted = True
        self.known = found
        return found

    def leave_out(self, cpu_ns: int) -> None:
        """Do not count what a child of ours has used, which has just been waited for."""
        self._ours_ns += cpu_ns
        self.known = self.known._replace(peak_kib=children_usage().peak_kib)


CHILDREN = Children()
"""Those of this process."""


def resident_kib() -> int:
    """The memory in use now, in KiB; 0 where only libraries can tell."""
    words = _read("/proc/self/statm").split()
    if len(words) < 2 or not words[1].isdigit():
        return 0
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE") // 2**10


def high_water_kib() -> int:
    """The most memory this program has used; 0 where only Linux tells (proc(5))."""
    status = _read("/proc/self/status")
    kib = status.partition(b"VmHWM:")[2].partition(b"kB")[0].strip()
    return int(kib) if kib.isdigit() else 0


def _read(path: str) -> bytes:
    # Not by `open`, which is no more when the last calls of a program are made.
    with suppress(OSError):
        fd = os.open(path, os.O_RDONLY)
        try:
            return os.read(fd, _STATUS_BYTES)
        finally:
            os.close(fd)
    return b""
