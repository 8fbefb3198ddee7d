"""Tables of any numbers, texts and missing values come back as they were."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.encode.reading import read

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

ROWS = 5


def _column(items: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.none() | items, min_size=ROWS, max_size=ROWS)


COLUMNS = st.dictionaries(
    st.text(max_size=5),
    st.one_of(
        _column(st.integers(-(2**63), 2**63 - 1)),
        _column(st.floats(allow_nan=False, allow_infinity=False)),
        _column(st.booleans()),
        _column(st.text(max_size=5)),
        _column(st.lists(st.integers(0, 9), max_size=2)),
    ),
    max_size=4,
)


@given(COLUMNS)
def test_a_table_of_polars_comes_back(columns):
    frame = pl.DataFrame(columns, strict=False)
    assert pl.DataFrame(read(frame), schema=frame.schema).equals(frame)


@given(COLUMNS)
def test_a_table_of_arrow_comes_back(columns):
    table = pa.table(columns)
    assert pa.table(read(table), schema=table.schema).equals(table)


@given(COLUMNS)
def test_a_table_of_pandas_has_the_items_it_was_made_of(columns):
    typed = {name: pd.Series(items, dtype=object) for name, items in columns.items()}
    assert read(pd.DataFrame(typed)) == columns
    whole = {n: c for n, c in columns.items() if None not in c}
    assert read(pd.DataFrame(whole)) == whole


@given(
    st.lists(
        st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)),  # noqa: DTZ001 -- as clocks show it
        min_size=1,
        max_size=ROWS,
    ),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"]),
)
def test_moments_with_a_zone_are_the_same_moments_in_all_libraries(moments, zone):
    utc = [moment.replace(tzinfo=dt.timezone.utc) for moment in moments]
    kind = pa.timestamp("us", tz=zone)
    columns = [
        pd.Series(utc).dt.tz_convert(zone),
        pl.Series(utc).dt.convert_time_zone(zone),
        pa.array(utc, type=kind),
    ]
    for column in columns:
        assert [_moment(text) for text in read(column)] == utc


def _moment(text: str) -> dt.datetime:
    # Nanoseconds, which it was not made of, have no place in a datetime.
    return dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
