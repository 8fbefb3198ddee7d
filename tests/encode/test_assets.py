"""Assets in the platform's shape, read back with the classes of Nextmv's SDK."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmv_autotrack.encode.assets.assets import Assets

nextmv = pytest.importorskip("nextmv", exc_type=ImportError)
go = pytest.importorskip("plotly.graph_objects", exc_type=ImportError)
np = pytest.importorskip("numpy", exc_type=ImportError)

POINT = {"type": "Point", "coordinates": [7.1, 50.7]}
FEATURE = {"type": "Feature", "geometry": POINT, "properties": {"name": "depot"}}
COLLECTION = {"type": "FeatureCollection", "features": [FEATURE]}
CHART = {"type": "bar", "data": {"labels": ["a"], "datasets": [{"data": [1]}]}}


def made(*items, max_bytes=10_000_000):
    assets = Assets([*items])
    body = assets.to_json(max_bytes=max_bytes)
    assert len(body) <= max_bytes
    found = json.loads(body)
    for asset in found:
        read = nextmv.Asset.from_dict(asset)
        assert read.name
        assert read.content_type == "json"
        if read.visual is not None:
            assert read.visual.visual_type == "custom-tab"
            assert read.visual.label
    return found, assets.notes


def drawn(item):
    """Return the schema and the content of the one asset that is made of an object."""
    (asset,), notes = made(item)
    assert notes == []
    return nextmv.Asset.from_dict(asset).visual.visual_schema.value, asset["content"]


def test_a_plotly_figure_is_drawn_by_plotly():
    figure = go.Figure(go.Scatter(x=[1, 2], y=[3.5, 4]), layout={"title": "Cost"})
    (asset,), notes = made(figure)
    assert notes == []
    assert asset["name"] == "Cost"
    assert asset["visual"] == {
        "schema": "plotly",
        "label": "Cost",
        "type": "custom-tab",
    }
    (document,) = asset["content"]
    assert go.Figure(document) == figure


@pytest.mark.parametrize(
    "dtype",
    ["int8", "uint8", "int16", "uint16", "int32", "uint32", "f4", "f8", "int64"],
)
@pytest.mark.parametrize("shape", [(6,), (2, 3), (3, 2, 1), (0,)], ids=str)
def test_arrays_in_a_figure_are_lists_that_every_reader_draws(dtype, shape):
    array = np.arange(np.prod(shape)).astype(dtype).reshape(shape)
    figure = go.Figure(go.Heatmap(customdata=array))
    _, (document,) = drawn(figure)
    assert document["data"][0]["customdata"] == array.tolist()


def test_what_is_not_finite_in_a_figure_is_a_gap():
    _, (document,) = drawn(go.Figure(go.Scatter(y=np.array([1.5, np.nan]))))
    assert document["data"][0]["y"] == [1.5, None]


def test_a_figure_is_what_it_was_when_it_was_taken():
    figure = go.Figure(go.Scatter(y=[1, 2]))
    before = copy.deepcopy(figure)
    (asset,), _ = made(figure)
    assert figure == before
    figure.data[0].y = [3, 4]
    assert asset["content"][0]["data"][0]["y"] == [1, 2]


@pytest.mark.parametrize(
    "content",
    [POINT, FEATURE, COLLECTION, {"type": "GeometryCollection", "geometries": []}],
)
def test_geojson_of_any_kind_is_one_collection(content):
    schema, found = drawn(content)
    assert schema == "geojson"
    assert found["type"] == "FeatureCollection"
    if content is not COLLECTION:
        (feature,) = found["features"]
        assert content in (feature, feature["geometry"])


def test_the_name_of_geojson_is_that_of_its_asset():
    (asset,), _ = made({**COLLECTION, "name": "stops"})
    assert (asset["name"], asset["visual"]["label"]) == ("stops", "stops")


def test_a_chartjs_configuration_is_drawn_by_chartjs():
    title = {"plugins": {"title": {"text": "Load"}}}
    assert drawn(CHART) == ("chartjs", [CHART])
    (asset,), _ = made({**CHART, "options": title})
    assert asset["visual"]["label"] == "Load"


def test_the_document_of_a_figure_is_one_too():
    document = {"data": [{"type": "bar", "y": [1]}], "layout": {"title": {"text": "T"}}}
    assert drawn(document) == ("plotly", [document])


def test_shapes_are_geojson():
    shapely = pytest.importorskip("shapely", exc_type=ImportError)
    schema, found = drawn(shapely.Point(7.1, 50.7))
    assert (schema, found["features"][0]["geometry"]) == ("geojson", POINT)


def test_an_altair_chart_is_its_vega_lite_document_to_be_downloaded():
    altair = pytest.importorskip("altair", exc_type=ImportError)
    chart = (
        altair.Chart({"values": [{"a": 1}]}, title="Load").mark_bar().encode(x="a:Q")
    )
    (asset,), notes = made(chart)
    assert notes == []
    assert "visual" not in asset
    assert (asset["name"], asset["content"]["mark"]) == ("Load", {"type": "bar"})
    assert "vega-lite" in asset["content"]["$schema"]
    assert "Vega" in asset["description"]


def test_a_vega_lite_document_is_one_to_be_downloaded():
    document = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "mark": "bar",
    }
    (asset,), notes = made(document)
    assert (asset["name"], asset["content"]) == ("vega-lite", document)
    assert notes == []


def test_an_altair_chart_of_too_many_rows_says_so():
    altair = pytest.importorskip("altair", exc_type=ImportError)
    pandas = pytest.importorskip("pandas", exc_type=ImportError)
    rows = pandas.DataFrame({"a": range(6000)})
    chart = altair.Chart(rows).mark_bar().encode(x="a")
    (asset,), notes = made(chart)
    assert asset["name"] == "asset-1"
    assert "MaxRowsError" in notes[0]


def test_figures_in_the_content_of_an_asset_are_documents():
    figure = go.Figure(go.Scatter(y=[1]))
    found, notes = made(
        {"name": "one", "content": figure},
        {"name": "two", "content": [figure, figure]},
        {
            "name": "three",
            "content": figure,
            "visual": {"schema": "plotly", "label": "Mine"},
        },
        nextmv.Asset(name="four", content=[figure]),
    )
    assert notes == []
    assert [asset["visual"]["schema"] for asset in found] == ["plotly"] * 4
    assert [len(asset["content"]) for asset in found] == [1, 2, 1, 1]
    assert [asset["name"] for asset in found] == ["one", "two", "three", "four"]
    assert found[2]["visual"]["label"] == "Mine"


@pytest.mark.parametrize("several", [list, tuple])
def test_several_figures_are_one_visual(several):
    figure = go.Figure(go.Scatter(y=[1]), layout={"title": "Cost"})
    schema, content = drawn(several([figure, figure]))
    assert (schema, len(content)) == ("plotly", 2)
    schema, content = drawn(several([figure, {"data": [], "layout": {}}]))
    assert (schema, len(content)) == ("plotly", 2)
    assert drawn(several([CHART, CHART])) == ("chartjs", [CHART, CHART])
    assert drawn(several([POINT, COLLECTION]))[0] == "geojson"


def test_several_maps_in_the_content_of_an_asset_are_one():
    shapely = pytest.importorskip("shapely", exc_type=ImportError)
    stops = [shapely.Point(7.1, 50.7), shapely.Point(7.2, 50.8)]
    schema, found = drawn({"name": "stops", "content": stops})
    assert (schema, len(found["features"])) == ("geojson", 2)


def test_several_charts_are_their_documents():
    altair = pytest.importorskip("altair", exc_type=ImportError)
    chart = altair.Chart({"values": [{"a": 1}]}).mark_bar().encode(x="a:Q")
    (asset,), (note,) = made({"name": "loads", "content": [chart, chart]})
    assert [one["mark"] for one in asset["content"]] == [{"type": "bar"}] * 2
    assert "'loads': its figures are kept as their documents" in note


def test_figures_and_shapes_together_are_their_documents_to_be_downloaded():
    shapely = pytest.importorskip("shapely", exc_type=ImportError)
    pair = [go.Figure(go.Scatter(y=[1])), shapely.Point(7.1, 50.7)]
    found, notes = made(
        {"name": "list", "content": pair},
        {"name": "dict", "content": {"a": pair[0], "b": pair[1], "n": 5}},
        pair,
    )
    assert len(notes) == 3
    assert "'list': its figures are kept as their documents" in notes[0]
    for asset in found:
        assert "visual" not in asset
    figure, shape = found[0]["content"]
    assert figure["data"][0]["y"] == [1]
    assert shape["features"][0]["geometry"] == POINT
    assert found[1]["content"] == {"a": figure, "b": shape, "n": 5}
    assert found[2]["content"] == [figure, shape]


def test_a_schema_that_does_not_draw_the_content_is_corrected_and_says_so():
    altair = pytest.importorskip("altair", exc_type=ImportError)
    chart = altair.Chart({"values": [{"a": 1}]}).mark_bar().encode(x="a:Q")
    visual = {"schema": "chartjs", "label": "Mine"}
    found, notes = made(
        {"name": "figure", "content": go.Figure(), "visual": visual},
        {"name": "vega", "content": chart, "visual": visual},
    )
    assert (found[0]["visual"]["schema"], found[0]["visual"]["label"]) == (
        "plotly",
        "Mine",
    )
    assert "visual" not in found[1]
    assert notes == [
        "asset 'figure': chartjs does not draw its content; its schema is plotly now",
        "asset 'vega': chartjs does not draw its content; it is kept without its visual",
    ]


@pytest.mark.parametrize("schema", list(nextmv.VisualSchema))
def test_an_asset_of_the_sdk_is_as_it_writes_it(schema):
    asset = nextmv.Asset(
        name="map",
        content={"a": 1},
        description="all stops",
        visual=nextmv.Visual(visual_schema=schema, label="Map"),
    )
    found, notes = made(asset, asset.to_dict())
    assert found == [asset.to_dict()] * 2
    assert notes == []


@pytest.mark.parametrize(
    "visual",
    [
        {"schema": "custom", "label": "x"},
        {"schema": None, "label": "x"},
        {"label": "x"},
        "plotly",
        ["plotly"],
    ],
    ids=repr,
)
def test_an_asset_of_an_unknown_schema_is_kept_without_its_visual(visual):
    (asset,), (note,) = made({"name": "map", "content": {"a": 1}, "visual": visual})
    assert asset == {"name": "map", "content": {"a": 1}, "content_type": "json"}
    assert "'map' is kept without its visual" in note
    assert "plotly, chartjs, geojson" in note


def test_what_a_visual_lacks_is_filled_in():
    (asset,), notes = made({"name": "m", "content": 1, "visual": {"schema": "geojson"}})
    assert asset["visual"] == {"schema": "geojson", "label": "m", "type": "custom-tab"}
    assert notes == []


def test_other_types_become_the_one_there_is():
    visual = {"schema": "plotly", "label": "x", "type": "zzz"}
    (asset,), notes = made(
        {"name": "m", "content": "aGk=", "content_type": "png", "visual": visual}
    )
    assert asset["content_type"] == "json"
    assert len(notes) == 2
    assert "'png'" in notes[0]
    assert "'zzz'" in notes[1]


def test_fields_that_are_no_texts_are_left_out():
    (asset,), notes = made({"name": "m", "content": 1, "id": 5, "description": ["a"]})
    assert asset == {"name": "m", "content": 1, "content_type": "json"}
    assert [note.split(":")[1] for note in notes] == [
        " its id is left out",
        " its description is left out",
    ]


@pytest.mark.parametrize("name", [None, "", "  ", 5, ["a"]], ids=repr)
def test_an_asset_without_a_name_gets_one(name):
    (asset,), (note,) = made({"name": name, "content": 1})
    assert asset["name"] == "asset-1"
    assert "has no name" in note


def test_names_that_are_made_are_not_taken_twice():
    found, _ = made(CHART, CHART, {"content": 1}, {"content": 2})
    assert [one["name"] for one in found] == ["chart", "chart-2", "asset-3", "asset-4"]


@pytest.mark.parametrize(
    "item", ["text", 5, [1, 2], {"a": 1}, None, object()], ids=repr
)
def test_what_is_no_asset_is_kept_for_download_with_a_note(item):
    (asset,), (note,) = made(item)
    assert "visual" not in asset
    assert "is kept as 'asset-1'" in note
    if type(item) is not object:
        assert asset["content"] == item


def test_what_raises_costs_its_visual_only():
    class Broken(go.Figure):
        def to_plotly_json(self):
            raise RuntimeError("no")

    found, (note,) = made(Broken(), CHART)
    assert [one["name"] for one in found] == ["asset-1", "chart"]
    assert "RuntimeError" in note


def test_an_asset_without_room_keeps_its_name_and_a_summary():
    found, notes = made(
        {"name": "small", "content": 1},
        {"name": "large", "content": ["x" * 100] * 1000},
        {"name": "last", "content": 2},
        max_bytes=5_000,
    )
    assert [one["name"] for one in found] == ["small", "large", "last"]
    assert found[1]["content"]["truncated"] is True
    assert found[2]["content"] == 2
    assert notes == [
        "the content of asset 'large' is a summary: it is over max_payload"
    ]


WORDS = st.sampled_from(
    [
        "name",
        "content",
        "content_type",
        "visual",
        "schema",
        "label",
        "type",
        "data",
        "id",
        "description",
        "plotly",
        "geojson",
        "json",
        "features",
        "FeatureCollection",
        "Point",
        "coordinates",
        "datasets",
        "layout",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | WORDS
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.lists(VALUES, max_size=4), st.integers(2, 2000))
def test_whatever_is_handed_over_the_sdk_reads_assets_of_it(items, max_bytes):
    before = repr(items)
    found, _ = made(*items)
    assert len(found) == len(items)
    made(*items, max_bytes=max_bytes)
    assert repr(items) == before


@pytest.mark.parametrize("max_bytes", [2, 10, 40, 60, 100])
def test_without_any_room_the_list_is_a_list_still(max_bytes):
    found, notes = made(
        *[{"name": "n" * 20, "content": [1] * 50}] * 3, max_bytes=max_bytes
    )
    assert len(found) < 3
    assert any("no room is left" in note for note in notes)
