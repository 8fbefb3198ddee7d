"""What a run costs: CPU time and memory of its process."""

from __future__ import annotations

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

    def usage() -> tuple[int, int]:
        """CPU time of the process in ns, and the most memory it has used, in KiB."""
        # One question to the system for both, by index: user, system, peak.
        counted = getrusage(RUSAGE_SELF)
        return int((counted[0] + counted[1]) * 1e9), counted[2] // _PER_KIB


cpu_ns = process_time_ns
"""CPU time of the process alone in ns, which is the cheaper question."""
