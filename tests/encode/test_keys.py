"""Keys: the text of any, and no two of them equal."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import math
import pathlib
import uuid

import pytest

from tests.encode.reading import read


class Kind(enum.Enum):
    TRUCK = "truck"
    PAIR = (1, 2)


class Level(enum.IntEnum):
    LOW = 1


class Word(str, enum.Enum):
    YES = "yes"


class Text(str):
    __slots__ = ()


class Number(int):
    pass


@dataclasses.dataclass(frozen=True)
class Arc:
    tail: int
    head: str


class Place:
    def __repr__(self) -> str:
        return "a place"


Pair = collections.namedtuple("Pair", "x y")  # noqa: PYI024 -- as older code has them

UTC = dt.timezone.utc


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("", ""),
        ("ä\n", "ä\n"),
        (Text("a"), "a"),
        (1, "1"),
        (-(2**70), str(-(2**70))),
        (Number(3), "3"),
        (1.5, "1.5"),
        (1e300, "1e+300"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (None, "null"),
        (True, "true"),
        ((1, 2), "[1,2]"),
        ((), "[]"),
        ((0, "a", None, 1.5), '[0,"a",null,1.5]'),
        ((1, (2, (3, "b"))), '[1,[2,[3,"b"]]]'),
        ((dt.date(2020, 1, 2), 1), '["2020-01-02",1]'),
        ((Kind.TRUCK, 1), '["truck",1]'),
        (Pair(1, "a"), '{"x":1,"y":"a"}'),
        (frozenset({2, 1}), "[1,2]"),
        (Kind.TRUCK, "truck"),
        (Kind.PAIR, "[1,2]"),
        (Level.LOW, "1"),
        (Word.YES, "yes"),
        (dt.date(2020, 1, 2), "2020-01-02"),
        (dt.datetime(2020, 1, 2, tzinfo=UTC), "2020-01-02T00:00:00+00:00"),
        (dt.timedelta(minutes=1), "60.0"),
        (decimal.Decimal("1.50"), "1.50"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        (b"a", "a"),
        (b"\xff", '{"base64":"/w=="}'),
        (1j, '{"real":0.0,"imag":1.0}'),
        (int, "int"),
        (Arc(1, "b"), '{"tail":1,"head":"b"}'),
        (Place(), "a place"),
        (range(2), "[0,1]"),
        ("\ud800", "\\ud800"),
        (("\ud800", 1), '["\\\\ud800",1]'),
    ],
    ids=ascii,
)
def test_a_key_is_its_text(key, text):
    assert read({key: [1]}) == {text: [1]}
    assert read([{key: 1}, object]) == [{text: 1}, "object"]
    assert read({"other": 0, key: {key: 1}}) == {"other": 0, text: {text: 1}}


def test_keys_keep_their_order():
    assert list(read({(1, 2): 0, 3: 0, "a": 0, None: 0, (0, 1): 0})) == [
        "[1,2]",
        "3",
        "a",
        "null",
        "[0,1]",
    ]


@pytest.mark.parametrize(
    ("keys", "texts"),
    [
        ([1, "1"], ["1", "1 (2)"]),
        (["1", 1], ["1", "1 (2)"]),
        ([None, "null", "null (2)"], ["null", "null (3)", "null (2)"]),
        ([(1, 2), "[1,2]"], ["[1,2]", "[1,2] (2)"]),
        ([(1, 2), frozenset({1, 2})], ["[1,2]", "[1,2] (2)"]),
        ([True, "true", Text("true (2)")], ["true", "true (3)", "true (2)"]),
        (["\ud800", "\\ud800"], ["\\ud800", "\\ud800 (2)"]),
        ([Place(), Place(), Place()], ["a place", "a place (2)", "a place (3)"]),
        ([math.nan, float("nan"), "nan"], ["nan", "nan (2)", "nan (3)"]),
    ],
    ids=ascii,
)
def test_where_two_texts_are_equal_the_later_one_is_numbered(keys, texts):
    value = {key: number for number, key in enumerate(keys)}
    expected = {text: number for number, text in enumerate(texts)}
    assert list(read(value).items()) == list(expected.items())
    assert list(read([value, object])[0].items()) == list(expected.items())


def test_very_many_equal_texts_are_told_apart():
    value = {Place(): number for number in range(5_000)}
    found = read(value)
    assert list(found.values()) == list(range(5_000))
    assert found["a place (5000)"] == 4_999


def test_an_index_of_many_tuples_is_an_object():
    value = {(i, f"j{j}"): 0.5 for i in range(30) for j in range(30)}
    assert read(value) == {f'[{i},"j{j}"]': 0.5 for i in range(30) for j in range(30)}


def test_a_key_that_is_too_large_a_number_is_described():
    assert read({10**5_000: 1}) == {
        f'{{"repr":"{hex(10**5_000)[:1_000]}…","type":"int"}}': 1
    }


def test_a_mapping_may_give_equal_keys():
    class Doubled(collections.UserDict):
        def __iter__(self):
            return iter(["a", "a"])

    assert read(Doubled(a=1, b=2)) == {"a": 1, "a (2)": 1}


def test_a_named_tuple_may_have_a_name_twice():
    class Twice(tuple):
        __slots__ = ()
        _fields = ("a", "a")

    assert read(Twice([1, 2])) == {"a": 1, "a (2)": 2}


def test_a_broken_key_costs_no_other():
    class Broken:
        def __repr__(self):
            raise ValueError

    class Meta(type):
        __hash__ = None

    class Unhashable(metaclass=Meta):
        pass

    assert read({"a": 1, Broken(): 2}) == {"a": 1, "<unprintable>": 2}
    found = read({"a": 1, Unhashable(): 2})
    assert found.pop("a") == 1
    assert list(found.values()) == [2]
