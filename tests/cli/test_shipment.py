"""What is said while runs are sent: how far it is, what is waited for, and how long."""

from __future__ import annotations

from dataclasses import replace

from nextmv_autotrack.cli.shipment import PACE_S, Amount, Pace, progress_line
from nextmv_autotrack.store.lane import Lane

NOW = 1000.0
OPEN = Lane()
WHOLE = Amount(40, 4_000_000)
LEFT = Amount(10, 1_000_000)


def line(lane: Lane, left: Amount = LEFT, left_s: float | None = None) -> str:
    return progress_line(WHOLE, left, lane, NOW, left_s)


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
