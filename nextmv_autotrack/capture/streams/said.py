"""Who has been told already what a thread is about to print.

A logging record that a run has taken is printed by its handlers, too, and so are
warnings and what `nextmv.log` is given. While that goes on, the print is no line of
those runs: told by who prints, never by comparing texts. A handler may print it later, in
another thread, as that of a `QueueListener`; what it is given then is the record, or a
copy of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import contextmanager, suppress
from logging import Handler, LogRecord
from threading import get_ident

from nextmv_autotrack.capture.open_run import OpenRun

_by_thread: dict[int, Collection[OpenRun]] = {}

watched_streams: list[object] = []
"""The streams whose writes are seen; while there are none, nobody need be told."""

# As many as may wait in a queue or a `MemoryHandler`; older ones would be news again.
_MOST_RECORDS = 10_000

_of_records: OrderedDict[Hashable, Collection[OpenRun]] = OrderedDict()


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


def remember(record: LogRecord, runs: Collection[OpenRun]) -> None:
    """Take a record for what these runs know, whenever a handler prints it."""
    _of_records[_key(record)] = runs
    if len(_of_records) > _MOST_RECORDS:
        with suppress(KeyError):  # another thread was faster
            _of_records.popitem(last=False)


def nobody_prints() -> None:
    """Forget which streams are watched, and all records."""
    watched_streams.clear()
    _of_records.clear()


def hear_handlers() -> None:
    """See from now on when a handler is given a record, late or at once."""
    Handler.handle = _heard(Handler.handle)  # type: ignore[method-assign]  # of all handlers


def _heard(handle: Callable[[Handler, LogRecord], bool]) -> Callable[..., bool]:
    def handle_(self: Handler, record: LogRecord) -> bool:
        runs: Collection[OpenRun] = ()
        if _of_records:
            with suppress(Exception):  # it may be no record as logging makes them
                runs = _of_records.get(_key(record), ())
        if not runs:
            return handle(self, record)
        with told(runs):
            return handle(self, record)

    return handle_


def _key(record: LogRecord) -> Hashable:
    """What a record and its copies have in common, and no other has."""
    return record.created, record.thread, record.process, record.name, record.lineno
