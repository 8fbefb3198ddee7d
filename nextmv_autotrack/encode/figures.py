"""One step towards JSON for what is drawn: figures of Plotly's, shapely's geometries."""

from __future__ import annotations

import base64
import sys
from typing import Any

from nextmv_autotrack.encode.budget import Budget

# How Plotly writes an array of numpy's since its version 6.
_PACKED = {"dtype", "bdata"}


def figure(value: Any, budget: Budget) -> object:
    """Return a figure as the document that draws it, its numbers as numbers."""
    document = value.to_plotly_json()
    budget.look_at_the_clock()
    return _unpacked(document)


def _unpacked(part: Any) -> Any:
    """Return a part of it with arrays for bytes, which older viewers do not take."""
    if type(part) is dict:
        if part.keys() - {"shape"} == _PACKED:
            return _array(part)
        return {name: _unpacked(item) for name, item in part.items()}
    if type(part) in {list, tuple} and any(type(item) is dict for item in part):
        return [_unpacked(item) for item in part]
    return part


def _array(packed: dict[str, str]) -> Any:
    numpy = sys.modules["numpy"]
    content = base64.b64decode(packed["bdata"])
    numbers = numpy.frombuffer(content, dtype=f"<{packed['dtype'][:2]}")
    if "shape" not in packed:
        return numbers
    return numbers.reshape([int(size) for size in packed["shape"].split(",")])


def geometry(value: Any, budget: Budget) -> object:
    """Return a geometry as GeoJSON."""
    found = value.__geo_interface__
    budget.look_at_the_clock()
    return found
