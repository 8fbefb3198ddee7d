"""Memory that 1,000 runs of 1 MB add to the process while the server is down."""

from __future__ import annotations

import tempfile
from typing import Any

import psutil

from nextmv_autotrack import configure, flush, shutdown, tracked
from tests.benchmarks.calls import payload
from tests.benchmarks.table import hand_over, row

RUNS = 1000

# Nothing listens here, and nothing may: the port is for discarding (RFC 863).
NOBODY = "http://127.0.0.1:9"


def solve(data: dict[str, Any]) -> dict[str, Any]:
    return {"stops": len(data["stops"])}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="autotrack-benchmark-") as folder:
        added = added_mib(folder)
    hand_over(
        [
            row(
                "1,000 runs of 1 MB, server down, memory added",
                f"{added:.0f} MiB",
                wanted="< 50 MiB",
                held=added < 50,
            )
        ]
    )


def added_mib(folder: str) -> float:
    configure(
        directory=folder,
        endpoint=NOBODY,
        api_key="nobody",
        app_id="nobody",
    )
    follow, data = tracked(solve), payload(1_000_000)
    follow({"stops": []})
    flush(2)
    process = psutil.Process()
    before = process.memory_info().rss
    most = before
    for number in range(RUNS):
        data["stops"][0]["demand"] = number
        follow(data)
        if number % 20 == 0:
            most = max(most, process.memory_info().rss)
    flush(60)
    most = max(most, process.memory_info().rss)
    shutdown(5)
    return (most - before) / 2**20


if __name__ == "__main__":
    main()
