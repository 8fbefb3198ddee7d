"""Sparse matrices, graphs, models and structs: their parts by name."""

from __future__ import annotations

import io
import ipaddress
from pathlib import Path

import attrs
import msgspec
import networkx as nx
import numpy as np
import plotly.graph_objects as go
import pydantic
import pydantic.v1
import pytest
import scipy.sparse as sp

from tests.encode.reading import read

FORMATS = ["bsr", "coo", "csc", "csr", "dia", "lil"]


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("kind", [sp.coo_array, sp.coo_matrix])
def test_a_sparse_matrix_is_its_shape_and_what_is_not_zero(kind, layout):
    matrix = kind(([5.0, 7.0], ([0, 1], [2, 0])), shape=(2, 4)).asformat(layout)
    told = read(matrix)
    places = zip(told["row"], told["column"], told["data"], strict=True)
    assert (told["format"], told["shape"]) == (layout, [2, 4])
    assert {place for place in places if place[2]} == {(0, 2, 5.0), (1, 0, 7.0)}


def test_a_large_sparse_matrix_is_never_made_dense():
    matrix = sp.coo_array(([1.0], ([0], [0])), shape=(10**9, 10**9))
    assert read(matrix)["shape"] == [10**9, 10**9]
    told = read(sp.random_array((1000, 1000), density=0.1), max_bytes=5_000)
    assert (told["shape"], told["nonzeros"]) == ([1000, 1000], 100_000)


def test_a_graph_is_its_nodes_and_edges_with_what_they_have():
    graph = nx.DiGraph(name="roads")
    graph.add_edge("a", ("b", 1), km=3)
    graph.add_node("depot", at=(1, 2))
    assert read(graph) == {
        "directed": True,
        "multigraph": False,
        "graph": {"name": "roads"},
        "nodes": [{"id": "a"}, {"id": ["b", 1]}, {"id": "depot", "at": [1, 2]}],
        "edges": [{"source": "a", "target": ["b", 1], "km": 3}],
    }
    several = nx.MultiGraph([(1, 2), (1, 2)])
    assert [edge["key"] for edge in read(several)["edges"]] == [0, 1]
    told = read(nx.path_graph(5000), max_bytes=1_000)
    assert (told["nodes"], told["edges"]) == (5000, 4999)


class Vehicle(pydantic.BaseModel):
    model_config = {"extra": "allow"}
    name: str
    next: Vehicle | None = None
    code: pydantic.SecretStr = pydantic.SecretStr("hunter2")

    @pydantic.computed_field
    def costly(self) -> int:
        raise AssertionError("nobody asks")


class OldVehicle(pydantic.v1.BaseModel):
    name: str
    code: pydantic.v1.SecretStr = pydantic.v1.SecretStr("hunter2")


@attrs.define
class Stop:
    name: str
    demand: int = attrs.field(init=False)


@attrs.define
class Depot(Stop):
    trucks: list[str] = attrs.field(factory=list)


class Route(msgspec.Struct):
    stops: list[Stop]
    cost: float = 0.0


def test_models_and_structs_are_their_fields():
    vehicle = Vehicle(name="a", next=Vehicle(name="b"), weight=3)
    nested = {"name": "b", "next": None, "code": "**********"}
    assert read(vehicle) == {
        "name": "a",
        "next": nested,
        "code": "**********",
        "weight": 3,
    }
    assert read(OldVehicle(name="a")) == {"name": "a", "code": "**********"}
    assert read(Route([Stop("a"), Depot("b", trucks=["t"])])) == {
        "stops": [{"name": "a"}, {"name": "b", "trucks": ["t"]}],
        "cost": 0.0,
    }


def test_an_open_file_is_its_name_and_is_not_read(tmp_path: Path):
    path = tmp_path / "data.csv"
    path.write_text("a,b")
    with path.open() as text, path.open("rb") as content:
        assert read([text, content]) == [
            {"file": str(path), "mode": "r"},
            {"file": str(path), "mode": "rb"},
        ]
        assert (text.read(), content.tell()) == ("a,b", 0)
    assert read(io.StringIO("text"))["type"] == "_io.StringIO"


def test_addresses_are_texts():
    given = ["10.0.0.1", "::1"]
    assert read([ipaddress.ip_address(text) for text in given]) == given
    assert read(ipaddress.ip_network("10.0.0.0/8")) == "10.0.0.0/8"


def test_a_figure_is_the_document_that_draws_it():
    figure = go.Figure(go.Bar(x=["a"], y=[1]), layout={"template": "none"})
    (trace,) = read(figure)["data"]
    assert trace == {"type": "bar", "x": ["a"], "y": [1]}
    assert read(go.Figure(go.Bar(y=np.array([1.0]))))["data"][0]["type"] == "bar"


def test_a_tensor_is_an_array_of_its_numbers():
    torch = pytest.importorskip("torch")
    numbers = torch.tensor([[1.0, 2.0]], requires_grad=True)
    assert read([numbers, numbers.bfloat16(), torch.tensor(3)]) == [
        [[1.0, 2.0]],
        [[1.0, 2.0]],
        3,
    ]
    assert read(torch.tensor([1 + 2j]).conj()) == [{"real": 1.0, "imag": -2.0}]
    assert "repr" in read(torch.eye(2).to_sparse())
    told = read(torch.zeros(1000, 1000), max_bytes=1_000)
    assert (told["shape"], told["dtype"]) == ([1000, 1000], "torch.float32")


def test_a_geometry_is_geojson():
    shapely = pytest.importorskip("shapely")
    assert read(shapely.Point(1, 2)) == {"type": "Point", "coordinates": [1.0, 2.0]}
