"""Bounds: how long the JSON is, and how much of a value is walked."""

from __future__ import annotations

import array
import collections
import dataclasses
import itertools
import json
from collections.abc import Mapping, Sequence

import orjson
import pytest

from nextmv_autotrack.encode import to_json
from nextmv_autotrack.encode.budget import (
    MAX_STEPS,
    Budget,
    TooLargeError,
)
from nextmv_autotrack.encode.walk import plain
from tests.encode.reading import read


@dataclasses.dataclass
class Node:
    name: str
    inside: object = None


LARGE = [
    "x" * 5_000,
    "ä" * 5_000,
    b"x" * 5_000,
    bytearray(b"\xff" * 5_000),
    list(range(5_000)),
    tuple(range(5_000)),
    {str(n): n for n in range(5_000)},
    {(n, n): n for n in range(5_000)},
    set(range(5_000)),
    range(5_000),
    range(10**15),
    collections.deque(range(5_000)),
    ["x" * 1_000] * 5,
    [[0] * 100] * 100,
    [Node("a")] * 500,
    {"a": {"b": ["x"] * 5_000}},
    Node("x" * 5_000),
    Node("a", ["x" * 5_000]),
    ValueError("漢" * 5_000),
    {"x" * 5_000: 1},
    {Node("a").name * 5_000: object},
    [2**1_000] * 100,
    [10**100] * 10 + [object] * 10,
]


@pytest.mark.parametrize("value", LARGE, ids=lambda value: repr(value)[:30])
def test_what_is_over_the_bound_is_summed_up(value):
    assert read(value, max_bytes=1_024)["truncated"] is True
    for max_bytes in (300, 100, 40, 20):
        assert read(value, max_bytes=max_bytes)["truncated"] is True
    for max_bytes in (4, 3, 1, 0):
        assert read(value, max_bytes=max_bytes) in (None, 0)


@pytest.mark.parametrize("value", LARGE, ids=lambda value: repr(value)[:30])
def test_the_bound_is_the_last_length_that_is_whole(value):
    if isinstance(value, range) and len(value) > 5_000:
        return
    whole = to_json(value, max_bytes=10_000_000)
    assert to_json(value, max_bytes=len(whole)) == whole
    assert len(to_json(value, max_bytes=len(whole) - 1)) < len(whole)


def test_a_summary_says_what_it_was():
    value = list(range(500))
    whole = json.dumps(value, separators=(",", ":"))
    assert read(value, max_bytes=1_024) == {
        "truncated": True,
        "type": "list",
        "bytes": len(whole),
        "length": 500,
        "head": whole[:300],
    }


def test_a_summary_of_an_object_has_its_first_keys():
    value = {f"{n}" * 100: list(range(100)) for n in range(50)}
    found = read(value, max_bytes=2_000)
    assert found["length"] == 50
    assert found["keys"] == [f"{n}" * (40 // len(f"{n}")) for n in range(20)]


def test_a_summary_of_what_was_not_encoded_has_its_first_items():
    found = read([[0] * 10**6] * 10**6, max_bytes=1_024)
    assert found == {
        "truncated": True,
        "type": "list",
        "length": 10**6,
        "head": found["head"],
    }
    found = read(range(10**15), max_bytes=1_024)
    assert (found["length"], found["head"]) == (10**15, "[0,1,2,3,4,5,6,7,8,9]")


def test_a_generator_whose_repr_is_over_the_bound_is_not_consumed():
    def generate():
        yield 1

    value = generate()
    value.__qualname__ = "漢" * 990
    found = read(value, max_bytes=1_024)
    assert (found["truncated"], found["type"]) == (True, "generator")
    assert list(value) == [1]


def test_text_as_bytes_has_as_much_room_as_text():
    for value in (b"x" * 900, bytearray(b"x" * 900), memoryview(b"x" * 900)):
        assert read(value, max_bytes=1_024) == "x" * 900
    assert read(b"\xff" * 700, max_bytes=1_024)["base64"]


def test_a_list_of_lists_of_the_same_list_is_summed_up():
    value = [0]
    for _ in range(15):
        value = [value] * 2
    assert read(value, max_bytes=30_000)["truncated"] is True


class Endless(Sequence):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return index


class EndlessMapping(Mapping):
    def __len__(self):
        return 3

    def __iter__(self):
        return itertools.count()

    def __getitem__(self, key):
        return key


def test_what_was_walked_is_followed_by_what_was_not():
    def walked(value, steps):
        return orjson.loads(orjson.dumps(plain(value, Budget(100, steps=steps))))

    rows = [[object]] * 20
    assert walked(rows, 10) == [["object"]] * 3 + ["<cut: 17 more>"]
    assert walked([set()] * 5, 3) == [[], [], "<cut: 3 more>"]
    assert walked({"a": [object], "b": [object]}, 3) == {
        "a": ["object"],
        "<cut>": "1 more",
    }
    assert walked({1: object, "b": object}, 2) == {"<cut>": "2 more"}
    assert walked({1: object, "b": object, 2: 0}, 6) == {
        "1": "object",
        "b": "object",
        "<cut>": "1 more",
    }
    assert walked(1, 0) == "<cut>"


def test_what_would_be_walked_for_seconds_is_cut():
    body = to_json([object] * (MAX_STEPS + 1), max_bytes=10**8, now_ns=lambda: 0)
    assert body.endswith(b',"object","<cut>"]')


def test_no_loss_is_told_where_there_is_none():
    losses = []
    for value in (1, [object], {1: {2}}, "x" * 100, [[]] * 3):
        to_json(value, max_bytes=1_000, losses=losses)
    assert losses == []


def test_a_summary_is_told_to_be_one():
    losses = []
    to_json(["x" * 100], max_bytes=50, losses=losses)
    assert losses == ["is a summary, being over 50 bytes (max_payload)"]


def test_texts_that_are_too_long_together_are_not_written_first():
    text = "x" * 10**6
    for row in (text, [text, 1], {"a": 1, "b": text, "c": 2}):
        rows = [row] * 10**6
        for value in (rows, {"rows": rows}, [object, rows], {1: {"a": rows}}):
            assert read(value, max_bytes=10**8)["truncated"] is True


def test_a_last_row_that_is_longer_than_the_others_changes_nothing():
    for row in (["x"], {"a": "x"}):
        rows = [row] * 2_000 + [["x" * 1_000]]
        assert len(read(rows, max_bytes=10**5)) == 2_001


def test_what_never_ends_is_as_long_as_it_says():
    assert read(Endless()) == [0, 1, 2]
    assert read(EndlessMapping()) == {"0": 0, "1": 1, "2": 2}


@pytest.mark.parametrize(
    "make",
    [
        collections.deque,
        set,
        lambda items: dict.fromkeys(items).keys(),
        lambda items: array.array("q", items),
        lambda items: items,
    ],
    ids=["deque", "set", "keys", "array", "range"],
)
def test_numbers_in_bulk_are_whole_however_many(make):
    value = make(range(MAX_STEPS + 10))
    expected = orjson.dumps(list(range(MAX_STEPS + 10)))
    assert to_json(value, max_bytes=100_000_000) == expected


def test_texts_about_many_objects_are_within_the_bound_before_they_are_written():
    class Wordy:
        def __repr__(self):
            return "x" * 1_000

    with pytest.raises(TooLargeError):
        plain([Wordy()] * 100, Budget(50_000))
    with pytest.raises(TooLargeError):
        plain([{"x" * 1_000: object}] * 100, Budget(50_000))
