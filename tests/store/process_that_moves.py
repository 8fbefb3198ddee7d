"""A process that moves every journal of a folder, and says when it has moved some."""

from __future__ import annotations

import sys
from pathlib import Path

from nextmv_autotrack.journal import Home
from nextmv_autotrack.store import Store
from tests.store.journals import say

if __name__ == "__main__":
    directory = Path(sys.argv[1])
    with Store.open(directory) as store:
        for segment in Home(directory).segments():
            while not store.move(segment, limit_bytes=int(sys.argv[2])).finished:
                # A pipe takes 16 of these, so that it never gets far ahead of its reader.
                say("moved".ljust(4096))
