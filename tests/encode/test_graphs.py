"""networkx's graphs: nodes and edges, with what is said about them."""

from __future__ import annotations

import json

import pytest

from nextmv_autotrack.encode import to_json
from tests.encode.reading import read

nx = pytest.importorskip("networkx")

GRAPHS = [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]


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


@pytest.mark.parametrize("kind", GRAPHS)
def test_networkx_makes_the_same_graph_of_it(kind):
    graph = kind([("a", "b"), ("b", "c"), ("a", "b")], name="roads")
    graph.add_node("d", demand=3)
    graph.add_edge("c", "d", km=1.5, via=["x", None])
    found = json.loads(to_json(graph, max_bytes=10_000).replace(b'"edges"', b'"links"'))
    again = nx.node_link_graph(found, **_named_links())
    assert type(again) is kind
    assert nx.utils.graphs_equal(again, graph)


def _named_links():
    # What they call the list of edges has changed, and older ones take no word for it.
    version = tuple(int(part) for part in nx.__version__.split(".")[:2])
    return {"edges": "links"} if version >= (3, 4) else {}


@pytest.mark.parametrize(
    "about", [{"source": 1, "id": 2}, {1: "a"}, {"at": {1, 2}}, {"at": object}], ids=str
)
def test_nothing_that_is_said_about_an_edge_is_lost(about):
    graph = nx.Graph()
    graph.add_edge("a", "b")
    graph.add_edge("b", "c")
    graph.edges["b", "c"].update(about)
    first, second = read(graph)["edges"]
    assert first == {"source": "a", "target": "b"}
    assert [second["source"], second["target"]] == ["b", "c"]
    assert len(second) == 2 + len(about)


def test_a_view_of_a_graph_is_the_graph_that_is_seen():
    graph = nx.path_graph(4)
    assert read(graph.subgraph([0, 1]))["edges"] == [{"source": 0, "target": 1}]
    assert [one["id"] for one in read(nx.Graph())["nodes"]] == []


def test_a_graph_that_is_too_large_becomes_its_numbers():
    told = read(nx.path_graph(5000), max_bytes=1_000)
    assert (told["nodes"], told["edges"]) == (5000, 4999)
    assert told["head"].startswith("[[0,1,{}],[1,2,{}],")
