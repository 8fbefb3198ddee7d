"""Plotly's figures and shapely's geometries: the documents that draw them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.encode.reading import read


def test_a_figure_is_the_document_that_draws_it():
    go = pytest.importorskip("plotly.graph_objects")
    figure = go.Figure(go.Bar(x=["a"], y=[1]), layout={"template": "none"})
    (trace,) = read(figure)["data"]
    assert trace == {"type": "bar", "x": ["a"], "y": [1]}
    assert go.Figure(read(figure)) == figure


@pytest.mark.parametrize("dtype", ["i1", "u2", "i8", "f4", "f8"])
def test_the_numbers_of_a_figure_are_numbers(dtype):
    go = pytest.importorskip("plotly.graph_objects")
    grid = np.array([[1, 2, 3], [4, 5, 6]], dtype=dtype)
    figure = go.Figure([go.Bar(y=grid[0]), go.Heatmap(z=grid)])
    bars, heat = read(figure)["data"]
    assert (bars["y"], heat["z"]) == ([1, 2, 3], [[1, 2, 3], [4, 5, 6]])


def test_a_geometry_is_geojson():
    shapely = pytest.importorskip("shapely")
    given = shapely.LineString([(1, 2), (3, 4)])
    found = read(given)
    assert found == {"type": "LineString", "coordinates": [[1.0, 2.0], [3.0, 4.0]]}
    assert shapely.from_geojson(json.dumps(found)) == given
