"""Metrics by one name each, and what they lose for that."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmv_autotrack.encode import to_json
from nextmv_autotrack.encode.flat_metrics import (
    MAX_DEPTH,
    MAX_METRICS,
    MAX_TEXT_CHARS,
    FlatMetrics,
    finite,
    is_flat,
)

np = pytest.importorskip("numpy", exc_type=ImportError)

SCALARS = (str, int, float, bool, type(None))


class Color(Enum):
    RED = "red"


@dataclass
class Gap:
    relative: float
    absolute: float | None


def flat(metrics):
    made = FlatMetrics(metrics)
    return made.found, made.notes


def test_what_is_flat_stays_what_it_is():
    metrics = {"value": 1.5, "nodes": 3, "status": "optimal", "proved": True, "n": None}
    assert is_flat(metrics)
    assert flat(metrics) == (metrics, [])


def test_metrics_inside_others_have_names_with_dots():
    found, notes = flat({"solver": {"gap": 0.1, "cuts": {"gomory": 3}}, "value": 7})
    assert found == {"solver.gap": 0.1, "solver.cuts.gomory": 3, "value": 7}
    assert notes == []


@pytest.mark.parametrize(
    "metrics",
    [
        {"solver.gap": "mine", "solver": {"gap": "inner"}},
        {"solver": {"gap": "inner"}, "solver.gap": "mine"},
    ],
    ids=["given first", "given last"],
)
def test_a_name_that_is_given_is_never_taken_by_one_that_is_made(metrics):
    found, _ = flat(metrics)
    assert found == {"solver.gap": "mine", "solver.gap (2)": "inner"}


def test_names_that_become_the_same_text_stay_apart():
    assert flat({1: "a", "1": "b", (1, 2): "c"})[0] == {
        "1": "a",
        "1 (2)": "b",
        "[1,2]": "c",
    }


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (np.float64(1.5), 1.5),
        (np.float32(0.1), 0.1),
        (np.int64(7), 7),
        (np.bool_(True), True),  # noqa: FBT003 -- numpy's own
        (np.array(3), 3),
        (Decimal("0.25"), 0.25),
        (Fraction(1, 4), 0.25),
        (timedelta(minutes=1), 60.0),
        (Color.RED, "red"),
        (2**70, 2**70),
    ],
    ids=repr,
)
def test_numbers_of_any_library_are_numbers(value, number):
    assert flat({"n": value}) == ({"n": number}, [])


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        np.float64("nan"),
        np.float32("inf"),
        Decimal("NaN"),
    ],
    ids=lambda value: f"{type(value).__name__} {value}",
)
def test_what_is_not_finite_is_left_out_and_named(value):
    assert not is_flat({"gap": value})
    found, notes = flat({"gap": value, "value": 1, "solver": {"bound": value}})
    assert found == {"value": 1}
    assert notes == [
        "metric 'gap' is left out: it is not a finite number",
        "metric 'solver.bound' is left out: it is not a finite number",
    ]


def test_a_list_is_kept_as_its_text_and_a_long_one_left_out():
    found, notes = flat({"used": [1, 2], "all": np.arange(2000), "set": {3}})
    assert found == {"used": "[1,2]", "set": "[3]"}
    assert len(notes) == 3
    assert "'used' is a list" in notes[0]
    assert "'all' is left out: it is a long list" in notes[1]


def test_a_record_is_the_metrics_in_it():
    found, notes = flat({"gap": Gap(0.1, None), "size": complex(1, 2)})
    assert found == {
        "gap.relative": 0.1,
        "gap.absolute": None,
        "size.real": 1.0,
        "size.imag": 2.0,
    }
    assert notes == []


def test_what_is_neither_number_nor_text_is_left_out():
    found, notes = flat({"model": object(), "text": "x" * (MAX_TEXT_CHARS + 1)})
    assert found == {}
    assert notes == [
        "metric 'model' is left out: object is neither a number nor a text",
        f"metric 'text' is left out: a text of {MAX_TEXT_CHARS + 1} characters is none",
    ]


def test_metrics_in_themselves_and_too_many_of_them_end():
    inside: dict[str, object] = {"value": 1}
    inside["again"] = inside
    found, notes = flat(inside)
    assert found["value"] == 1
    assert any("too deep" in note for note in notes)
    found, notes = flat({"a": {number: number for number in range(MAX_METRICS * 3)}})
    assert len(found) == MAX_METRICS
    assert "too many" in notes[-1]


@pytest.mark.parametrize("value", [10**400, -(10**400), 10**5000], ids=["+", "-", "5k"])
def test_an_integer_that_no_reader_has_a_number_for_is_left_out(value):
    assert not is_flat({"bound": value})
    note = "metric 'bound' is left out: it is too large for a number"
    assert flat({"bound": value, "value": 10**300}) == ({"value": 10**300}, [note])
    assert finite({"bound": value, "value": 10**300}) == ({"value": 10**300}, [note])


@pytest.mark.parametrize("empty", [{}, OrderedDict()], ids=repr)
def test_metrics_that_hold_none_are_named(empty):
    note = "metric 'solver' is left out: there is none in it"
    assert flat({"solver": empty, "value": 1}) == ({"value": 1}, [note])


def test_a_value_that_raises_costs_itself_only():
    class Broken(dict):
        def items(self):
            raise RuntimeError("no")

    found, notes = flat({"broken": Broken(a=1), "value": 1})
    assert found == {"value": 1}
    assert notes == ["metric 'broken' is left out: RuntimeError while it was read"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=5))
def test_whatever_the_metrics_are_flat_ones_come_out_and_they_stay_as_they_are(metrics):
    before = repr(metrics)
    found, notes = flat(metrics)
    assert repr(metrics) == before
    assert is_flat(found)
    read = json.loads(to_json(found, max_bytes=1_000_000))
    assert all(isinstance(value, SCALARS) for value in read.values())
    assert len(read) == len(found)
    for name, value in metrics.items():
        if isinstance(value, SCALARS):
            is_kept = not isinstance(value, float) or math.isfinite(value)
            assert (name in found) == is_kept
            assert is_kept or any(repr(name) in note for note in notes)


def test_metrics_of_a_document_lose_only_what_is_not_finite():
    metrics = {
        "solver": {"gap": math.inf, "cuts": 3, "bounds": [1, 2]},
        "value": np.float64("nan"),
        "n": np.int64(3),
        "parts": OrderedDict(gap=math.nan, cuts=4),
        "gaps": [1.5, math.nan],
    }
    found, notes = finite(metrics)
    assert found["gaps"][0] == 1.5
    del found["gaps"]
    assert found == {
        "solver": {"cuts": 3, "bounds": [1, 2]},
        "n": 3,
        "parts": {"cuts": 4},
    }
    assert notes == [
        "metric 'solver.gap' is left out: it is not a finite number",
        "metric 'value' is left out: it is not a finite number",
        "metric 'parts.gap' is left out: it is not a finite number",
        "metric 'gaps' has null where a number was not finite",
    ]


def test_metrics_of_a_document_may_be_in_themselves():
    metrics: dict[str, object] = {}
    metrics["again"] = metrics
    found, _ = finite(metrics)
    for _ in range(MAX_DEPTH):
        found = found["again"]
    assert "again" in found
