"""Options as texts."""

from __future__ import annotations

import enum
import math
from datetime import date
from decimal import Decimal
from pathlib import PurePosixPath

import pytest

from nextmv_autotrack.encode.option_texts import option_texts


class Speed(enum.Enum):
    FAST = "fast"


class Level(str, enum.Enum):
    HIGH = "high"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Speed.FAST, "fast"),
        (Level.HIGH, "high"),
        (PurePosixPath("/data/x"), "/data/x"),
        (date(2026, 1, 2), "2026-01-02"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (Decimal("Infinity"), "Infinity"),
        (Decimal("1.10"), "1.10"),
        (None, "null"),
        (True, "true"),
        (0.25, "0.25"),
        ((1, 2), "[1,2]"),
        ("", ""),
        ("null", "null"),
        ("1\n2", "1\n2"),
        ('say "hi"', 'say "hi"'),
        ("\ud800", "\\ud800"),
    ],
    ids=repr,
)
def test_an_option_is_the_text_that_a_person_would_write(value, text):
    notes: list[str] = []
    assert option_texts({"o": value}, notes) == {"o": text}
    assert notes == []


def test_names_that_become_the_same_text_keep_their_own_values():
    found = option_texts({1: "a", "1": "b", None: "c", "null": "d", "z": "e"})
    assert list(found.values()) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(("count", "chars"), [(90_000, 10), (5, 300_000)])
def test_names_without_room_are_left_out_and_no_value_gets_the_name_of_another(
    count, chars
):
    given = {f"{number:0{chars}}": number for number in range(count)}
    notes: list[str] = []
    found = option_texts(given, notes)
    assert 0 < len(found) < count
    assert all((name.lstrip("0") or "0") == value for name, value in found.items())
    (note,) = notes
    assert note.startswith(f"{count - len(found)} options are left out: the names")


def test_a_value_without_room_says_so():
    notes: list[str] = []
    found = option_texts({"text": "x" * 20_000, "limit": 5}, notes)
    assert found["limit"] == "5"
    assert '"truncated":true' in found["text"]
    assert notes == ["option 'text' is not whole: it has more than 10,000 bytes"]
