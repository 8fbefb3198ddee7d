"""Depth: what is nested further than readers can follow, and what is inside itself."""

from __future__ import annotations

import collections
import dataclasses
import json

import pytest

from nextmv_autotrack.encode import to_json
from nextmv_autotrack.encode.native import MAX_DEPTH
from tests.encode.reading import read


@dataclasses.dataclass
class Node:
    name: str
    inside: object = None


def nested(depth, wrap=lambda inner: [inner]):
    value = 1
    for _ in range(depth):
        value = wrap(value)
    return value


def depth_of(found):
    depth = 0
    while isinstance(found, (list, dict)):
        depth += 1
        found = found[0] if isinstance(found, list) else found["a"]
    return depth, found


@pytest.mark.parametrize("depth", [1, 100, MAX_DEPTH - 1, MAX_DEPTH])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: [inner],
        lambda inner: (inner,),
        lambda inner: {"a": inner},
        lambda inner: [inner, object],
        lambda inner: Node("n", inner),
        lambda inner: collections.UserDict(a=inner),
        lambda inner: {1: inner},
    ],
    ids=["list", "tuple", "dict", "foreign", "dataclass", "mapping", "keyed"],
)
def test_what_readers_can_still_read_is_whole(depth, wrap):
    body = to_json(nested(depth, wrap), max_bytes=1_000_000)
    assert body.count(b"[") + body.count(b"{") == depth
    assert b"too deep" not in body
    json.loads(body)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, MAX_DEPTH + 2, 1_000, 100_000])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: [inner],
        lambda inner: {"a": inner},
        lambda inner: (inner, object),
        lambda inner: collections.UserDict(a=inner),
    ],
    ids=["list", "dict", "foreign", "mapping"],
)
def test_what_is_nested_deeper_is_cut_there(depth, wrap):
    value = nested(depth, wrap)
    assert depth_of(read(value)) == (MAX_DEPTH, "<too deep>")
    assert depth_of(read({"a": value})) == (MAX_DEPTH, "<too deep>")


def test_forms_within_deep_lists_do_not_make_it_deeper():
    value = nested(200, lambda inner: [inner])
    assert depth_of(read(nested(100, lambda inner: [inner, Node("a", value)])[0]))
    deep = Node("a")
    deep.inside = value
    found = nested(100, lambda inner: [inner])
    innermost = found
    while isinstance(innermost[0], list):
        innermost = innermost[0]
    innermost[0] = deep
    assert b"too deep" in to_json(found, max_bytes=1_000_000)
    read(found)


def cycles():
    one = []
    one.append(one)
    yield "list", one, ["<cycle>"]
    one = {}
    one["a"] = one
    yield "dict", one, {"a": "<cycle>"}
    one = [1, ([],)]
    one[1][0].append(one)
    yield "through a tuple", one, [1, [["<cycle>"]]]
    one = Node("a")
    one.inside = one
    yield "dataclass", one, {"name": "a", "inside": "<cycle>"}
    one = collections.deque([1])
    one.append(one)
    yield "deque", one, [1, "<cycle>"]
    one = collections.UserDict()
    one[1] = one
    yield "mapping", one, {"1": "<cycle>"}
    one = {(1, 2): 1}
    one[3, 4] = one
    yield "with tuples as keys", one, {"[1,2]": 1, "[3,4]": "<cycle>"}
    one = ValueError("x")
    one.args = (one,)
    yield "exception", one, {"type": "ValueError", "message": "<unprintable>"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [pytest.param(value, expected, id=name) for name, value, expected in cycles()],
)
def test_a_container_inside_itself_is_said_to_be(value, expected):
    assert read(value) == expected
    read([value, value])


def test_what_is_inside_itself_or_too_deep_is_told():
    cycle = [1]
    cycle.append(cycle)
    deep = nested(MAX_DEPTH + 1)
    told = {
        "cycle": (cycle, ["holds itself"]),
        "deep": (deep, ["is nested more than 254 levels deep"]),
        "both": ({"a": cycle, 1: deep}, ["holds itself", "is nested more than 254"]),
        "neither": ([nested(MAX_DEPTH - 1), {1: [cycle[:1]] * 2}], []),
    }
    for value, expected in told.values():
        losses = []
        to_json(value, max_bytes=10**6, losses=losses)
        assert len(losses) == len(expected)
        assert all(map(str.startswith, losses, expected))
    losses = []
    to_json([cycle, "x" * 1_000], max_bytes=500, losses=losses)
    assert losses == ["is a summary, being over 500 bytes (max_payload)"]


def test_a_container_that_is_there_twice_is_written_twice():
    row = [1, 2**70]
    assert read([row, row, {"a": row}]) == [row, row, {"a": row}]
