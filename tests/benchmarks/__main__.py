"""Runs the parts, each in a process of its own, and prints one table."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.benchmarks.table import print_table

PARTS = ("calls", "lines", "imports", "memory", "delivery")


def main(parts: list[str]) -> int:
    rows = []
    for part in parts or PARTS:
        print(f"measuring {part} ...", file=sys.stderr, flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"tests.benchmarks.{part}"],
            stdout=subprocess.PIPE,
            check=True,
        )
        rows += json.loads(done.stdout)
    return print_table(rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
