"""Values of Python's own library that have a text, a number or a name in JSON."""

from __future__ import annotations

import array
import collections
import datetime as dt
import decimal
import fractions
import math
import operator
import pathlib
import uuid
import zoneinfo

import pytest

from nextmv_autotrack.encode import to_json
from tests.encode.reading import read

UTC = dt.timezone.utc
FIVE_HOURS = dt.timezone(dt.timedelta(hours=-5, minutes=-30))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (dt.datetime(2020, 1, 2, 3, 4, 5, 6, UTC), "2020-01-02T03:04:05.000006+00:00"),
        (dt.datetime(1, 1, 1, tzinfo=FIVE_HOURS), "0001-01-01T00:00:00-05:30"),
        (dt.datetime(2020, 1, 2, 3, 4), "2020-01-02T03:04:00"),  # noqa: DTZ001 -- a naive one is meant
        (
            dt.datetime(2020, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
            "2020-07-01T00:00:00+02:00",
        ),
        (dt.date(2020, 1, 2), "2020-01-02"),
        (dt.time(3, 4, 5), "03:04:05"),
        (dt.time(3, tzinfo=FIVE_HOURS), "03:00:00-05:30"),
        (dt.timedelta(days=1, milliseconds=5), 86400.005),
        (dt.timedelta(-1), -86400.0),
        (UTC, "UTC"),
        (FIVE_HOURS, "UTC-05:30"),
        (zoneinfo.ZoneInfo("Europe/Berlin"), "Europe/Berlin"),
        (fractions.Fraction(1, -3), "-1/3"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        (pathlib.PureWindowsPath("c:/b"), "c:\\b"),
        (pathlib.Path("a\udcff"), "a\\udcff"),
        (1 + 2j, {"real": 1.0, "imag": 2.0}),
        (complex(math.nan, math.inf), {"real": None, "imag": None}),
        (collections.UserString("text"), "text"),
    ],
    ids=ascii,
)
def test_what_has_a_usual_text_or_number_is_that(value, expected):
    assert read(value) == expected
    assert read([value, {"a": value}]) == [expected, {"a": expected}]


@pytest.mark.parametrize(
    ("digits", "written"),
    [
        ("0.10", b"0.10"),
        ("-12345678901234567890.123456789", b"-12345678901234567890.123456789"),
        ("1E+5", b"1E+5"),
        ("1E-999999", b"1E-999999"),
        ("9E+307", b"9E+307"),
        ("-0", b"-0"),
        ("NaN", b"null"),
        ("sNaN", b"null"),
        ("-Infinity", b"null"),
        ("1E+308", b'"1E+308"'),
        ("-1E+999999", b'"-1E+999999"'),
    ],
)
def test_a_decimal_keeps_all_its_digits(digits, written):
    value = decimal.Decimal(digits)
    assert to_json(value, max_bytes=100) == written
    assert to_json({"a": (value,)}, max_bytes=100) == b'{"a":[%b]}' % written
    read(value)


def test_a_decimal_of_very_many_digits_is_cut():
    assert read(decimal.Decimal("1" * 5_000)) == "1" * 1_000 + "…"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ""),
        ("tëxt".encode(), "tëxt"),
        (b"\xff\x00", {"base64": "/wA="}),
        ("\ud800".encode("utf-8", "surrogatepass"), {"base64": "7aCA"}),
    ],
)
def test_bytes_are_text_when_they_are_utf_8(kind, content, expected):
    assert read(kind(content)) == expected


def test_a_memoryview_may_have_gaps_items_and_dimensions():
    assert read(memoryview(b"abcdef")[::2]) == "ace"
    assert read(memoryview(array.array("h", [97, 98]))) == "a\x00b\x00"
    assert read(memoryview(b"abcd").cast("B", (2, 2))) == "abcd"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ValueError("no vehicles"), ["ValueError", "no vehicles"]),
        (KeyError("a"), ["KeyError", "'a'"]),
        (decimal.Inexact(), ["decimal.Inexact", ""]),
        (KeyboardInterrupt(), ["KeyboardInterrupt", ""]),
        (OSError("\udcff"), ["OSError", "\\udcff"]),
        (RuntimeError("x" * 5_000), ["RuntimeError", "x" * 1_000 + "…"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_exception_is_its_type_and_message(value, expected):
    assert read(value) == dict(zip(["type", "message"], expected, strict=True))


class Model:
    def solve(self):
        pass


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (int, "int"),
        (collections.OrderedDict, "collections.OrderedDict"),
        (Model, f"{__name__}.Model"),
        (Model.solve, f"{__name__}.Model.solve"),
        (len, "len"),
        ([].append, "list.append"),
        (operator.add, "_operator.add"),
        ("".join, "str.join"),
        ((1).__add__, "int.__add__"),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_a_class_or_a_function_is_its_qualified_name(value, expected):
    assert read(value) == expected


def test_a_method_is_named_like_its_function():
    assert read([Model().solve, (1).__add__]) == read([Model.solve, int.__add__])
