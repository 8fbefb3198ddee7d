"""Tables of pandas, polars and pyarrow: an object of their columns."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math

import numpy as np
import pytest

from tests.encode.reading import read

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

DAY = "2024-01-01T00:00:00"


def test_the_columns_of_a_frame_are_lists_and_what_is_missing_is_null():
    frame = pd.DataFrame(
        {
            "stop": ["a", None],
            "demand": [1, 2],
            "cost": [1.5, math.nan],
            "day": pd.to_datetime(["2024-01-01", None]),
            "wait": pd.to_timedelta([1.5, None], unit="s"),
            "kind": pd.Categorical(["x", None]),
            "vehicles": pd.array([3, None], dtype="Int64"),
            "open": pd.array([True, None], dtype="boolean"),
            "zone": pd.to_datetime(["2024-01-01", None], utc=True),
            "month": pd.PeriodIndex(["2024-01", None], freq="M"),
            "window": pd.arrays.IntervalArray.from_tuples([(0, 1), None]),
            "any": [{"a": 1}, dt.date(2024, 1, 1)],
        }
    )
    assert read(frame) == {
        "stop": ["a", None],
        "demand": [1, 2],
        "cost": [1.5, None],
        "day": [DAY, None],
        "wait": [1.5, None],
        "kind": ["x", None],
        "vehicles": [3, None],
        "open": [True, None],
        "zone": ["2024-01-01T00:00:00+00:00", None],
        "month": ["2024-01", None],
        "window": ["(0.0, 1.0]", None],
        "any": [{"a": 1}, "2024-01-01"],
    }


def test_an_index_that_only_counts_is_left_out_and_another_goes_before_the_columns():
    frame = pd.DataFrame({"demand": [1, 2]})
    assert read(frame) == {"demand": [1, 2]}
    assert read(frame.set_index(pd.Index(["a", "b"]))) == {
        "index": ["a", "b"],
        "demand": [1, 2],
    }
    levels = pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["town", "day"])
    assert read(frame.set_index(levels)) == {
        "town": ["a", "a"],
        "day": [1, 2],
        "demand": [1, 2],
    }
    assert read(frame[::-1]) == {"index": [1, 0], "demand": [2, 1]}


def test_columns_of_the_same_name_and_of_several_levels_are_all_there():
    assert read(pd.DataFrame([[1, 2]], columns=["a", "a"])) == {"a": [1], "a (2)": [2]}
    columns = pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])
    frame = pd.DataFrame([[1, 2]], columns=columns)
    assert read(frame) == {'["a",1]': [1], '["a",2]': [2]}
    assert read(pd.DataFrame()) == {}


def test_a_series_is_a_list_or_an_object_by_its_labels():
    assert read(pd.Series([1, 2])) == [1, 2]
    assert read(pd.Series([1.5, None], index=["a", "b"])) == {"a": 1.5, "b": None}
    assert read(pd.Index(["a", "b"])) == ["a", "b"]
    assert read(pd.MultiIndex.from_tuples([("a", 1)])) == [["a", 1]]
    assert read(pd.array([1, None], dtype="Int64")) == [1, None]


def test_the_scalars_of_pandas_are_texts_numbers_and_null():
    moment, missing = pd.Timestamp("2024-01-01"), [pd.NaT, pd.NA]
    assert read([moment, pd.Timedelta(1, "s"), pd.Period("2024-01"), *missing]) == [
        "2024-01-01T00:00:00",
        1.0,
        "2024-01",
        None,
        None,
    ]


COLUMNS = {
    "stop": ["a", None],
    "demand": [1, 2],
    "cost": [1.5, None],
    "day": [dt.date(2024, 1, 1), None],
    "route": [[1], [2, 3]],
}
READ = {**COLUMNS, "day": ["2024-01-01", None]}


def test_tables_of_polars_and_of_arrow_are_the_same_object():
    arrow = pa.table(COLUMNS)
    assert read(pl.DataFrame(COLUMNS)) == READ
    assert read(arrow) == READ
    assert read(arrow.to_batches()[0]) == READ


def test_their_columns_are_lists():
    frame, arrow = pl.DataFrame(COLUMNS), pa.table(COLUMNS)
    assert read([frame["demand"], frame["cost"]]) == [[1, 2], [1.5, None]]
    assert read([arrow["demand"], arrow["cost"].chunk(0)]) == [[1, 2], [1.5, None]]
    assert read(arrow["demand"][0]) == 1
    assert read(pl.Series([1.5]).cast(pl.Decimal(10, 2))) == [1.5]


def test_a_query_that_has_not_run_is_not_run():
    asked = []
    query = pl.DataFrame({"a": [1]}).lazy().map_batches(asked.append)
    assert read(query)["type"] == "polars.lazyframe.frame.LazyFrame"
    assert asked == []


ROWS = 100_000
NUMBERS = np.arange(2 * ROWS, dtype="f8").reshape(ROWS, 2)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (pd.DataFrame(NUMBERS, columns=["x", "y"]), {"x": "float64", "y": "float64"}),
        (pl.DataFrame(NUMBERS, schema=["x", "y"]), {"x": "Float64", "y": "Float64"}),
        (
            pa.table({"x": NUMBERS[:, 0], "y": NUMBERS[:, 1]}),
            {"x": "double", "y": "double"},
        ),
    ],
    ids=["pandas", "polars", "pyarrow"],
)
def test_a_table_that_is_too_large_becomes_its_shape_its_columns_and_its_head(
    table, columns
):
    told = read(table, max_bytes=10_000)
    assert (told["truncated"], told["shape"], told["columns"]) == (
        True,
        [ROWS, 2],
        columns,
    )
    assert told["head"].startswith('{"x":[0.0,2.0,4.0')


def test_what_holds_a_table_that_is_too_large_is_told_by_its_parts():
    @dataclasses.dataclass
    class Problem:
        stops: object
        vehicles: int

    table = pd.DataFrame(NUMBERS, columns=["x", "y"])
    parts = {
        "stops": {
            "type": "pandas.DataFrame",
            "shape": [ROWS, 2],
            "columns": {"x": "float64", "y": "float64"},
        },
        "vehicles": {"type": "int"},
    }
    for value in (Problem(table, 3), {"stops": table, "vehicles": 3}):
        told = read(value, max_bytes=10_000)
        assert (told["truncated"], told["head"]) == (True, None)
        parts["stops"]["type"] = told["parts"]["stops"]["type"]  # older ones say more
        assert told["parts"] == parts


def test_labels_of_a_series_of_any_numbers():
    for dtype in ("f4", "f8", "i8", "?", "M8[ns]"):
        items = np.array([1, 0], dtype=dtype)
        labelled, plain = pd.Series(items, index=["a", "b"]), pd.Series(items)
        assert list(read(labelled).values()) == read(plain)


def test_a_column_that_is_too_large_becomes_its_length_its_type_and_its_head():
    for column in (
        pd.Series(NUMBERS[:, 0]),
        pl.Series(NUMBERS[:, 0]),
        pa.array(NUMBERS[:, 0]),
    ):
        told = read(column, max_bytes=10_000)
        assert told["length"] == ROWS
        assert told["dtype"] in {"float64", "Float64", "double"}
        assert told["head"].startswith("[0.0,2.0,4.0")


def test_the_value_stays_as_it_is():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    before = frame.copy(deep=True)
    read(frame)
    pd.testing.assert_frame_equal(frame, before)
