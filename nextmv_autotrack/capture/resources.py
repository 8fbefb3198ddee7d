"""What a run costs: CPU time and memory of its process."""

from __future__ import annotations

import os
import sys
from time import process_time_ns

# Everything the system counts in passing. Sampling, children and limits of the
# container are not in it.
if sys.platform == "win32":

    def usage() -> tuple[int, int]:
        """CPU time of the process in ns, and the most memory it has used, in KiB."""
        import psutil  # noqa: PLC0415 -- milliseconds to import

        return cpu_ns(), psutil.Process().memory_info().peak_wset // 2**10

else:
    from resource import RUSAGE_SELF, getrusage

    # macOS counts bytes, everyone else KiB (getrusage(2)).
    _PER_KIB = 2**10 if sys.platform == "darwin" else 1

    # The status of a process in words takes a fifth of it.
    _STATUS_BYTES = 8192

    # The two counters of Linux are not updated at the same moments.
    _INEXACT_KIB = 1024

    def _high_water_kib() -> int:
        """The most memory this program has used; 0 where only Linux tells (proc(5))."""
        # Not by `open`, which is no more when the last calls of a program are made.
        try:
            fd = os.open("/proc/self/status", os.O_RDONLY)
        except OSError:
            return 0
        status = os.read(fd, _STATUS_BYTES)
        os.close(fd)
        kib = status.partition(b"VmHWM:")[2].partition(b"kB")[0].strip()
        return int(kib) if kib.isdigit() else 0

    def _inherited_kib() -> int:
        """What was counted before: that of the program that has started this one.

        Linux keeps the peak of a process when it becomes another program, which is how
        programs are started: that of a large one would stand on the runs of a small one.
        """
        peak, ours = getrusage(RUSAGE_SELF)[2] // _PER_KIB, _high_water_kib()
        return peak if 0 < ours < peak - _INEXACT_KIB else 0

    _inherited = _inherited_kib()

    def usage() -> tuple[int, int]:
        """CPU time of the process in ns, and the most memory it has used, in KiB."""
        # One question to the system for both, by index: user, system, peak.
        counted = getrusage(RUSAGE_SELF)
        peak_kib = counted[2] // _PER_KIB
        if peak_kib <= _inherited:
            peak_kib = _high_water_kib() or peak_kib
        return int((counted[0] + counted[1]) * 1e9), peak_kib


cpu_ns = process_time_ns
"""CPU time of the process alone in ns, which is the cheaper question."""
