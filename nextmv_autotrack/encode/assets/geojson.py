"""GeoJSON, as far as it is told from other objects and brought into one collection."""

from __future__ import annotations

from typing import Any

_MEMBER_OF = {
    "Point": "coordinates",
    "MultiPoint": "coordinates",
    "LineString": "coordinates",
    "MultiLineString": "coordinates",
    "Polygon": "coordinates",
    "MultiPolygon": "coordinates",
    "GeometryCollection": "geometries",
}


def as_features(value: Any) -> list[Any] | None:
    """Return the features of a GeoJSON object, None when it is none."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "FeatureCollection":
        features = value.get("features")
        return list(features) if isinstance(features, (list, tuple)) else None
    if kind == "Feature":
        return [value] if "geometry" in value else None
    member = _MEMBER_OF.get(kind) if isinstance(kind, str) else None
    if member is None or not isinstance(value.get(member), (list, tuple)):
        return None
    return [{"type": "Feature", "geometry": value, "properties": {}}]


def collection(value: Any) -> dict[str, Any] | None:
    """Return a GeoJSON object as a collection of features, None when it is none."""
    features = as_features(value)
    if features is None:
        return None
    if value["type"] == "FeatureCollection":
        return dict(value)
    return {"type": "FeatureCollection", "features": features}
