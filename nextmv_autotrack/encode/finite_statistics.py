"""The statistics of a document without what is not finite: readers refuse all for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nextmv_autotrack import nextmv_objects
from nextmv_autotrack.encode.encoder import to_json
from nextmv_autotrack.encode.flat_metrics import is_finite
from nextmv_autotrack.encode.losses import mark_of_loss

# More are series without end, and their document becomes a summary.
_MAX_BYTES = 100_000_000

# Whoever reads it looks at the first; the others are counted.
_NAMED = 10

# What a point of a series has; it is none without either.
_POINT = ("x", "y")

_GONE = object()


def finite_statistics(statistics: Any) -> tuple[Any, list[str]]:
    """Return statistics without what is not finite, and notes on what is left out.

    Statistics that are whole come back as they are.
    """
    losses: list[str] = []
    body = to_json(statistics, max_bytes=_MAX_BYTES, losses=losses)
    # JSON has null for whatever is not finite: mostly there is nothing to look for. What
    # is in itself has no end to look up to.
    if b"null" not in body or losses or mark_of_loss(body):
        return statistics, []
    walk = _Walk()
    found = walk.without(statistics, "statistics")
    return (found, _cut(walk.notes)) if walk.notes else (statistics, [])


class _Walk:
    def __init__(self) -> None:
        self.notes: list[str] = []

    def without(self, value: Any, path: str) -> Any:
        if nextmv_objects.is_model(value):
            value = nextmv_objects.record(value)
        if issubclass(type(value), Mapping):
            return dict(self._members(value, path))
        if type(value) in {list, tuple}:
            return self._items(value, path)
        return value if is_finite(value) else _GONE

    def _members(self, value: Any, path: str) -> Iterator[tuple[Any, Any]]:
        for name, one in value.items():
            kept = self.without(one, f"{path}.{name}")
            if kept is _GONE:
                said = f"{path}.{name} is left out: it is not a finite number"
                self.notes.append(said)
            else:
                yield name, kept

    def _items(self, value: Any, path: str) -> list[Any]:
        kept = [
            one if _is_lost_point(one) else self.without(one, f"{path}[{at}]")
            for at, one in enumerate(value)
        ]
        found = [one for one in kept if one is not _GONE and not _is_lost_point(one)]
        if len(found) < len(kept):
            left_out = len(kept) - len(found)
            self.notes.append(
                f"{left_out} of {len(kept)} in {path} left out: no finite numbers"
            )
        return found


def _is_lost_point(value: Any) -> bool:
    if nextmv_objects.is_model(value):
        value = vars(value)
    if not issubclass(type(value), Mapping) or not all(one in value for one in _POINT):
        return False
    return any(value[one] is None or not is_finite(value[one]) for one in _POINT)


def _cut(notes: list[str]) -> list[str]:
    if len(notes) <= _NAMED:
        return notes
    return [*notes[:_NAMED], f"{len(notes) - _NAMED} more statistics are left out"]
