"""Time that importing the package takes, beside importing wrapt alone."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from tests.benchmarks.table import hand_over, row

STARTS = 25


def start_ms(statement: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    statements = ("pass", "import wrapt", "import nextmv_autotrack")
    times: dict[str, list[float]] = {statement: [] for statement in statements}
    for _ in range(STARTS):
        for statement in statements:
            times[statement].append(start_ms(statement))
    bare, wrapt, ours = (statistics.median(times[name]) for name in statements)
    hand_over(
        [
            row(
                "import, beyond bare Python",
                f"{ours - bare:.1f} ms",
                f"{wrapt - bare:.1f} ms (wrapt)",
                "<= wrapt + 15 ms",
                held=ours <= wrapt + 15,
            )
        ]
    )


if __name__ == "__main__":
    main()
