"""A process that claims all runs there are, and lives until its input ends."""

from __future__ import annotations

import sys
from pathlib import Path

from nextmv_autotrack.journal import Home
from nextmv_autotrack.store import Store
from tests.store.journals import ENDPOINT, say

if __name__ == "__main__":
    directory = Path(sys.argv[1])
    Home(directory).enter("2-claimant")
    with Store.open(directory) as store:
        runs = store.claim("2-claimant", endpoint=ENDPOINT, now=0, limit=100)
        say(len(runs))
        sys.stdin.read()
