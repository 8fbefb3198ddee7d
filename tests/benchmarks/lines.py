"""Time that a log line inside a run costs beyond what logging itself costs."""

from __future__ import annotations

import logging
import statistics
import tempfile
import time
from typing import Any

from nextmv_autotrack import configure, shutdown, tracked
from tests.benchmarks.table import hand_over, row

LINES = 100
logger = logging.getLogger("benchmark")


class Formats(logging.Handler):
    """A handler that formats and drops: what any real one does at least."""

    def emit(self, record: logging.LogRecord) -> None:
        self.format(record)


def solve(lines: int) -> float:
    start = time.perf_counter_ns()
    for number in range(lines):
        logger.info("incumbent %d, gap %.3f", number, 0.5)
    return (time.perf_counter_ns() - start) / 1000 / max(1, lines)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="autotrack-benchmark-") as folder:
        plain, added = measure(folder)
    hand_over(
        [
            row(
                "100 log lines in a call, added a line",
                f"{added:.1f} us",
                f"{plain:.1f} us",
                "<= 5 us",
                held=added <= 5,
            )
        ]
    )


def measure(folder: str) -> tuple[float, float]:
    configure(directory=folder, destination="local")
    logger.addHandler(Formats())
    logger.propagate = False
    logger.setLevel(logging.INFO)
    follow = tracked(solve)
    times: dict[Any, list[float]] = {solve: [], follow: []}
    for _ in range(300):
        for function, found in times.items():
            found.append(function(LINES))
            time.sleep(0.002)
    plain = statistics.median(times[solve])
    added = statistics.median(times[follow]) - plain
    shutdown(30)
    return plain, added


if __name__ == "__main__":
    main()
