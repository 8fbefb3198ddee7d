"""Arrays and columns that are certain to be too large: nothing of them is converted."""

from __future__ import annotations

import datetime as dt
import json
import tracemalloc

import numpy as np
import pytest

from nextmv_autotrack.encode import is_summary, rows, to_json
from tests.encode.reading import read

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

COUNT = 5_000_000
# Not too many items for it by themselves, when each is taken for the shortest there is.
MAX_BYTES = 60_000_000


def zeros(dtype, shape=(COUNT,)):
    """Return an array without memory: it is one item, again and again."""
    return np.broadcast_to(np.zeros(1, dtype), shape)


TOO_LARGE = {
    **{
        dtype: lambda dtype=dtype: zeros(dtype)
        for dtype in ("M8[D]", "M8[s]", "M8[us]", "M8[ns]", "M8[m]", "M8[h]")
    },
    "M8[ns] in two dimensions": lambda: zeros("M8[ns]", (COUNT // 10, 10)),
    "complex64": lambda: zeros("c8"),
    "complex128": lambda: zeros("c16"),
    "U": lambda: np.broadcast_to(np.array(["x" * 20]), (COUNT,)),
    "S": lambda: np.broadcast_to(np.array([b"x" * 20]), (COUNT,)),
    "pandas moments": lambda: pd.DataFrame({"a": zeros("M8[ns]")}, copy=False),
    "pandas with a zone": lambda: pd.Series(
        pd.DatetimeIndex(np.zeros(COUNT, "M8[ns]")).tz_localize("UTC")
    ),
    "polars moments": lambda: pl.Series(np.zeros(COUNT, "M8[us]")),
    "polars with a zone": lambda: pl.Series(
        np.zeros(COUNT, "M8[us]")
    ).dt.replace_time_zone("UTC"),
    "polars dates": lambda: pl.Series(np.zeros(COUNT, "M8[D]")),
    "polars lists": pl.Series(np.zeros((COUNT, 7), "i1")).arr.to_list,
    "arrow moments": lambda: pa.array(np.zeros(COUNT, "M8[us]")),
    "arrow dates": lambda: pa.array(np.zeros(COUNT, "M8[D]")),
}


@pytest.mark.parametrize("kind", TOO_LARGE)
def test_what_is_sure_to_be_too_large_is_not_converted(kind):
    value = TOO_LARGE[kind]()
    to_json(value[:1], max_bytes=1_000)  # what is imported once is
    tracemalloc.start()
    body = to_json(value, max_bytes=MAX_BYTES)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert is_summary(body)
    # A conversion takes a hundred bytes an item; a look at each, eight.
    assert peak < 12 * COUNT


def missing(dtype):
    return np.full(1_000, "NaT", dtype)


@pytest.mark.parametrize(
    "value",
    [
        missing("M8[ns]"),
        missing("m8[s]"),
        np.full(1_000, "NaT", "M8"),
        np.zeros(1_000, "m8[M]"),
        np.zeros(1_000, "M8[Y]"),
        np.zeros(1_000, "M8[W]"),
        np.zeros(1_000, "c8"),
        np.full(1_000, ""),
        np.ma.masked_all(1_000, "M8[s]"),
        np.ma.masked_all(1_000, "c16"),
        pd.Series(missing("M8[ns]")),
        pd.Series(missing("M8[ns]")).dt.tz_localize("UTC"),
        pd.Series(range(1_000), index=[""] * 1_000),
        pl.Series([None] * 1_000, dtype=pl.Datetime("us", "UTC")),
        pl.Series([None] * 1_000, dtype=pl.List(pl.Int8)),
        pl.Series([[], [1]] * 500),
        pl.Series([None] * 1_000, dtype=pl.Date),
        pa.array([None] * 1_000, pa.timestamp("s")),
        pa.array([None] * 1_000, pa.date32()),
    ],
)
def test_what_just_fits_is_whole(value):
    whole = to_json(value, max_bytes=10**6)
    assert not is_summary(whole)
    assert to_json(value, max_bytes=len(whole)) == whole


COLUMNS = {
    "moments": np.arange(25).astype("M8[s]"),
    "texts": np.arange(25).astype("U2"),
    "pandas": pd.Series([1, None, 3] * 8, dtype="Int64"),
    "pandas with a zone": pd.Series(pd.date_range("2020", periods=25, tz="UTC")),
    "polars texts": pl.Series(["a", None] * 12),
    "polars lists": pl.Series([[1, 2], [], None] * 8),
    "polars dates in lists": pl.Series([[dt.date(2020, 1, 1)]] * 25),
    "arrow texts": pa.chunked_array([["a", "b"] * 6, [None] * 13]),
    "arrow lists": pa.array([[1, 2], [], None] * 8),
    "none": pl.Series([], dtype=pl.String),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_pieces_make_the_same_json_as_the_whole(kind, monkeypatch):
    whole = to_json(COLUMNS[kind], max_bytes=10**6)
    monkeypatch.setattr(rows, "ROWS_OF_A_PIECE", 7)
    assert to_json(COLUMNS[kind], max_bytes=10**6) == whole


def test_a_column_that_takes_too_long_is_cut_short(monkeypatch):
    monkeypatch.setattr(rows, "ROWS_OF_A_PIECE", 10)
    now = [0]

    def now_ns():
        now[0] += 4 * 10**9
        return now[0]

    losses = []
    body = to_json(
        pl.Series(["a"] * 100), max_bytes=10**6, now_ns=now_ns, losses=losses
    )
    found = json.loads(body)
    assert found[-1] == f"<cut: {101 - len(found)} more>"
    assert set(found[:-1]) == {"a"}
    assert losses[0].startswith("has parts left out")


def test_durations_are_seconds_and_null():
    value = np.array([1_500, "NaT", -2_000], "m8[ms]")
    assert read(value) == [1.5, None, -2.0]
    assert read(value.reshape(3, 1)) == [[1.5], [None], [-2.0]]
