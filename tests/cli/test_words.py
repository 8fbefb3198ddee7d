from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmv_autotrack.cli import words
from nextmv_autotrack.ids import new_id_source

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.0, "0 us"),
        (9.4e-6, "9 us"),
        (0.0123, "12.3 ms"),
        (0.35, "0.35 s"),
        (12.34, "12.3 s"),
        (245.0, "4 min 05 s"),
        (7_380.0, "2 h 03 min"),
    ],
)
def test_a_duration_has_the_detail_that_has_meaning(seconds, text):
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (-5, "0 s ago"),
        (42, "42 s ago"),
        (200, "3 min ago"),
        (5 * 3600, "5 h ago"),
        (86_400, "1 day ago"),
        (3 * 86_400, "3 days ago"),
    ],
)
def test_an_age_is_as_people_say_it(passed, text):
    assert words.age(NOW - passed, NOW) == text


def test_what_is_older_than_a_week_has_a_date():
    assert words.age(NOW - 30 * 86_400, NOW).startswith("2026-")


@pytest.mark.parametrize(
    ("count", "text"), [(12, "12 bytes"), (12_300, "12.3 kB"), (4_560_000, "4.6 MB")]
)
def test_a_size_has_a_unit(count, text):
    assert words.size(count) == text


def test_a_timestamp_is_in_utc():
    assert words.timestamp(0.25) == "1970-01-01T00:00:00.250Z"


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40, unique=True))
def test_short_ids_tell_runs_apart_however_close_they_began(times):
    ids = list(map(new_id_source(seed=b""), times))
    length = words.short_length(ids)
    for text in (run_id[:length] for run_id in ids):
        assert sum(run_id.startswith(text) for run_id in ids) == 1


def test_one_line_has_nothing_a_terminal_would_obey():
    assert words.one_line("a\x1b[2Jb\nc\x07\u202ed") == "a [2Jb c  d"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (8966406.491519999, "8966406.49152"),
        (3, "3"),
        (True, "True"),
        ("optimal", "optimal"),
    ],
)
def test_a_metric_has_the_digits_that_people_compare(value, text):
    assert words.number(value) == text
