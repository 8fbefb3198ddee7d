"""Figures, charts and maps, told by what they are, as what the platform draws of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from nextmv_autotrack.encode.assets import folium_maps, geojson, plotly_figures
from nextmv_autotrack.loaded import is_of

SCHEMAS = ("plotly", "chartjs", "geojson")
"""What the platform draws; it takes no other."""

_FIGURE = frozenset({"data", "layout", "frames", "config"})
_VEGA = "https://vega.github.io/schema/"
_CHART = frozenset({"type", "data", "options", "plugins"})


# More of them are data, and no figures.
_MAX_PARTS = 1_000


class Visual(NamedTuple):
    """What an object becomes on the platform."""

    schema: str | None
    """How it is drawn; None when it can only be downloaded."""
    name: str
    """What it is called when nobody has named it."""
    title: str | None
    content: Any
    description: str | None = None
    note: str | None = None
    """What of it was lost."""


def visual_of(value: Any) -> Visual | None:
    """Return what a figure, a chart or a map becomes, None when it is nothing of that.

    Raises:
        Exception: The library that made it could not say what is in it.
    """
    found = of_library(value)
    if found is None and isinstance(value, dict):
        found = _document(value)
    return found


def of_library(value: Any) -> Visual | None:
    """Return the same of an object that a library has made; of a dict, None."""
    for module, name, visual in _LIBRARIES:
        if is_of(value, module, name):
            return visual(value)
    if _has_geo_interface(type(value)):
        found = geojson.collection(_as_dict(value.__geo_interface__))
        if found is not None:
            return Visual("geojson", "map", None, found)
    return None


def visual_of_several(items: Sequence[Any]) -> Visual | None:
    """Return what draws all of several objects, None when nothing does.

    Figures stand side by side, and what lies on maps lies on one.

    Raises:
        Exception: The library that made one could not say what is in it.
    """
    if len(items) > _MAX_PARTS:
        return None
    found = [visual_of(one) for one in items]
    known = [one for one in found if one is not None]
    if not known or len(known) < len(found):
        return None
    first = known[0]
    if any(one.schema != first.schema for one in known) or first.schema is None:
        return None
    notes = [one.note for one in known if one.note is not None]
    note = "; ".join(dict.fromkeys(notes)) or None
    if first.schema == "geojson":
        features = [item for one in known for item in one.content["features"]]
        content: Any = {"type": "FeatureCollection", "features": features}
    else:
        content = [document for one in known for document in one.content]
    return first._replace(content=content, note=note)


def documents_in(content: Any) -> Any:
    """Return a list or a dict with documents in place of the objects of libraries.

    One that has none comes back as it is.
    """
    named = content if type(content) is dict else dict(enumerate(content))
    if len(named) > _MAX_PARTS:
        return content
    found = {name: of_library(one) for name, one in named.items()}
    documents = {name: _document_of(one) for name, one in found.items() if one}
    if not documents:
        return content
    whole = {**named, **documents}
    return whole if type(content) is dict else [*whole.values()]


def _document_of(visual: Visual) -> Any:
    is_listed = visual.schema in {"plotly", "chartjs"}
    return visual.content[0] if is_listed else visual.content


def _document(value: dict[str, Any]) -> Visual | None:
    """Return what a document is that says so by its form."""
    collection = geojson.collection(value)
    if collection is not None:
        name = collection.get("name")
        title = name if isinstance(name, str) and name else None
        return Visual("geojson", "map", title, collection)
    data = value.get("data")
    if isinstance(data, list) and isinstance(value.get("layout"), dict):
        if value.keys() <= _FIGURE:
            title = plotly_figures.title_of(value)
            return Visual("plotly", "figure", title, [value])
    elif isinstance(data, dict) and "datasets" in data and value.keys() <= _CHART:
        return Visual("chartjs", "chart", _chart_title(value), [value])
    schema = value.get("$schema")
    is_vega = isinstance(schema, str) and schema.startswith(_VEGA)
    return _vega_lite(value) if is_vega else None


def _chart_title(chart: dict[str, Any]) -> str | None:
    found: Any = chart
    for name in ("options", "plugins", "title", "text"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) and found.strip() else None


def _plotly(figure: Any) -> Visual:
    document = plotly_figures.document(figure)
    title = plotly_figures.title_of(document)
    return Visual("plotly", "figure", title, [document])


def _altair(chart: Any) -> Visual:
    return _vega_lite(chart.to_dict(validate=False))


def _vega_lite(document: dict[str, Any]) -> Visual:
    # The platform draws none, and a translation to what it draws would be a guess:
    # scales, stacking and aggregation are made by the reader of the document.
    title = document.get("title")
    title = title.get("text") if isinstance(title, dict) else title
    return Visual(
        None,
        "vega-lite",
        title if isinstance(title, str) else None,
        document,
        "A Vega-Lite document: open it in a Vega editor.",
    )


def _folium(folium_map: Any) -> Visual:
    features, others = folium_maps.features_of(folium_map)
    if features:
        lost = f"{', '.join(others)} of the map is left out: it has no GeoJSON"
        return Visual(
            "geojson",
            "map",
            None,
            {"type": "FeatureCollection", "features": features},
            note=lost if others else None,
        )
    return Visual(
        None,
        "map",
        None,
        {"html": folium_maps.page_of(folium_map)},
        "A folium map as a page: save what is under `html`, and open it in a browser.",
        "a folium map without GeoJSON is kept as the page that shows it, to be downloaded",
    )


_LIBRARIES: tuple[tuple[str, str, Callable[[Any], Visual]], ...] = (
    ("plotly.basedatatypes", "BaseFigure", _plotly),
    ("altair", "TopLevelMixin", _altair),
    ("folium", "Map", _folium),
)


def _has_geo_interface(kind: type) -> bool:
    """Whether it is of a class of shapes or of tables of them; the object is not asked."""
    return any("__geo_interface__" in vars(one) for one in kind.__mro__)


def _as_dict(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
