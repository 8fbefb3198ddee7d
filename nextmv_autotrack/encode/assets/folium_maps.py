"""A folium map as GeoJSON: its markers, lines, areas and GeoJSON layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from nextmv_autotrack.encode.assets.geojson import as_features
from nextmv_autotrack.loaded import is_of

# What a map has that is no data: the ground it lies on, and what is clicked at.
_NO_DATA = (
    "TileLayer",
    "WmsTileLayer",
    "LayerControl",
    "Popup",
    "Tooltip",
    "Icon",
    "CustomIcon",
    "DivIcon",
    "FitBounds",
    "LatLngPopup",
)

# Layers in layers; a map does not hold itself.
_MAX_DEPTH = 20


def features_of(folium_map: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the features of a map, and the kinds of layers that have none."""
    found: list[dict[str, Any]] = []
    others: list[str] = []
    _collect(folium_map, found, others, 0)
    return found, sorted(set(others))


def page_of(folium_map: Any) -> str:
    """Return a map as the page that shows it."""
    page: str = folium_map.get_root().render()
    return page


def _collect(
    parent: Any, found: list[dict[str, Any]], others: list[str], depth: int
) -> None:
    for child in list(parent._children.values()):  # noqa: SLF001 -- it has no other way in
        if any(is_of(child, "folium", name) for name in _NO_DATA):
            continue
        before = len(found)
        found += _features(child)
        if len(found) == before and depth < _MAX_DEPTH:
            _collect(child, found, others, depth + 1)
            is_group = is_of(child, "folium", "FeatureGroup")
            is_drawn = type(child).__module__.startswith("folium.")
            if len(found) == before and is_drawn and not is_group:
                others.append(type(child).__name__)


def _features(element: Any) -> Iterator[dict[str, Any]]:
    if is_of(element, "folium", "GeoJson"):
        yield from as_features(element.data) or ()
        return
    for name, geometry in _GEOMETRIES:
        if is_of(element, "folium", name):
            drawn = geometry(element)
            if drawn is not None:
                yield {
                    "type": "Feature",
                    "geometry": drawn,
                    "properties": _properties(element),
                }
            return


def _point(marker: Any) -> dict[str, Any] | None:
    if marker.location is None:
        return None
    return {"type": "Point", "coordinates": _turned(marker.location)}


def _line(line: Any) -> dict[str, Any]:
    kind = "MultiLineString" if _depth(line.locations) > 2 else "LineString"
    return {"type": kind, "coordinates": _turned(line.locations)}


def _area(polygon: Any) -> dict[str, Any]:
    turned = _turned(polygon.locations)
    rings = turned if _depth(turned) > 2 else [turned]
    return {"type": "Polygon", "coordinates": [_closed(ring) for ring in rings]}


# Before what they derive from.
_GEOMETRIES: tuple[tuple[str, Callable[[Any], dict[str, Any] | None]], ...] = (
    ("Polygon", _area),
    ("Rectangle", _area),
    ("PolyLine", _line),
    ("Marker", _point),
)


# GeoJSON has points only: how large they are drawn is said beside them.
_RADII = (("Circle", "radius (m)"), ("CircleMarker", "radius (pixels)"))


def _turned(place: Any) -> Any:
    """Return places as GeoJSON has them: the longitude first."""
    items = list(place)
    if items and not hasattr(items[0], "__len__"):
        return [float(items[1]), float(items[0]), *map(float, items[2:])]
    return [_turned(item) for item in items]


def _depth(places: Any) -> int:
    depth = 0
    while hasattr(places, "__len__") and len(places):
        depth, places = depth + 1, places[0]
    return depth


def _closed(ring: list[Any]) -> list[Any]:
    return ring if ring[0] == ring[-1] else [*ring, ring[0]]


def _properties(element: Any) -> dict[str, Any]:
    """Return what a feature says when it is pointed at, in the platform's form."""
    said = [
        {"key": key, "value": str(element.options["radius"])}
        for name, key in _RADII
        if is_of(element, "folium", name) and "radius" in element.options
    ]
    for child in element._children.values():  # noqa: SLF001 -- it has no other way in
        if is_of(child, "folium", "Popup"):
            inside = child.html._children.values()  # noqa: SLF001 -- as above
            texts = [str(one.data) for one in inside if hasattr(one, "data")]
            said.append({"key": "popup", "value": " ".join(texts)})
        elif is_of(child, "folium", "Tooltip"):
            said.append({"key": "tooltip", "value": str(child.text)})
    return {"metadata": said} if said else {}
