"""A process that moves a journal but may write small files only."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from nextmv_autotrack.errors import StoreError
from nextmv_autotrack.journal import Home
from nextmv_autotrack.store import Store
from tests.store.journals import move, say

if __name__ == "__main__":
    directory, limit = Path(sys.argv[1]), int(sys.argv[2])
    with Store.open(directory) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            for segment in Home(directory).segments():
                move(store, segment)
        except StoreError as error:
            say(f"{type(error.__cause__).__name__} {len(store.runs(limit=10_000))}")
