"""Named tuples, dataclasses and enums: values with fields, or a value, of their own."""

from __future__ import annotations

import collections
import dataclasses
import enum
import typing

import pytest

from nextmv_autotrack.encode import to_json
from tests.encode.reading import read


@dataclasses.dataclass
class Stop:
    name: str
    at: tuple[float, float] = (0.0, 0.0)


class Point(typing.NamedTuple):
    x: float
    y: float


def test_a_named_tuple_is_an_object_of_its_fields():
    assert read(Point(1, 2.5)) == {"x": 1, "y": 2.5}
    assert read([collections.namedtuple("Pair", "a b")({1}, Point(1, 2))]) == [  # noqa: PYI024 -- as older code has them
        {"a": [1], "b": {"x": 1, "y": 2}}
    ]


def test_a_dataclass_is_an_object_of_its_fields():
    @dataclasses.dataclass(frozen=True)
    class Plan:
        stops: list[Stop]
        cost: float = dataclasses.field(repr=False, compare=False, default=0.5)
        kind: typing.ClassVar[str] = "plan"
        seed: dataclasses.InitVar[int] = 0

    assert read(Plan([Stop("a"), Stop("b", (1, 2))])) == {
        "stops": [{"name": "a", "at": [0.0, 0.0]}, {"name": "b", "at": [1, 2]}],
        "cost": 0.5,
    }


def test_a_dataclass_may_have_slots_and_bases():
    @dataclasses.dataclass(slots=True)
    class Base:
        a: int

    @dataclasses.dataclass(slots=True)
    class Derived(Base):
        b: object

    assert read(Derived(1, Derived(2, None))) == {"a": 1, "b": {"a": 2, "b": None}}


def test_a_field_that_was_never_set_is_left_out():
    @dataclasses.dataclass(slots=True)
    class Late:
        a: int = dataclasses.field(init=False)
        b: int = 1

    stop = Stop("a")
    del stop.name
    assert read([Late(), stop]) == [{"b": 1}, {"at": [0.0, 0.0]}]


class Color(enum.Enum):
    RED = "red"
    TRANSPARENT = (0, 0.5)


class Level(enum.IntEnum):
    LOW = 1


class Word(str, enum.Enum):
    YES = "yes"


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Mask(enum.IntFlag):
    A = 4


class Share(float, enum.Enum):
    HALF = 0.5


class Outer(enum.Enum):
    INNER = Color.RED
    LIST = [Color.RED, Level.LOW]  # noqa: RUF012 -- so that orjson could look into it


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (Color.RED, "red"),
        (Color.TRANSPARENT, [0, 0.5]),
        (Level.LOW, 1),
        (Word.YES, "yes"),
        (Access.READ, 1),
        (Access.READ | Access.WRITE, 3),
        (Access(0), 0),
        (Mask.A | 1, 5),
        (Share.HALF, 0.5),
        (Outer.INNER, "red"),
        (Outer.LIST, ["red", 1]),
    ],
    ids=repr,
)
def test_a_member_of_an_enum_is_its_value(member, expected):
    assert read(member) == expected
    assert read([member, {"a": member}]) == [expected, {"a": expected}]
    assert read([member, {1, 2}, {"a": (member, object)}]) == [
        expected,
        [1, 2],
        {"a": [expected, "object"]},
    ]


def test_a_member_that_is_a_text_or_a_number_as_well_is_that():
    class Code(str, enum.Enum):
        A = "a", 1

        def __new__(cls, text, number):
            made = str.__new__(cls, text)
            made._value_ = number
            return made

    class Number(int, enum.Enum):
        A = 1, "a"

        def __new__(cls, number, text):
            made = int.__new__(cls, number)
            made._value_ = text
            return made

    assert read([Code.A, Number.A]) == ["a", 1]
    assert read([Code.A, Number.A, object]) == ["a", 1, "object"]
    assert read([Code.A, Number.A, 2**70]) == ["a", 1, 2**70]


def test_many_rows_with_members_are_encoded_whole():
    rows = [[Color.RED, Level.LOW] * 5] * 120_000
    body = to_json(rows, max_bytes=100_000_000)
    assert body == to_json([["red", 1] * 5] * 120_000, max_bytes=100_000_000)
