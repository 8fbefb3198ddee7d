"""Which runs a command is about: the filters and the order of `list`."""

from __future__ import annotations

import heapq
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from nextmv_autotrack.cli.conditions import DURATION, Condition
from nextmv_autotrack.cli.results import own_first
from nextmv_autotrack.objective import flat, metric
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.store.selection import Selection

STARTED = "started"

# Above every number and text: what comes in the order of the store.
_EVERYTHING = sys.maxsize

# Enough to see what is meant, or that the metrics are those of another model.
_NAMES_SHOWN = 12

_Key = Callable[[StoredRun], Any]


@dataclass(frozen=True)
class Choice:
    """Runs by what they have in common, and their order."""

    selection: Selection = field(default_factory=Selection)
    conditions: tuple[Condition, ...] = ()
    """Of their metrics; all of them hold."""
    sort: str = STARTED
    """`started`, `duration`, `name`, or a metric."""
    is_reversed: bool = False

    @property
    def is_everything(self) -> bool:
        """Whether every run is chosen."""
        return self.selection == Selection() and not self.conditions

    def has(self, run: StoredRun) -> bool:
        """Whether the metrics of a run, and its duration, are as they must be."""
        known = {DURATION: run.duration, **run.metrics} if self.conditions else {}
        return all(one.holds(known) for one in self.conditions)

    def runs(self, store: Store, limit: int = 0) -> list[StoredRun]:
        """Return the chosen runs in their order, at most `limit` unless that is 0."""
        found: Iterator[StoredRun] = filter(self.has, store.each(self.selection))
        limit = limit or _EVERYTHING
        if self.sort == STARTED and not self.is_reversed:
            return list(islice(found, limit))
        return self._sorted(found, limit)

    def unknown_metric(self, store: Store, found: list[StoredRun]) -> str | None:
        """Return words about a metric that was named and that no run has.

        Args:
            store: Where the runs are.
            found: What `runs` has returned.
        """
        if not found:
            asked = [one.name for one in self.conditions]
        elif _key(self.sort)(found[0]) is None:
            asked = [self.sort]
        else:
            return None
        is_any, known = False, dict[str, Any]()
        for run in store.each(self.selection) if asked else ():
            is_any = True
            known.update(flat(run.metrics))
        for name in asked:
            if is_any and name != DURATION and name not in known:
                return f"no run here has a metric {name!r}; {_named(own_first(known))}"
        return None

    def _sorted(self, runs: Iterable[StoredRun], limit: int) -> list[StoredRun]:
        """Return the first in order; those that have no such value come last."""
        key = _key(self.sort)
        without: list[StoredRun] = []

        def those_with() -> Iterator[StoredRun]:
            for run in runs:
                if key(run) is not None:
                    yield run
                elif len(without) < limit:
                    without.append(run)

        # The longest take the most attention, the smallest value is the best.
        largest_first = (self.sort in {STARTED, DURATION}) is not self.is_reversed
        if limit == _EVERYTHING:
            first = sorted(those_with(), key=key, reverse=largest_first)
        elif largest_first:
            first = heapq.nlargest(limit, those_with(), key=key)
        else:
            first = heapq.nsmallest(limit, those_with(), key=key)
        return [*first, *without][:limit]


def choice(given: Namespace) -> Choice:
    """Return what the words of a command choose."""
    return Choice(
        Selection(
            statuses=tuple(given.status),
            deliveries=tuple(given.delivery),
            app_id=given.app,
            name=given.name,
            since=given.since,
        ),
        tuple(given.where),
        getattr(given, "sort", STARTED),
        getattr(given, "reverse", False),
    )


def _key(name: str) -> _Key:
    if name == STARTED:
        return lambda run: run.id
    if name == DURATION:
        return lambda run: run.duration
    if name == "name":
        return lambda run: run.name.lower()
    return lambda run: _comparable(metric(run.metrics, name))


def _named(metrics: Iterable[str]) -> str:
    names = [*metrics]
    if not names:
        return "none has any"
    more = len(names) - _NAMES_SHOWN
    words = ", ".join(names[:_NAMES_SHOWN])
    return f"there are {words}" + (f" and {more} more" if more > 0 else "")


def _comparable(value: object) -> tuple[int, Any] | None:
    """Numbers before texts, which cannot be compared with each other."""
    if isinstance(value, (int, float)):
        return (0, value)
    return (1, value) if isinstance(value, str) else None
