"""How long the JSON of arrays is at least, before any of it is made.

What is certain to be too large becomes a summary at once: the objects in between take
ten times the memory of the array, and seconds.
"""

from __future__ import annotations

from typing import Any

from nextmv_autotrack.encode.budget import SHORTEST_ITEM_BYTES, Budget

# With the comma behind it: `null,` and `"",` and `{"real":0.0,"imag":0.0},`.
_NULL_BYTES = 5
_QUOTES_BYTES = 3
_ITEM_BYTES = {"f": 4, "b": 5, "m": 4, "M": _NULL_BYTES, "c": 24}
_ITEM_BYTES |= {"U": _QUOTES_BYTES, "S": _QUOTES_BYTES}

# Moments as ISO texts, by their units: `"2020",` and `"2020-01-01",`, and so on.
_SECONDS_BYTES = len('"2020-01-01T00:00:00",')
_MOMENT_BYTES = {"Y": 7, "M": 10, "W": 13, "D": 13, "h": 16, "m": 19}
DATE_BYTES = _MOMENT_BYTES["D"]
MOMENT_BYTES = _SECONDS_BYTES
MOMENT_AND_OFFSET_BYTES = len('"2020-01-01T00:00:00+00:00",')


def need_room_for_array(numpy: Any, array: Any, budget: Budget) -> None:
    """Raise when the JSON of an array cannot fit."""
    kind, size = array.dtype.kind, array.size
    least = _ITEM_BYTES.get(kind, SHORTEST_ITEM_BYTES)
    if kind == "m" and numpy.datetime_data(array.dtype)[0] in {"Y", "M", "generic"}:
        least = SHORTEST_ITEM_BYTES  # they are counted: `1,`
    mask = getattr(array, "mask", None)
    budget.need_bytes(size * (least if mask is None else min(least, _NULL_BYTES)))
    # From here on it has not many items for the bound: a look at each is cheap.
    if mask is None and kind == "M":
        unit, _ = numpy.datetime_data(array.dtype)
        width = _MOMENT_BYTES.get(unit, _SECONDS_BYTES)
        need_room_for_moments(
            size, int(numpy.count_nonzero(numpy.isnat(array))), width, budget
        )
    elif mask is None and kind in "US":
        chars = int(numpy.char.str_len(array).sum())
        budget.need_bytes(size * _QUOTES_BYTES + chars)


def need_room_for_moments(size: int, missing: int, width: int, budget: Budget) -> None:
    """Raise when moments of at least `width` cannot fit; missing ones are null."""
    budget.need_bytes((size - missing) * width + missing * _NULL_BYTES)


def need_room_for_lists(size: int, items: int, budget: Budget) -> None:
    """Raise when so many lists, with so many items in all, cannot fit."""
    budget.need_bytes((size + items) * SHORTEST_ITEM_BYTES)
