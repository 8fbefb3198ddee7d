"""A process that moves a journal, and kills itself at one of its own steps.

A step is a statement that the database begins, or a file that is opened or renamed.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path

from nextmv_autotrack.journal import Home
from nextmv_autotrack.store import Store


def die_at(last: int) -> None:
    steps = itertools.count(1)

    def step(*_: object) -> None:
        if next(steps) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    store._connection.set_trace_callback(step)
    sys.addaudithook(
        lambda event, _: step() if event in {"open", "os.rename"} else None
    )


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    with Store.open(directory) as store:
        die_at(int(sys.argv[2]))
        for segment in Home(directory).segments():
            while not store.move(segment, limit_bytes=1000).finished:
                pass
