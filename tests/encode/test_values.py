"""Plain values and containers of any kind: the upper half of the package's table."""

from __future__ import annotations

import array
import collections
import datetime as dt
import math
import time
import types

import pytest

from nextmv_autotrack.encode import to_json
from tests.encode.reading import read


def given_back(value):
    return pytest.param(value, value, id=repr(value)[:40])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        given_back(None),
        pytest.param(True, True, id="True"),
        pytest.param(False, False, id="False"),
        given_back(0),
        given_back(-1),
        given_back(2**63 - 1),
        given_back(-(2**63)),
        given_back(2**64 - 1),
        given_back(2**64),
        given_back(-(2**63) - 1),
        given_back(10**300),
        given_back(2**1023 - 1),
        given_back(1 - 2**1023),
        given_back(0.1),
        given_back(1e308),
        given_back(5e-324),
        given_back(""),
        given_back("text"),
        given_back('"\\\n\t\x00\x7f\u2028'),
        given_back("käse 漢字 🚚"),
        given_back([]),
        given_back({}),
        given_back([[], {}, [None]]),
        given_back({"a": {"b": [1, 2.5, "c", None, True]}}),
        (math.nan, None),
        (math.inf, None),
        (-math.inf, None),
        ([1.0, math.nan], [1.0, None]),
    ],
)
def test_what_json_has_is_itself(value, expected):
    assert read(value) == expected
    assert read([object, value])[1] == expected


def test_minus_zero_stays_so():
    assert to_json([-0.0], max_bytes=100) == b"[-0.0]"
    assert to_json([-0.0, 2**70], max_bytes=100) == b"[-0.0,%d]" % 2**70


@pytest.mark.parametrize("value", [2**1023, -(2**1023), 10**309, 1 << 3900])
def test_an_integer_no_double_can_hold_is_described(value):
    assert read(value) == {"repr": hex(value), "type": "int"}


def test_an_integer_of_a_million_digits_is_described_by_its_first():
    found = read([1 << 4_000_000])[0]
    assert found["repr"] == "0x1" + "0" * 997 + "…"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("\ud800", "\\ud800"),
        ("a\udcffb", "a\\udcffb"),
        ("\udc00\ud800", "\\udc00\\ud800"),
        (["ok", "\ud800"], ["ok", "\\ud800"]),
        ({"a": "\ud800é"}, {"a": "\\ud800é"}),
    ],
    ids=ascii,
)
def test_a_lone_surrogate_is_spelled_out(value, expected):
    assert read(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((), []),
        ((1, (2, [3])), [1, [2, [3]]]),
        (collections.deque([1, [2]], maxlen=5), [1, [2]]),
        (range(3), [0, 1, 2]),
        (range(0), []),
        (array.array("d", [1.5, 2]), [1.5, 2.0]),
        (array.array("b"), []),
        ({"b": 1, "a": 2}.keys(), ["b", "a"]),
        ({"b": 1, "a": [2]}.values(), [1, [2]]),
        ({"b": 1}.items(), [["b", 1]]),
        (collections.OrderedDict(b=1, a=2).keys(), ["b", "a"]),
        (collections.ChainMap({"b": 1}).keys(), ["b"]),
        (collections.ChainMap({"b": 1}).values(), [1]),
        (collections.ChainMap({"b": 1}).items(), [["b", 1]]),
        (collections.UserList([1, {2}]), [1, [2]]),
        (time.gmtime(0), [1970, 1, 1, 0, 0, 0, 3, 1, 0]),
    ],
    ids=repr,
)
def test_what_has_an_order_is_a_list(value, expected):
    assert read(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        collections.OrderedDict(b=1, a=[2]),
        collections.defaultdict(list, b=1, a=[2]),
        collections.Counter("bbaa"),
        collections.UserDict(b=1, a=(2,)),
        collections.ChainMap({"b": 1}, {"a": 2}),
        types.MappingProxyType({"b": 1, "a": 2}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_mapping_is_an_object(value):
    assert sorted(read(value)) == ["a", "b"]
    assert list(read(value)) == list(value)


@pytest.mark.parametrize("kind", [set, frozenset, dict.fromkeys])
@pytest.mark.parametrize(
    "items",
    [
        [],
        [3, 1, 2],
        [2.5, 1, True and 3],
        ["b", "a", "ä"],
        ["b", "\ud800"],
        [b"b", b"a"],
        [dt.date(2020, 1, 2), dt.date(2020, 1, 1)],
    ],
    ids=ascii,
)
def test_a_set_of_what_can_be_sorted_is_sorted(kind, items):
    value = kind(items)
    value = value.keys() & value.keys() if isinstance(value, dict) else value
    assert read(value) == [read(item) for item in sorted(items)]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([2, "a", None, (1, 2)], ["a", 2, [1, 2], None]),
        ([frozenset({2, 1}), frozenset()], [[1, 2], []]),
        ([(2, "b"), (1, None)], [[1, None], [2, "b"]]),
        ([math.nan, 1.5, 0.5], [0.5, 1.5, None]),
        ([1 + 1j, 0], [0, {"real": 1.0, "imag": 1.0}]),
        (
            [dt.datetime(2020, 1, 2), dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)],  # noqa: DTZ001 -- a naive one is meant
            ["2020-01-01T00:00:00+00:00", "2020-01-02T00:00:00"],
        ),
    ],
    ids=repr,
)
def test_any_other_set_is_in_the_order_of_its_json(items, expected):
    assert read(set(items)) == expected
    assert read(frozenset(reversed(items))) == expected
