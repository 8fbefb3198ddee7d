"""One row of the table, and the table."""

from __future__ import annotations

import json
import sys
from typing import Any


def row(
    what: str, measured: str, floor: str = "", wanted: str = "", *, held: bool = True
) -> dict[str, Any]:
    return {
        "what": what,
        "measured": measured,
        "floor": floor,
        "wanted": wanted,
        "held": held,
    }


def hand_over(rows: list[dict[str, Any]]) -> None:
    """Give the rows to the process that prints the table."""
    json.dump(rows, sys.stdout)


def print_table(rows: list[dict[str, Any]]) -> int:
    """Print the rows; return how many did not hold what is wanted, as an exit code."""
    columns = ("what", "measured", "floor", "wanted")
    widths = {c: max(len(c), *(len(r[c]) for r in rows)) for c in columns}
    print("  ".join(c.ljust(widths[c]) for c in columns))
    for found in rows:
        line = "  ".join(found[c].ljust(widths[c]) for c in columns)
        print(line if found["held"] else f"{line}  <- not held")
    return min(1, sum(not found["held"] for found in rows))
