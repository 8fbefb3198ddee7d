"""A process that trims a store when it is told to, and may die at one of its steps."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path

from nextmv_autotrack.store import Store
from tests.store.journals import say

if __name__ == "__main__":
    directory, max_bytes, last_step = Path(sys.argv[1]), *map(int, sys.argv[2:])
    steps = itertools.count(1)

    def die_in_time(statement: str) -> None:
        # What changes anything is between these two.
        if statement in {"BEGIN IMMEDIATE", "COMMIT"} and next(steps) == last_step:
            os.kill(os.getpid(), signal.SIGKILL)

    with Store.open(directory) as store:
        say("ready")
        sys.stdin.readline()
        store._connection.set_trace_callback(die_in_time)
        say(store.upkeep.trim(max_bytes=max_bytes, before=0.0).runs)
