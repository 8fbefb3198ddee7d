"""Classes of any make: what holds for the instances of all of them."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmv_autotrack.encode import to_json
from tests.encode.reading import read

# What may be called on the way to a text, a number, a list or an object.
HOOKS = [
    "__bool__",
    "__bytes__",
    "__contains__",
    "__eq__",
    "__float__",
    "__getattr__",
    "__getattribute__",
    "__getitem__",
    "__hash__",
    "__index__",
    "__int__",
    "__iter__",
    "__len__",
    "__lt__",
    "__next__",
    "__repr__",
    "__str__",
    "as_py",
    "copy",
    "isoformat",
    "items",
    "keys",
    "to_plotly_json",
    "tolist",
    "values",
]
LIES = [
    "__annotations__",
    "__attrs_attrs__",
    "__class__",
    "__dataclass_fields__",
    "__dict__",
    "__geo_interface__",
    "__pydantic_fields__",
    "__struct_fields__",
    "_fields",
    "dtype",
    "model_fields",
    "name",
    "shape",
    "value",
]

# The most that code of the user's is called for one value: a look at each item, at its
# type and its length, and as much again for a summary.
MOST_CALLS = 300


class Calls:
    count = 0


def _answer(answer: Any):
    def hook(*_args: Any, **_kwargs: Any) -> Any:
        Calls.count += 1
        if isinstance(answer, type) and issubclass(answer, Exception):
            raise answer
        return answer

    return hook


ANSWERS = st.sampled_from(
    [
        *(ValueError, TypeError, AttributeError, StopIteration, RecursionError),
        *(KeyError, MemoryError, UnicodeError),
        *(None, 0, -1, 1, 2**80, True, 1.5, float("nan"), "", "text", "\ud800"),
        *(b"\xff", (), (1, 2), [1], {"a": 1}, ("a", "b"), object, int, object()),
    ]
)
BASES: list[tuple[type, tuple[Any, ...]]] = [
    (object, ()),
    (str, ("text",)),
    (int, (5,)),
    (float, (0.5,)),
    (list, ([1, 2],)),
    (dict, ({"a": 1},)),
    (tuple, ((1, 2),)),
    (set, ({1, 2},)),
    (frozenset, ({1, 2},)),
    (bytes, (b"text",)),
    (bytearray, (b"\xff",)),
    (collections.OrderedDict, ({"a": 1},)),
    (collections.UserDict, ({"a": 1},)),
    (collections.UserList, ([1],)),
    (collections.deque, ([1],)),
    (decimal.Decimal, ("1.5",)),
    (dt.date, (2024, 1, 1)),
    (dt.datetime, (2024, 1, 1)),
    (dt.timedelta, (1,)),
    (ValueError, ("no",)),
    (Mapping, ()),
    (Sequence, ()),
]


@st.composite
def classes(draw: st.DrawFn) -> tuple[Any, tuple[Any, ...]]:
    """A class of any base whose hooks answer anything, and what it is made of."""
    base, arguments = draw(st.sampled_from(BASES))
    hooks = draw(st.dictionaries(st.sampled_from(HOOKS), ANSWERS, max_size=6))
    lies = draw(st.dictionaries(st.sampled_from(LIES), ANSWERS, max_size=4))
    body: dict[str, Any] = {name: _answer(answer) for name, answer in hooks.items()}
    for name, answer in lies.items():
        body[name] = property(_answer(answer)) if draw(st.booleans()) else answer
    slots = draw(st.sampled_from([None, (), ("a",)]))
    if slots is not None and base is object and not set(lies) & {"__dict__"}:
        body["__slots__"] = slots
    return _made(base, body), arguments


def _made(base: type, body: dict[str, Any]) -> Any:
    missing = getattr(base, "__abstractmethods__", ())
    body = {**{name: _answer(IndexError) for name in missing}, **body}
    return type("Any", (base,), body)


def _instance(kind: Any, arguments: tuple[Any, ...]) -> Any:
    base = kind.__mro__[1]
    value = base.__new__(kind, *arguments)
    with_state = (list, dict, set, bytearray, collections.deque, ValueError)
    if issubclass(base, with_state):
        base.__init__(value, *arguments)
    return value


class Box:
    """Keeps an object from hypothesis, which would look at it."""

    def __init__(self, kind: Any, value: Any) -> None:
        self.value = value
        self._told = f"{kind.__mro__[1].__name__} with {sorted(vars(kind))}"

    def __repr__(self) -> str:
        return self._told


@st.composite
def instances(draw: st.DrawFn) -> Box:
    while True:
        kind, arguments = draw(classes())
        try:
            value = _instance(kind, arguments)
            if draw(st.booleans()) and kind.__dictoffset__:
                object.__getattribute__(value, "__dict__")["a"] = 1
        except Exception:  # noqa: BLE001, S112 -- there are no objects of such a class
            continue
        return Box(kind, value)


def state(value: Any) -> Any:
    """What an object holds, read past its class."""
    plain = (str, int, float, list, dict, tuple, bytes, bytearray)
    held: list[Any] = [
        kind.__repr__(value) for kind in plain if issubclass(type(value), kind)
    ]
    sets = [kind for kind in (set, frozenset) if issubclass(type(value), kind)]
    held += [list(kind.__iter__(value)) for kind in sets]
    try:
        held.append(dict(object.__getattribute__(value, "__dict__")))
    except Exception:  # noqa: BLE001 -- it has none, or a lie in its place
        held.append(None)
    return held


@given(instances())
def test_an_object_of_any_class_is_json(box):
    value = box.value
    before = state(value)
    Calls.count = 0
    found = read(value)
    assert Calls.count <= MOST_CALLS
    assert read([value, {"a": value}]) == [found, {"a": found}]
    assert state(value) == before


@given(instances(), st.integers(0, 200))
def test_the_json_of_an_object_is_never_longer_than_its_bound(box, max_bytes):
    value = box.value
    for given_ in (value, [value] * 3, {"a": (value, value)}):
        body = to_json(given_, max_bytes=max_bytes)
        assert len(body) <= max(1, max_bytes)
        json.loads(body)


@given(instances())
def test_an_object_can_be_a_field_and_an_item_of_others(box):
    value = box.value
    pair = dataclasses.make_dataclass("Pair", ["a", "b"])
    found = read(value)
    assert read(pair(value, 1)) == {"a": found, "b": 1}
    assert read(collections.deque([value, object])) == [found, "object"]


@pytest.mark.parametrize("lie", [None, 5, "text", [], {1: 2}, {"a": object}])
def test_a_lie_about_the_dict_is_not_believed(lie):
    class Liar:
        __dict__ = lie

        def __repr__(self):
            return "a liar"

    assert read(Liar())["repr"] == "a liar"
