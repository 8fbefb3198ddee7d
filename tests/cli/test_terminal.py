"""What a person sees, on a terminal made for the test."""

from __future__ import annotations

import pytest

from nextmv_autotrack.tracker import Tracker
from tests.cli.terminal import WITHOUT_RICH, plain, seen


@pytest.fixture(autouse=True)
def runs(three_runs: None, tracker: Tracker) -> None:
    assert tracker.flush(10)


def test_status_words_have_colours():
    pytest.importorskip("rich")
    screen = seen("list")
    assert "\x1b[32msucceeded" in screen
    assert "\x1b[31mfailed" in screen


def test_no_color_is_obeyed():
    screen = seen("list", NO_COLOR="1")
    assert "\x1b[3" not in screen
    assert "succeeded" in screen


def test_without_rich_the_table_is_plain():
    screen = seen("list", first=WITHOUT_RICH)
    assert "\x1b" not in screen
    assert "succeeded" in screen


def test_no_line_is_wider_than_the_terminal():
    pytest.importorskip("rich")
    lines = plain(seen("list")).splitlines()
    assert any("value=7.5" in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_the_list_says_what_to_type_next():
    screen = seen("list", "--limit", "1", NO_COLOR="1")
    assert "the same with --limit 0" in screen
    assert "nextmv-autotrack show 0" in screen


@pytest.mark.parametrize("first", ["", WITHOUT_RICH], ids=["rich", "plain"])
def test_a_page_fits_the_terminal_it_is_shown_on(first: str):
    run = seen("list", "--limit", "1", first=WITHOUT_RICH).splitlines()[1].split()[0]
    screen = seen("show", run, first=first)
    assert "ValueError: no vehicles" in screen
    assert "Logs" in screen


@pytest.mark.parametrize("first", ["", WITHOUT_RICH], ids=["rich", "plain"])
def test_a_narrow_terminal_does_without_some_columns_but_shows_the_result(first: str):
    screen = seen("list", first=first, COLUMNS="60", NO_COLOR="1")
    assert "DELIVERY" not in screen
    assert "value=7.5" in screen
