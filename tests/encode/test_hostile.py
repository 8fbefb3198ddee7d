"""Values that lie, break or change things when they are looked at."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime as dt
import decimal
import pathlib
import signal
import threading
import weakref
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from unittest import mock

import pytest

from nextmv_autotrack.encode import to_json
from nextmv_autotrack.encode.descriptions import UNPRINTABLE, type_name
from tests.encode.reading import read

# What Python calls on its own, but for what makes and ends an object.
HOOKS = [
    "__repr__",
    "__str__",
    "__format__",
    "__hash__",
    "__eq__",
    "__lt__",
    "__bool__",
    "__len__",
    "__iter__",
    "__next__",
    "__reversed__",
    "__contains__",
    "__getitem__",
    "__getattr__",
    "__getattribute__",
    "__int__",
    "__index__",
    "__float__",
    "__complex__",
    "__bytes__",
    "__length_hint__",
    "__instancecheck__",
    "__reduce_ex__",
    "__copy__",
    "__deepcopy__",
    "__fspath__",
    "__call__",
    "__buffer__",
    "__array__",
    "keys",
    "items",
    "values",
    "copy",
    "get",
    "value",
    "isoformat",
    "utcoffset",
    "total_seconds",
    "as_tuple",
    "decode",
    "encode",
]


def broken(error=ValueError):
    def fail(*args, **kwargs):
        raise error

    return {
        **dict.fromkeys(HOOKS, fail),
        "__class__": property(fail),
        "__module__": __name__,
    }


def hostile(base, error=ValueError):
    """Return a class all of whose hooks raise."""
    return type("Hostile", (base,), broken(error))


@pytest.mark.parametrize(
    ("base", "given", "expected"),
    [
        (str, "text", "text"),
        (int, 5, 5),
        (int, 2**70, 2**70),
        (float, 0.5, 0.5),
        (list, [1, [2]], [1, [2]]),
        (dict, {"a": 1, "b": [2]}, {"a": 1, "b": [2]}),
        (collections.OrderedDict, {"a": 1}, {"a": 1}),
        (tuple, [1, (2,)], [1, [2]]),
        (set, [2, 1], [1, 2]),
        (frozenset, [2, 1], [1, 2]),
        (bytes, b"text", "text"),
        (bytearray, b"text", "text"),
        (decimal.Decimal, "0.10", 0.1),
        (dt.timedelta, 1, 86_400.0),
        (
            ValueError,
            "text",
            {"type": f"{__name__}.Hostile", "message": UNPRINTABLE},
        ),
    ],
    ids=str,
)
def test_a_builtin_is_what_it_is_whatever_its_class_says(base, given, expected):
    value = hostile(base)(given)
    assert read(value) == expected
    assert read([value, object]) == [expected, "object"]
    assert read([value, 2**70]) == [expected, 2**70]
    read(value, max_bytes=3)


@pytest.mark.parametrize(
    "base",
    [
        object,
        dt.datetime,
        dt.date,
        dt.time,
        dt.tzinfo,
        pathlib.PurePosixPath,
        collections.UserDict,
        collections.UserList,
        collections.UserString,
        collections.deque,
        Mapping,
        Sequence,
        AbstractSet,
        threading.Thread,
    ],
)
@pytest.mark.parametrize("error", [ValueError, StopIteration, RecursionError])
def test_anything_else_that_breaks_is_described(base, error):
    make = object if base.__module__ == "pathlib" else base
    arguments = (1, 1, 1) if issubclass(base, dt.date) else ()
    value = make.__new__(hostile(base, error), *arguments)
    found = read(value)
    assert found == {"repr": UNPRINTABLE, "type": f"{__name__}.Hostile"}
    assert read({"a": [1, value]}) == {"a": [1, found]}
    for max_bytes in range(1, 80):
        read([value, value], max_bytes=max_bytes)


def test_a_dataclass_keeps_the_fields_that_can_be_read():
    class Refusing:
        def __get__(self, value, kind):
            raise LookupError

        def __set__(self, value, new):
            pass

    @dataclasses.dataclass
    class Solution:
        cost: int
        route: object = None

    Solution.route = Refusing()
    assert read(Solution(1)) == {"cost": 1, "route": "<unreadable: LookupError>"}


def test_a_mock_is_described_and_left_as_it_is():
    value = mock.MagicMock()
    assert read(value)["type"] == "unittest.mock.MagicMock"
    read([value], max_bytes=20)
    assert value.method_calls == []
    assert value._mock_children == {}


def test_an_interrupt_passes_through():
    value = hostile(object, KeyboardInterrupt)()
    for given in (value, [value], {1: value}, {"a": (value,)}):
        with pytest.raises(KeyboardInterrupt):
            to_json(given, max_bytes=1_000)


class Bail(BaseException):
    """What a program may define for itself."""


@pytest.mark.parametrize("stop", [SystemExit, GeneratorExit, Bail])
def test_a_value_that_exits_is_a_note_like_one_that_fails(stop):
    value, failing = hostile(object, stop)(), hostile(object, ValueError)()
    for wrap in (lambda x: x, lambda x: [x], lambda x: {1: x}, lambda x: {"a": (x,)}):
        assert read(wrap(value)) == read(wrap(failing))

    @dataclasses.dataclass
    class Plan:
        cost: int
        route: object = None

    Plan.route = property(fail_with(stop))
    plan = Plan.__new__(Plan)
    plan.__dict__["cost"] = 1
    assert read(plan) == {"cost": 1, "route": f"<unreadable: {type_name(stop)}>"}


def fail_with(stop):
    def fail(self):
        raise stop

    return fail


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="there is no such signal")
@pytest.mark.parametrize("stop", [SystemExit, Bail])
def test_what_a_handler_of_a_signal_raises_passes_through(stop):
    def handle(number, frame):
        raise stop

    class Large:
        def __repr__(self):
            signal.raise_signal(signal.SIGUSR1)
            return "large"

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        with pytest.raises(stop):
            to_json([Large()], max_bytes=1_000)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_the_texts_of_a_value_can_be_of_any_class():
    class Text(str):
        __slots__ = ()

        def _fail(self, *args):
            raise ValueError

        __len__ = __getitem__ = __str__ = __iter__ = isascii = encode = _fail

    class Model:
        def __repr__(self):
            return Text("x" * 5_000 + "\ud800")

    class Refused(Exception):  # noqa: N818 -- not ours to name
        def __str__(self):
            return Text("no \ud800")

    Model.__qualname__ = Text("Model")
    assert read(Model()) == {"repr": "x" * 1_000 + "…", "type": f"{__name__}.Model"}
    assert read(Refused())["message"] == "no \\ud800"


@pytest.mark.parametrize("answer", [None, 5, b"text"])
def test_a_repr_that_is_no_text_is_none(answer):
    class Model:
        def __repr__(self):
            return answer

        __str__ = __repr__

    assert read(Model())["repr"] == UNPRINTABLE


def test_what_refers_to_what_is_gone_is_described():
    class Model:
        pass

    released = memoryview(b"abc")
    released.release()
    found = read([weakref.proxy(Model()), released])
    assert [sorted(one) for one in found] == [["repr", "type"]] * 2


def test_a_buffer_is_free_again():
    for value in (bytearray(b"x" * 100), array.array("b", [1])):
        read(value)
        value.append(2)


def test_a_repr_may_change_what_it_is_in():
    value = [1]

    class Clearing:
        def __repr__(self):
            value.clear()
            return "cleared"

    for other in (2**70, object, "\ud800"):
        value[:] = [Clearing(), other, *range(50)]
        read(value)
        assert value == []


def test_nothing_is_kept_of_what_was_encoded():
    class Model:
        pass

    value = Model()
    gone = weakref.ref(value)
    read([value, {1: value}])
    del value
    assert gone() is None
