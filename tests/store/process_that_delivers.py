"""A process that moves, claims and settles along with others like it."""

from __future__ import annotations

import sys
from pathlib import Path

from nextmv_autotrack.journal import Home
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.changes import Delivered
from nextmv_autotrack.store.lane import Lane
from tests.store.journals import ENDPOINT, move, say

if __name__ == "__main__":
    directory, owner = Path(sys.argv[1]), sys.argv[2]
    home = Home(directory)
    home.enter(owner)
    say("ready")
    sys.stdin.readline()
    with Store.open(directory) as store:
        for segment in home.segments():
            move(store, segment, limit_bytes=2000)
            while runs := store.claim(owner, endpoint=ENDPOINT, now=0, limit=3):
                for run in runs:
                    # The way to this platform has no limits.
                    delivered = Delivered(run.id, owner)
                    store.settle(ENDPOINT, [delivered], lambda _: Lane())
                    say(run.id)
