"""Who has been told already what a thread is about to print.

A logging record that a run has taken is printed by its handlers, too, and so are
warnings and what `nextmv.log` is given. While that goes on, the print is no line of
those runs: told by who prints, never by comparing texts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from threading import get_ident

from nextmv_autotrack.capture.open_run import OpenRun

_by_thread: dict[int, Collection[OpenRun]] = {}

watched_streams: list[object] = []
"""The streams whose writes are seen; while there are none, nobody need be told."""


@contextmanager
def told(runs: Collection[OpenRun]) -> Iterator[None]:
    """Take what this thread prints in the block for what these runs know."""
    me = get_ident()
    before = _by_thread.get(me)
    _by_thread[me] = runs
    try:
        yield
    finally:
        if before is None:
            _by_thread.pop(me, None)
        else:
            _by_thread[me] = before


def who_knows() -> Collection[OpenRun] | None:
    """The runs that know what this thread prints now; None when it is news to all."""
    return _by_thread.get(get_ident())
