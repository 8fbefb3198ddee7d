"""Any value at all: what holds for all of them."""

from __future__ import annotations

import base64
import copy
import dataclasses
import datetime as dt
import decimal
import enum
import json
import math
from collections import OrderedDict, UserDict, deque
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import orjson
from hypothesis import given
from hypothesis import strategies as st

from nextmv_autotrack.encode import to_json
from nextmv_autotrack.encode.budget import Budget, TooLargeError
from nextmv_autotrack.encode.walk import plain
from tests.encode.reading import read

ROOM = 1_000_000


class Color(enum.Enum):
    RED = "red"
    PAIR = (1, "a")


class Level(enum.IntEnum):
    LOW = 1


class Word(str, enum.Enum):
    YES = "yes"


class Point(NamedTuple):
    x: Any
    y: Any


@dataclasses.dataclass(frozen=True)
class Stop:
    name: Any
    at: Any = None


class Text(str):
    __slots__ = ()


class Numbers(list):
    pass


class Thing:
    def __repr__(self):
        return "a thing at 0x7f00"


# What JSON has, and both our readers read alike.
NATIVE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)

_SURROGATES = st.characters(categories=("Cs",))
_KEYS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.text(st.characters() | _SURROGATES, max_size=3),
    st.tuples(st.integers(0, 2), st.text("ab", max_size=2)),
    st.sampled_from(
        [Color.RED, Color.PAIR, Level.LOW, Word.YES, Text("a"), "1", "null"]
    ),
    st.dates(),
    st.binary(max_size=2),
    st.frozensets(st.integers(0, 3)),
)
_ITEMS = _KEYS | st.one_of(
    st.decimals(),
    st.fractions(),
    st.uuids(),
    st.datetimes(timezones=st.none() | st.just(dt.timezone.utc)),
    st.times(),
    st.timedeltas(),
    st.complex_numbers(),
    st.integers(-(2**1100), 2**1100),
    st.binary().map(bytearray),
    st.sampled_from([Thing(), object(), int, len, math, ..., NotImplemented]),
    st.sampled_from(
        [ValueError("no"), range(3), np.int8(1), np.float32("nan"), np.str_("a")]
    ),
    st.lists(st.integers(-9, 9)).map(np.array),
    st.lists(st.floats(width=16)).map(lambda items: np.array(items, dtype="f2")),
)


def _containers(inner):
    return st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.lists(inner).map(Numbers),
        st.lists(inner).map(deque),
        st.dictionaries(_KEYS, inner),
        st.dictionaries(_KEYS, inner).map(UserDict),
        st.dictionaries(_KEYS, inner).map(OrderedDict),
        st.dictionaries(_KEYS, inner).map(MappingProxyType),
        st.dictionaries(_KEYS, inner).map(dict.values),
        st.sets(_KEYS),
        st.builds(Stop, inner, inner),
        st.builds(Point, inner, inner),
        st.lists(inner).map(lambda items: np.array([*items, None], dtype=object)),
    )


ANYTHING = st.recursive(_ITEMS, _containers, max_leaves=25)


@given(NATIVE)
def test_what_json_has_comes_back(value):
    body = to_json(value, max_bytes=ROOM)
    assert orjson.loads(body) == json.loads(body) == value
    assert body == orjson.dumps(value)


@given(NATIVE)
def test_the_walk_writes_what_orjson_writes(value):
    assert orjson.dumps(plain(value, Budget(ROOM))) == orjson.dumps(value)


@given(ANYTHING)
def test_anything_is_json_that_readers_agree_on(value):
    read(value)
    read([value, {"a": value}])


@given(ANYTHING)
def test_where_a_value_stands_does_not_change_it(value):
    found = read(value)
    assert read([value, 2**70]) == [found, 2**70]
    assert read({"a": (value, object)}) == {"a": [found, "object"]}
    assert read({1: value}) == {"1": found}
    assert read(Stop(value, [value])) == {"name": found, "at": [found]}


@given(ANYTHING)
def test_the_same_value_has_the_same_json(value):
    assert to_json(value, max_bytes=ROOM) == to_json(value, max_bytes=ROOM)
    assert to_json(value, max_bytes=50) == to_json(value, max_bytes=50)


@given(ANYTHING, st.integers(1, 300))
def test_no_json_is_longer_than_its_bound(value, max_bytes):
    whole = to_json(value, max_bytes=ROOM)
    found = to_json(value, max_bytes=max_bytes)
    assert len(found) <= max_bytes
    orjson.loads(found)
    json.loads(found)
    assert (found == whole) == (len(whole) <= max_bytes)


@given(ANYTHING, st.integers(1, 30))
def test_a_walk_that_is_cut_short_is_json_as_well(value, steps):
    body = orjson.dumps(plain(value, Budget(ROOM, steps=steps)))
    json.loads(body)
    assert plain([value], Budget(ROOM, steps=0)) == "<cut>"


@given(ANYTHING, st.integers(1, 2_000))
def test_a_walk_ends_early_only_where_the_json_is_over_the_bound(value, max_bytes):
    body = orjson.dumps(plain(value, Budget(ROOM)))
    try:
        plain(value, Budget(max_bytes))
    except TooLargeError:
        assert len(body) > max_bytes


@given(ANYTHING)
def test_the_value_stays_as_it_is(value):
    before = repr(value)
    to_json(value, max_bytes=ROOM)
    to_json([value], max_bytes=100)
    assert repr(value) == before


@given(NATIVE)
def test_no_list_or_dict_of_it_is_another(value):
    kept = copy.deepcopy(value)
    to_json([value, 2**70, object], max_bytes=ROOM)
    assert value == kept


@given(st.dictionaries(_KEYS, st.integers(), max_size=20))
def test_no_key_is_lost(value):
    found = read(value)
    assert list(found.values()) == list(value.values())


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_comes_back_with_all_its_digits(value):
    body = to_json(value, max_bytes=ROOM).decode()
    assert decimal.Decimal(body.strip('"')).compare_total(value) == 0


@given(st.text(st.characters() | _SURROGATES))
def test_a_text_comes_back_but_for_lone_surrogates(value):
    expected = value.encode("utf-8", "backslashreplace").decode()
    assert read(value) == expected
    assert read({value: [value]}) == {expected: [expected]}


@given(st.binary())
def test_bytes_come_back(value):
    found = read(value)
    if isinstance(found, dict):
        assert base64.b64decode(found["base64"]) == value
    else:
        assert found.encode() == value
