"""However long a run is, it has points enough, and there are no more than so many."""

from __future__ import annotations

import itertools

import pytest

from nextmv_autotrack.capture.resources.timeline import (
    MAX_POINTS,
    Child,
    Point,
    Timeline,
    evenly,
    thinned,
)

S = 1_000_000_000
DAY_S = 86_400


def points(count: int, every_s: float = 1, memory_kib: int = 1) -> list[Point]:
    return [
        Point(
            begin_ns=int(at * every_s * S),
            end_ns=int((at + 1) * every_s * S),
            memory_kib=memory_kib,
            children=(),
            cpu_ns=at,
            waited_ns=0,
            alive_ns=0,
            threads=1,
        )
        for at in range(count)
    ]


@pytest.fixture(scope="module")
def day() -> Timeline:
    """A day, looked at every two seconds."""
    timeline = Timeline()
    for one in points(DAY_S // 2, 2):
        peak = one.begin_ns == 3600 * S
        timeline.add(one._replace(memory_kib=10**6) if peak else one)
    return timeline


def test_a_day_is_some_thousand_points(day):
    assert 500 < len(day.all()) < 3000


@pytest.mark.parametrize("length_s", [60, 600, 3600, DAY_S // 2, DAY_S])
def test_each_run_that_ends_now_has_points_enough(day, length_s):
    found = day.between((DAY_S - length_s) * S, DAY_S * S)
    assert len(found) >= min(length_s // 2, 100) * 0.9
    longest_ns = max(one.end_ns - one.begin_ns for one in found)
    assert longest_ns <= max(2 * S, length_s * S / 100)


def test_points_follow_each_other_without_gaps(day):
    for one, other in itertools.pairwise(day.all()):
        assert one.end_ns == other.begin_ns


def test_no_peak_is_lost(day):
    assert max(one.memory_kib for one in day.all()) == 10**6
    kept = evenly(day.all(), 50)
    assert max(one.memory_kib for one in kept) == 10**6


def test_a_year_is_within_the_bound():
    year = Timeline()
    # As if each two seconds of it had been thinned before.
    for one in points(20_000, 1600):
        year.add(one)
    assert len(year.all()) <= MAX_POINTS + 64


def test_what_reads_goes_on_with_what_it_has_while_points_are_made_fewer():
    timeline = Timeline()
    for one in points(63):
        timeline.add(one)
    before = timeline.between(0, 63 * S)
    timeline.add(points(64)[-1])
    assert len(before) == 63


def test_one_of_two_neighbours_has_the_most_of_both():
    small = Child(1.0, 10, 1)
    large = Child(1.0, 90, 2)
    one, other = points(2)
    joined = one._replace(memory_kib=7, threads=2, children=(large,)).joined(
        other._replace(memory_kib=3, threads=5, children=(small,), cpu_ns=8)
    )
    assert joined == Point(0, 2 * S, 7, (large,), 8, 0, 0, 5)


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 1000])
def test_an_even_choice_keeps_begin_and_end(count):
    whole = points(count)
    kept = evenly(whole, 50)
    assert len(kept) == min(count, 50)
    if whole:
        assert kept[0].begin_ns == whole[0].begin_ns
        assert kept[-1].end_ns == whole[-1].end_ns


def test_a_choice_of_points_at_one_moment_is_one_of_them():
    same = [one._replace(begin_ns=5, end_ns=5) for one in points(100)]
    assert len(evenly(same, 50)) <= 50
    assert len(thinned(same, 5)) == 1
