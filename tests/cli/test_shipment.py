"""What is said while runs are sent: how far it is, what is waited for, and how long."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from nextmv_autotrack.cli.sync.shipment import PACE_S, Amount, Pace, progress_line
from nextmv_autotrack.store.lane import Lane
from tests.cli.terminal import WITHOUT_RICH, printed

NOW = 1000.0
OPEN = Lane()
WHOLE = Amount(40, 4_000_000)
LEFT = Amount(10, 1_000_000)


def line(lane: Lane, left: Amount = LEFT, left_s: float | None = None) -> str:
    return progress_line(WHOLE, left, lane, NOW, left_s).full


def test_it_says_how_many_runs_and_bytes_are_sent():
    assert line(OPEN) == "30 of 40 runs, 3.0 MB of 4.0 MB"


def test_it_says_how_long_it_will_take():
    assert line(OPEN, left_s=0.2).endswith(", 1 s left")
    assert line(OPEN, left_s=42.4).endswith(", 42 s left")
    assert line(OPEN, left_s=150.0).endswith(", 2 min left")
    assert line(OPEN, left_s=7200.0).endswith(", 2 h 00 min left")


def test_it_says_that_the_platform_takes_no_more_at_once():
    slow = Lane(calls=0.0, stamped_at=NOW)
    assert line(slow, left_s=3.0).endswith("3 s left, rate limit 3 calls/s")


def test_it_says_what_went_wrong_and_when_it_is_tried_again():
    problem = "creating the run at https://x was refused with status 429;\nslow\x1b[1m"
    held = Lane(held_until=NOW + 12.3, troubles=1, problem=problem)
    assert line(held).endswith("4.0 MB, waits 12 s: status 429; slow [1m")
    gone = replace(held, problem="creating the run at https://x failed: no connection")
    assert line(gone).endswith("4.0 MB, waits 12 s: no connection")


def test_where_there_is_little_room_nothing_is_said_of_bytes():
    held = Lane(held_until=NOW + 12.3, troubles=1, problem="status 429")
    short = progress_line(WHOLE, LEFT, held, NOW, 42.0).short
    assert short == "30 of 40 runs, 42 s left, waits 12 s: status 429"


@pytest.mark.parametrize("first", ["", WITHOUT_RICH], ids=["rich", "plain"])
@pytest.mark.parametrize(
    ("columns", "bar", "words"),
    [
        (80, "bar", "30 of 40 runs, 3.0 MB of 4.0 MB, 8 s left, waits 9 s: off"),
        (60, "bar", "30 of 40 runs, 8 s left, waits 9 s: off"),
        (40, "", "30 of 40 runs, 8 s left, waits 9 s: off"),
    ],
)
def test_a_narrow_terminal_shows_what_is_waited_for_rather_than_a_bar(
    first: str, columns: int, bar: str, words: str
):
    page = _bar_seen(0.75, 8.0, first, COLUMNS=str(columns))
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", page))
    (line,) = {line.rstrip() for line in lines if "30 of" in line}
    assert line.endswith(words)
    assert line.startswith(("\u2501", " 75%") if bar else words)


def test_the_bar_is_told_from_what_is_to_do_where_there_are_16_colours():
    pytest.importorskip("rich")
    half, whole = (
        _bar_seen(share, None, TERM="xterm", COLORTERM="") for share in (0.5, 1.0)
    )
    assert "\x1b[32m\u2501" in half
    assert "\x1b[90m" in half
    assert "\x1b[32m\u2501" in whole
    assert "\x1b[90m" not in whole.rpartition("\u2501")[0].rpartition("\r")[2]


def _bar_seen(
    share: float, left_s: float | None, first: str = "", **environ: str
) -> str:
    """What a terminal shows of a bar."""
    return printed(
        f"""
{first}
from nextmv_autotrack.cli.sync.progress_bar import bar
from nextmv_autotrack.cli.sync.shipment import Amount, progress_line
from nextmv_autotrack.store.lane import Lane
lane = Lane(held_until=1009, troubles=1, problem="off")
whole, left = Amount(40, 4_000_000), Amount(10, 1_000_000)
with bar() as show:
    show({share}, progress_line(whole, left, lane, 1000, {left_s}))
""",
        **environ,
    )


def test_it_says_nothing_of_waits_when_nothing_is_left():
    held = Lane(held_until=NOW + 12.0, troubles=1, problem="status 429")
    assert line(held, Amount(0, 0), 3.0) == "40 of 40 runs, 4.0 MB of 4.0 MB"


def test_nobody_can_say_how_long_it_takes_before_something_is_done():
    pace = Pace()
    assert pace.left_s(0.0, 10) is None
    assert pace.left_s(1.0, 10) is None
    assert pace.left_s(2.0, 8) == 8.0


def test_the_pace_is_that_of_late():
    pace = Pace()
    pace.left_s(0.0, 1000)
    pace.left_s(1.0, 500)
    for second in range(int(PACE_S) + 2):
        left_s = pace.left_s(2.0 + second, 400 - second)
    assert left_s == 400 - PACE_S - 1


def test_the_pace_is_known_after_a_long_silence():
    pace = Pace()
    pace.left_s(0.0, 10)
    assert pace.left_s(1000.0, 5) == 1000.0
