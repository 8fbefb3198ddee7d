"""One step towards JSON for what is drawn: figures of Plotly's, shapely's geometries."""

from __future__ import annotations

from typing import Any

from nextmv_autotrack.encode.assets import plotly_figures
from nextmv_autotrack.encode.budget import Budget


def figure(value: Any, budget: Budget) -> object:
    """Return a figure as the document that draws it."""
    found = plotly_figures.document(value)
    budget.look_at_the_clock()
    return found


def geometry(value: Any, budget: Budget) -> object:
    """Return a geometry as GeoJSON."""
    found = value.__geo_interface__
    budget.look_at_the_clock()
    return found
