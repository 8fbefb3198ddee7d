"""Folium maps as GeoJSON, or as the page that shows them."""

from __future__ import annotations

import json

import pytest

from nextmv_autotrack.encode.assets.assets import Assets

folium = pytest.importorskip("folium", exc_type=ImportError)
plugins = pytest.importorskip("folium.plugins", exc_type=ImportError)

BONN, AACHEN, ESSEN = [50.7, 7.1], [50.8, 6.1], [51.5, 7.0]


def asset_of(*elements):
    shown = folium.Map(location=BONN)
    for element in elements:
        element.add_to(shown)
    assets = Assets([shown])
    (asset,) = json.loads(assets.to_json(max_bytes=10_000_000))
    return asset, assets.notes


def geometries(*elements):
    asset, notes = asset_of(*elements)
    assert notes == []
    assert asset["visual"]["schema"] == "geojson"
    assert asset["content"]["type"] == "FeatureCollection"
    return [feature["geometry"] for feature in asset["content"]["features"]]


def test_places_have_the_longitude_first():
    assert geometries(
        folium.Marker(BONN), folium.CircleMarker(AACHEN), folium.Circle(ESSEN)
    ) == [
        {"type": "Point", "coordinates": [7.1, 50.7]},
        {"type": "Point", "coordinates": [6.1, 50.8]},
        {"type": "Point", "coordinates": [7.0, 51.5]},
    ]


def test_lines_and_areas_have_their_kinds():
    found = geometries(
        folium.PolyLine([BONN, AACHEN]),
        folium.PolyLine([[BONN, AACHEN], [AACHEN, ESSEN]]),
        folium.Polygon([BONN, AACHEN, ESSEN]),
        folium.Polygon([[BONN, AACHEN, ESSEN], [BONN, AACHEN, ESSEN]]),
    )
    assert [one["type"] for one in found] == [
        "LineString",
        "MultiLineString",
        "Polygon",
        "Polygon",
    ]
    ring = [[7.1, 50.7], [6.1, 50.8], [7.0, 51.5], [7.1, 50.7]]
    assert found[0]["coordinates"] == [[7.1, 50.7], [6.1, 50.8]]
    assert found[2]["coordinates"] == [ring]
    assert found[3]["coordinates"] == [ring, ring]


def test_layers_in_layers_are_found_and_the_ground_is_none():
    group = folium.FeatureGroup("stops")
    folium.Marker(BONN).add_to(group)
    cluster = plugins.MarkerCluster()
    folium.Marker(AACHEN).add_to(cluster)
    layer = folium.GeoJson({"type": "Point", "coordinates": [7.0, 51.5]})
    found = geometries(
        folium.TileLayer(), folium.FeatureGroup("empty"), group, cluster, layer,
        folium.LayerControl(),
    )  # fmt: skip
    assert [one["coordinates"] for one in found] == [
        [7.1, 50.7],
        [6.1, 50.8],
        [7.0, 51.5],
    ]


def test_what_a_marker_says_is_what_the_platform_shows_at_it():
    asset, _ = asset_of(folium.Marker(BONN, tooltip="depot", popup="open till 8"))
    (feature,) = asset["content"]["features"]
    assert feature["properties"]["metadata"] == [
        {"key": "popup", "value": "open till 8"},
        {"key": "tooltip", "value": "depot"},
    ]


def test_how_large_a_circle_is_stands_beside_its_place():
    asset, notes = asset_of(
        folium.Circle(BONN, radius=5000, popup="zone"),
        folium.CircleMarker(AACHEN, radius=9),
    )
    assert notes == []
    zone, stop = (one["properties"]["metadata"] for one in asset["content"]["features"])
    assert zone == [
        {"key": "radius (m)", "value": "5000"},
        {"key": "popup", "value": "zone"},
    ]
    assert stop == [{"key": "radius (pixels)", "value": "9"}]


def test_several_maps_are_one():
    shown = folium.Map(location=BONN)
    folium.Marker(BONN).add_to(shown)
    assets = Assets([{"name": "stops", "content": [shown, shown]}])
    (asset,) = json.loads(assets.to_json(max_bytes=10_000_000))
    assert assets.notes == []
    assert asset["visual"]["schema"] == "geojson"
    assert len(asset["content"]["features"]) == 2


def test_layers_that_have_no_geojson_are_named():
    asset, (note,) = asset_of(folium.Marker(BONN), plugins.HeatMap([BONN]))
    assert len(asset["content"]["features"]) == 1
    assert "HeatMap of the map is left out" in note


def test_a_map_without_geojson_is_the_page_that_shows_it():
    asset, (note,) = asset_of(plugins.HeatMap([BONN]))
    assert "visual" not in asset
    assert "<html>" in asset["content"]["html"]
    assert "open it in a browser" in asset["description"]
    assert "kept as the page that shows it" in note
