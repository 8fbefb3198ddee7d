"""numpy's arrays and scalars, of every type and layout."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from nextmv_autotrack.encode import to_json
from tests.encode.reading import read

INTEGERS = "bBhHiIlLqQ"
FLOATS = "efdg"


@pytest.mark.parametrize("code", [*INTEGERS, *FLOATS, "?"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_are_lists_in_either_order_of_bytes(code, order):
    dtype = np.dtype(code).newbyteorder(order)
    value = np.array([[1, 0], [0, 1]], dtype=dtype)
    assert read(value) == [[1, 0], [0, 1]]
    assert read({"a": [value, object]}) == {"a": [[[1, 0], [0, 1]], "object"]}


@pytest.mark.parametrize("code", [*INTEGERS, *FLOATS, "?"])
def test_a_scalar_is_as_the_item_of_an_array(code):
    scalar = np.dtype(code).type(1)
    assert read([scalar]) == read(np.array([scalar])) == [1]
    assert read(scalar) == read(np.array(scalar)) == 1


@pytest.mark.parametrize("code", INTEGERS)
def test_the_least_and_the_most_of_a_type_of_integers_are_exact(code):
    limits = np.iinfo(code)
    value = np.array([limits.min, limits.max], dtype=code)
    assert read(value) == read(list(value)) == [limits.min, limits.max]


def test_booleans_are_booleans():
    assert to_json(np.array([True, False]), max_bytes=100) == b"[true,false]"
    assert to_json([np.True_, np.False_], max_bytes=100) == b"[true,false]"


@pytest.mark.parametrize("code", FLOATS)
def test_what_is_no_number_is_null(code):
    value = np.array([math.nan, math.inf, -math.inf, 0.5], dtype=code)
    assert read(value) == read(list(value)) == [None, None, None, 0.5]


def test_a_float_has_no_more_digits_than_its_type():
    assert read([np.float32(0.1), np.array([0.1], dtype="f4")]) == [0.1, [0.1]]
    assert read([np.float64(0.1), np.array([0.1])]) == [0.1, [0.1]]
    assert read(np.float16(0.1)) == read(np.array([0.1], dtype="f2"))[0]


def test_what_is_too_large_for_a_double_is_null_without_a_warning():
    huge = np.longdouble("1e400")
    if math.isinf(huge):  # where a long double is a double
        return
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert read([huge, np.array([huge, -huge])]) == [None, [None, None]]
        assert read(np.clongdouble(huge)) == {"real": None, "imag": 0.0}
    assert seen == []


@pytest.mark.parametrize("code", "FDG")
def test_complex_numbers_are_objects(code):
    value = np.array([1 + 2j, complex(0.5, math.inf)], dtype=code)
    assert (
        read(value)
        == read(list(value))
        == [{"real": 1.0, "imag": 2.0}, {"real": 0.5, "imag": None}]
    )
    tenth = np.array([0.1], dtype=code)
    assert read(tenth[0]) == read(tenth)[0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.array(["a", "é\ud800"]), ["a", "é\\ud800"]),
        (np.array([b"a", b"\xff"]), ["a", {"base64": "/w=="}]),
        (np.array([1, "a", None, [2]], dtype=object), [1, "a", None, [2]]),
        (np.array([{"a": np.int8(1)}]), [{"a": 1}]),
        (np.array([np.void(b"ab")]), ["ab"]),
    ],
    ids=["texts", "bytes", "objects", "dicts", "void"],
)
def test_other_items_have_their_own_form(value, expected):
    assert read(value) == expected
    assert read(value[0]) == expected[0]
    assert read(np.array([value, None], dtype=object)[:1]) == [expected]


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("M8[Y]", "1971"),
        ("M8[M]", "1970-02"),
        ("M8[W]", "1970-01-08"),
        ("M8[D]", "1970-01-02"),
        ("M8[h]", "1970-01-01T01"),
        ("M8[s]", "1970-01-01T00:00:01"),
        ("M8[ms]", "1970-01-01T00:00:00.001"),
        ("M8[ns]", "1970-01-01T00:00:00.000000001"),
        ("M8[as]", "1970-01-01T00:00:00.000000000000000001"),
        ("m8[Y]", 1),
        ("m8[M]", 1),
        ("m8[W]", 604_800.0),
        ("m8[D]", 86_400.0),
        ("m8[h]", 3_600.0),
        ("m8[m]", 60.0),
        ("m8[s]", 1.0),
        ("m8[25s]", 25.0),
        ("m8[ms]", 1e-3),
        ("m8[us]", 1e-6),
        ("m8[ns]", 1e-9),
        ("m8[ps]", 1e-12),
        ("m8[fs]", 1e-15),
        ("m8[as]", 1e-18),
    ],
)
def test_moments_are_iso_texts_and_durations_seconds(dtype, expected):
    for order in "<>":
        value = np.array([[1, "NaT"]], dtype=np.dtype(dtype).newbyteorder(order))
        assert read(value) == [[expected, None]]
        assert read([*value[0], value[0, 0].reshape(())]) == [expected, None, expected]
        assert read(np.ma.array(value, mask=[[1, 0]])) == [[None, None]]
        assert read(np.ma.array(value, mask=[[0, 1]])) == [[expected, None]]


def test_durations_too_long_for_an_integer_of_seconds_are_numbers():
    assert read(np.array([2**60], dtype="m8[W]")) == [2**60 * 604_800.0]


RECORDS = np.array(
    [(1, 2.5, "x", [1, 2], (3, True)), (2, math.nan, "é", [3, 4], (5, False))],
    dtype=[
        ("id", "i4"),
        ("cost", ">f8"),
        ("name", "U3"),
        ("at", "i2", (2,)),
        ("in", [("a", "u1"), ("b", "?")]),
    ],
)
OBJECTS = [
    {"id": 1, "cost": 2.5, "name": "x", "at": [1, 2], "in": {"a": 3, "b": True}},
    {"id": 2, "cost": None, "name": "é", "at": [3, 4], "in": {"a": 5, "b": False}},
]


def test_a_structured_array_has_an_object_an_item():
    assert read(RECORDS) == OBJECTS
    assert read(RECORDS[1]) == OBJECTS[1]
    assert read(RECORDS[1:].reshape(())) == OBJECTS[1]
    assert read(RECORDS.reshape(2, 1)) == [OBJECTS[:1], OBJECTS[1:]]
    assert read(RECORDS.view(np.recarray)) == OBJECTS
    assert read(RECORDS.view(np.recarray)[0]) == OBJECTS[0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.ma.array([1, 2, 3], mask=[0, 1, 0]), [1, None, 3]),
        (np.ma.array([1.5, math.nan], mask=[0, 0]), [1.5, None]),
        (np.ma.array([[1, 2], [3, 4]], mask=[[0, 1], [1, 0]]), [[1, None], [None, 4]]),
        (np.ma.array(["a", "b"], mask=[1, 0]), [None, "b"]),
        (np.ma.array([1j, 2], mask=[0, 1]), [{"real": 0.0, "imag": 1.0}, None]),
        (np.ma.array(5, mask=True), None),
        (np.ma.array(5), 5),
        (np.ma.masked, None),
    ],
    ids=repr,
)
def test_what_is_masked_is_null(value, expected):
    assert read(value) == expected


def test_a_masked_structured_array_has_an_object_an_item():
    value = np.ma.array([(1, 2.5)], mask=[(0, 1)], dtype=[("a", "i4"), ("b", "f4")])
    assert read(value) == [{"a": 1, "b": None}]
    assert read(value[0]) == {"a": 1, "b": None}


GRID = np.arange(12).reshape(3, 4)


@pytest.mark.parametrize(
    "value",
    [
        np.asfortranarray(GRID),
        GRID[::2, ::-1],
        GRID.T,
        GRID[:, 1:3],
        (GRID > 5).T,
        GRID.astype(">f4").T,
        np.broadcast_to(np.arange(3), (2, 3)),
        np.lib.stride_tricks.sliding_window_view(np.arange(5), 2),
        GRID.astype(object).T,
    ],
    ids=[
        "by column",
        "backwards",
        "transposed",
        "part",
        "booleans",
        "big-endian",
        "repeated",
        "overlapping",
        "objects",
    ],
)
def test_the_layout_in_memory_does_not_matter(value):
    value.setflags(write=False)
    assert read(value) == value.tolist()


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3)], ids=str)
@pytest.mark.parametrize("dtype", ["f8", "?", "U3", "O", "c8", "M8[s]", "m8[s]"])
def test_an_empty_array_keeps_its_outer_shape(shape, dtype):
    assert read(np.empty(shape, dtype=dtype)) == np.empty(shape).tolist()


def test_an_array_of_objects_may_hold_itself():
    one = np.empty(2, dtype=object)
    one[0] = one
    assert read(one) == ["<cycle>", None]
    one = np.empty((), dtype=object)
    one[()] = one
    assert read(one)["type"] == "numpy.ndarray"
    one[()] = {"a": 1}
    assert read(one) == {"a": 1}


def test_numpy_values_can_be_keys():
    value = {
        np.int64(1): 0,
        (np.int64(1), np.str_("a")): 1,
        np.float64(0.5): 2,
        np.str_("k"): 3,
        np.datetime64("2020-01-01"): 4,
    }
    assert list(read(value)) == ["1", '[1,"a"]', "0.5", "k", "2020-01-01"]


@pytest.mark.parametrize(
    ("value", "head"),
    [
        (np.arange(10_000), "[0,1,2,3,4,5,6,7,8,9]"),
        (np.zeros((100, 100), dtype="f2"), "[0.0,0.0,"),
        (np.array(["abc"] * 2_000), '["abc",'),
        (np.array([{"a": 1}] * 2_000), '[{"a":1},'),
        (np.array([1] * 2_000, dtype="M8[D]"), '["1970-01-02",'),
        (np.zeros(2_000, dtype=[("a", "i4")]), '[{"a":0},'),
        (np.ma.zeros(3_000), "[0.0,"),
        (np.broadcast_to(np.int8(1), (10**6, 10**6)), "[1,1,"),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")),
)
def test_what_is_over_the_bound_has_its_shape_and_its_head(value, head):
    found = read(value, max_bytes=1_024)
    assert found["truncated"] is True
    assert found["shape"] == list(value.shape)
    assert found["dtype"] == str(value.dtype)
    assert found["head"].startswith(head)
    read([value, value], max_bytes=1_024)


def test_an_array_whose_class_breaks_everything_is_its_numbers():
    class Broken(np.ndarray):
        def _fail(self, *args, **kwargs):
            raise ValueError

        __getitem__ = __iter__ = __len__ = __array__ = tolist = item = _fail

    for items in ([1, 2], ["a", "b"], [None, 1]):
        assert read(np.array(items).view(Broken)) == items


@pytest.mark.parametrize(
    "value",
    [np.dtype("i4"), np.add, GRID.flat, np.random.default_rng(0), np.nditer(GRID)],
    ids=lambda value: type(value).__name__,
)
def test_other_things_of_numpy_are_described(value):
    assert set(read(value)) == {"repr", "type"}
    assert read(value)["type"].startswith("numpy.")
