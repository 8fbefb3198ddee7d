"""What a person sees, on a terminal made for the test."""

from __future__ import annotations

import pytest

from nextmv_autotrack import track_run
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


LONG = "no vehicles are left for the stops of today " * 6


@pytest.fixture
def failed(tracker: Tracker) -> str:
    """The id of a run with long texts."""
    with (
        pytest.raises(RuntimeError),
        track_run(
            "a name of more than a few letters",
            input={"stops": "x" * 300},
            options={"name of an option that is long": "y" * 50},
        ) as run,
    ):
        run.log("line " * 100)
        raise RuntimeError(LONG)
    assert tracker.flush(10)
    return run.id


@pytest.mark.parametrize("first", ["", WITHOUT_RICH], ids=["rich", "plain"])
@pytest.mark.parametrize("columns", [45, 80, 200])
def test_a_page_is_as_wide_as_its_terminal(failed: str, first: str, columns: int):
    lines = plain(seen("show", failed, first=first, COLUMNS=str(columns))).splitlines()
    assert max(map(len, lines)) <= columns
    assert LONG.strip() in " ".join(" ".join(lines).split())
    for begin in ('    "stops": "x', "  line line"):
        (cut_off,) = (line for line in lines if line.startswith(begin))
        assert len(cut_off) == columns


@pytest.mark.parametrize("first", ["", WITHOUT_RICH], ids=["rich", "plain"])
@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.usefixtures("failed")
def test_no_table_is_wider_than_its_terminal(first: str, columns: int):
    for words in (["list"], ["config"]):
        screen = seen(*words, first=first, COLUMNS=str(columns))
        assert max(map(len, plain(screen).splitlines())) <= columns


@pytest.mark.parametrize("first", ["", WITHOUT_RICH], ids=["rich", "plain"])
@pytest.mark.usefixtures("failed")
def test_the_result_gets_the_room_of_a_column_that_says_only_local(first: str):
    heads, newest, *_ = plain(seen("list", first=first)).splitlines()
    assert heads.split()[-1] == "RESULT"
    assert "DELIVERY" not in heads
    assert "RuntimeError: no ve" in newest
    wide, *_ = plain(seen("list", first=first, COLUMNS="200")).splitlines()
    assert "DELIVERY" in wide


@pytest.mark.usefixtures("failed")
def test_a_terminal_too_narrow_for_results_shows_names_and_status():
    heads, newest, *_ = plain(seen("list", COLUMNS="40")).splitlines()
    assert heads.split() == ["ID", "NAME", "STATUS"]
    assert newest.split()[-1] == "failed"


@pytest.mark.parametrize("columns", [40, 80])
def test_settings_are_shown_in_full_where_they_do_not_fit_beside_each_other(
    monkeypatch: pytest.MonkeyPatch, columns: int
):
    monkeypatch.setenv("NEXTMV_APP_ID", "an-id-" * 10)
    lines = plain(seen("config", COLUMNS=str(columns))).splitlines()
    joined = "".join(line.strip() for line in lines)
    assert "an-id-" * 10 + "from NEXTMV_APP_ID" in joined
    assert "max_payload    100,000,000" in lines
    assert "\u2026" not in joined
