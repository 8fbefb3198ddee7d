"""A process that sends what others have left, until nothing of it waits."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from nextmv_autotrack import shutdown, tracked
from nextmv_autotrack.journal import Home
from nextmv_autotrack.store import Store
from tests.crash.calls import BEGINS, INSIDE, RETURNED, Notes, given, new_id, result

# Nothing waits for so long that has not been given up.
PATIENCE_S = 120.0


@tracked(input="data")
def begin(data: dict[str, str], notes: Notes) -> list[str]:
    notes.note(INSIDE, data["call"])
    return result(data["call"])


def left(directory: Path) -> str:
    """Return what is still to be done, or nothing."""
    home = Home(directory)
    dead = [owner for owner in home.owners() if not home.is_alive(owner)]
    with Store.open(directory) as store:
        waiting = store.waiting()
    if not dead and not waiting:
        return ""
    return f"{waiting} runs wait, and there are journals of {dead}"


def main(name: str, notes_path: str, directory: str) -> int:
    notes, call = Notes(Path(notes_path)), new_id(name, 0, "tiny")
    notes.note(BEGINS, call)
    begin(given(call), notes)
    notes.note(RETURNED, call)
    until = time.monotonic() + PATIENCE_S
    while (still := left(Path(directory))) and time.monotonic() < until:
        time.sleep(0.1)
    if not shutdown(PATIENCE_S):
        still = still or "its own run"
    if still:
        sys.stderr.write(f"left after all: {still}\n")
    return int(bool(still))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
