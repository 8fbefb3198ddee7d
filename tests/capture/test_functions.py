"""Plain functions: called as before, and each call written down as a run."""

from __future__ import annotations

import pytest

from nextmv_autotrack import Status, current_run, last_run, tracked
from nextmv_autotrack.journal import Kind


def test_bare_and_with_settings_are_the_same_but_for_the_settings(written):
    @tracked
    def bare(x):
        return x + 1

    @tracked(name="set")
    def with_settings(x):
        return x + 1

    assert bare(1) == with_settings(1) == 2
    assert [(run.input, run.output) for run in written.runs] == [(1, 2), (1, 2)]
    assert written.runs[1].name == "set"


def test_the_result_is_the_very_object_that_was_returned(written):
    result = {"routes": [[1, 2]]}
    assert tracked(lambda: result)() is result


def test_the_result_is_not_changed_by_taking_it_apart(written):
    result = {"routes": [], "metrics": {"a": 1}, "assets": [{"name": "map"}]}
    tracked(lambda: result)()
    assert result == {"routes": [], "metrics": {"a": 1}, "assets": [{"name": "map"}]}


def test_a_run_is_named_after_its_function(written):
    @tracked
    def solve():
        pass

    solve()
    assert written.run.name == solve.__qualname__


def test_the_begin_is_written_before_the_function_starts(written):
    seen = []

    @tracked
    def solve(x):
        seen.extend(written.frames)

    solve(5)
    ((kind, meta, payload),) = seen
    assert (kind, payload) == (Kind.BEGIN, b"5")
    assert meta["name"].endswith("solve")


def test_the_end_is_written_before_the_result_is_handed_back(written):
    tracked(lambda: None)()
    assert written.frames[-1][0] is Kind.END


def test_every_call_is_a_run_of_its_own(written):
    solve = tracked(lambda x: x)
    for x in range(3):
        solve(x)
    assert [run.input for run in written.runs] == [0, 1, 2]
    assert len({run.id for run in written.runs}) == 3


def test_the_duration_is_taken_from_the_steady_clock(written):
    def solve():
        written.now += 2.5

    tracked(solve)()
    assert written.run.duration == 2.5


def test_the_duration_is_never_below_zero(written):
    def solve():
        written.now -= 5

    tracked(solve)()
    assert written.run.duration == 0.0


def test_the_run_in_progress_can_be_had_inside_and_the_last_one_afterwards(written):
    inside = []
    tracked(lambda: inside.append(current_run()))()
    assert current_run() is None
    assert last_run() is inside[0]
    assert last_run().status is Status.SUCCEEDED
    assert last_run().duration == 0.0


def test_a_run_that_has_ended_takes_nothing_any_more(written):
    kept = []
    tracked(lambda: kept.append(current_run()))()
    before = list(written.frames)
    run = kept[0]
    run.log("too late")
    run.fail("too late")
    run.input = run.output = "too late"
    assert written.frames == before
    assert (run.status, run.error, run.input, run.output) == (
        Status.SUCCEEDED,
        None,
        None,
        None,
    )


def test_a_function_that_is_not_enabled_is_called_and_not_written_down(written):
    assert tracked(enabled=False)(lambda x: x)(4) == 4
    assert written.frames == []


def test_what_configure_says_holds_for_functions_tracked_before(written):
    @tracked
    def solve():
        return current_run()

    assert solve() is not None
    written.sources.configure(enabled=False)
    assert solve() is None
    written.sources.configure(enabled=True)
    assert solve() is not None


def test_resources_are_measured_unless_they_are_switched_off(written):
    tracked(lambda: None)()
    tracked(resources=False)(lambda: None)()
    with_them, without = written.runs
    assert with_them.end["cpu_ns"] >= 0
    assert without.end.keys().isdisjoint({"cpu_ns", "peak_kib"})


def test_a_run_knows_its_host_and_that_it_stays_here(written):
    tracked(lambda: None)()
    assert written.run.begin["host"]
    assert written.run.begin["delivery"] == "local"


def test_with_sync_a_call_returns_only_when_its_run_has_arrived(written):
    tracked(sync=True)(lambda: None)()
    assert written.settled == [2.0]
    tracked(lambda: None)()
    assert written.settled == [2.0]


@pytest.mark.parametrize("fixed", ["nightly", "nächtlich", "夜間"])
def test_a_name_and_a_description_may_be_fixed(written, fixed):
    tracked(name=fixed, description=f"{fixed}!")(lambda: None)()
    assert (written.run.name, written.run.begin["description"]) == (fixed, f"{fixed}!")


def test_a_name_and_a_description_may_be_computed_from_the_arguments(written):
    @tracked(
        name=lambda city, **_: f"plan {city}", description=lambda _, day: f"day {day}"
    )
    def plan(city, day):
        pass

    plan("Bonn", day=3)
    assert written.run.name == "plan Bonn"
    assert written.run.begin["description"] == "day 3"


def test_a_name_that_is_no_valid_unicode_is_no_reason_to_lose_the_run(written):
    # What os.fsdecode makes of a file name in another encoding.
    tracked(name="caf\udce9")(lambda: None)()
    tracked(name=lambda: "caf\udce9", description=lambda: "\ud800")(lambda: None)()
    assert [run.status for run in written.runs] == ["succeeded", "succeeded"]
    assert all(run.name.startswith("caf") for run in written.runs)
