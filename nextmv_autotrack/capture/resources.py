"""What a run costs: CPU time and memory of its process."""

from __future__ import annotations

import sys
import time

# Everything the system counts in passing. Sampling, children and limits of the
# container are not in it.
if sys.platform == "win32":

    def usage() -> tuple[float, float]:
        """CPU seconds of the process, and the most memory it has used, in MiB."""
        import psutil  # noqa: PLC0415 -- milliseconds to import

        return cpu_time_s(), psutil.Process().memory_info().peak_wset / 2**20

else:
    from resource import RUSAGE_SELF, getrusage

    # macOS counts bytes, everyone else KiB (getrusage(2)).
    _PER_MIB = 2**20 if sys.platform == "darwin" else 2**10

    def usage() -> tuple[float, float]:
        """CPU seconds of the process, and the most memory it has used, in MiB."""
        # One question to the system for both, by index: user, system, peak.
        counted = getrusage(RUSAGE_SELF)
        return counted[0] + counted[1], counted[2] / _PER_MIB


cpu_time_s = time.process_time
"""CPU seconds of the process alone, which is the cheaper question."""


def used_since(cpu_start_s: float) -> str:
    """Return what was used since `cpu_start_s`, as metrics in JSON."""
    cpu_s, peak_mib = usage()
    # Never below zero: the two clocks are read by different calls.
    cpu_s = max(0.0, cpu_s - cpu_start_s)
    return f'{{"cpu_s":{cpu_s:.6f},"peak_memory_mib":{peak_mib:.1f}}}'
