"""Kills many processes, prints how far it is, and at the end what came of it."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.crash.campaign import Campaign, Terms, rows


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash",
        description="Kill processes that track calls, and count what arrives.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    option = parser.add_argument
    option("--kills", type=int, default=1000, help="processes to end")
    option("--faults", type=float, default=0.3, help="share of the requests that fail")
    option("--seed", type=int, help="by chance when it is not given")
    option("--kills-a-round", type=int, default=8, help="before all is compared")
    option("--storm-s", type=float, default=15.0, help="faults after those, seconds")
    option("--homes-at-once", type=int, default=12, help="a platform each")
    option("--too-fast", type=float, default=0.15, help="share of homes that see 429")
    option("--folder", type=Path, help="where the homes lie; a temporary one if not")
    given = vars(parser.parse_args())
    folder = given.pop("folder") or Path(tempfile.mkdtemp(prefix="autotrack-crash-"))
    if given["seed"] is None:
        given["seed"] = random.SystemRandom().randrange(10**6)
    terms = Terms(**given)
    _tell(f"seed {terms.seed}, in {folder}")
    figures = Campaign(folder, terms, _tell).run()
    for complaint in figures.complaints:
        _tell(complaint)
    for name, value in rows(figures):
        _tell(f"{name:<42}{value}")
    return int(bool(figures.complaints))


def _tell(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
