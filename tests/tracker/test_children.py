"""Children of every kind: what each of them has tracked arrives, once, without a word.

That a process forks while it works, and what becomes of both, is in `test_fork`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nextmv_autotrack.status import Delivery, Status
from nextmv_autotrack.tracker import Tracker
from tests.platform_server.handle import Platform
from tests.tracker.process_that_forks import PATIENCE_S, solve
from tests.tracker.test_fork import (
    METHODS,
    needs_fork,
    run_program,
    runs_of,
    swept,
)

ENDED = "process ended before the run did"

SUCCEEDED, FAILED = Status.SUCCEEDED, Status.FAILED


def statuses(home: Path) -> dict[object, Status]:
    """Return how each run ended, by its input, and expect each input once."""
    with swept(home) as store:
        runs = store.runs(limit=10_000)
        found = {json.loads(store.payload(run.input)): run for run in runs}
    assert len(found) == len(runs)
    assert all((run.error or ENDED).startswith(ENDED) for run in runs)
    assert list((home / "journals").iterdir()) == []
    return {given: run.status for given, run in found.items()}


def numbered(name: str, count: int) -> set[str]:
    return {f"{name} {number}" for number in range(count)}


# --- Children that Python's libraries make.


@pytest.mark.parametrize("method", METHODS)
def test_the_workers_of_a_pool_that_is_closed_and_joined_track(tmp_path, method):
    run_program(tmp_path, "closed_pool", method)
    assert set(runs_of(tmp_path)) == numbered(method, 20)


@pytest.mark.parametrize("method", METHODS)
def test_a_pool_that_is_terminated_amid_its_work_keeps_what_has_returned(
    tmp_path, method
):
    run_program(tmp_path, "terminated_pool", method)
    found = statuses(tmp_path)
    with swept(tmp_path) as store:
        (run,) = [run for run in store.runs(limit=10_000) if run.name == "results"]
        returned = json.loads(store.payload(run.output))
    assert len(returned) == 5
    assert {found[one] for one in [*returned, "results"]} == {SUCCEEDED}
    # Each of the two may have been amid a call.
    assert list(found.values()).count(FAILED) <= 2


@needs_fork
@pytest.mark.parametrize("method", METHODS)
def test_a_pool_that_breaks_keeps_what_has_returned_and_what_broke_it(tmp_path, method):
    run_program(tmp_path, "killed_worker", method)
    assert statuses(tmp_path) == {"one": SUCCEEDED, "two": SUCCEEDED, 9: FAILED}


@needs_fork
@pytest.mark.parametrize("method", METHODS)
def test_children_may_die_right_after_a_call_and_amid_one(tmp_path, method):
    run_program(tmp_path, "children_that_die", method)
    ends = (9, 15, None)
    assert statuses(tmp_path) == {
        **{f"before {end}": SUCCEEDED for end in ends},
        **dict.fromkeys(ends, FAILED),
    }


@needs_fork
@pytest.mark.parametrize("method", METHODS)
def test_children_may_be_ended_by_their_parent_amid_a_call(tmp_path, method):
    run_program(tmp_path, "ended_by_the_parent", method)
    assert statuses(tmp_path) == {
        "before kill": SUCCEEDED,
        "before terminate": SUCCEEDED,
        "kill": FAILED,
        "terminate": FAILED,
    }


def test_the_workers_of_joblib_track(tmp_path):
    run_program(tmp_path, "loky")
    wanted = numbered("loky", 20) | {"before", "method", "after"}
    assert set(runs_of(tmp_path)) == wanted


def test_a_program_that_a_program_starts_amid_a_run_tracks_on_its_own(tmp_path):
    run_program(tmp_path, "other_program")
    found = runs_of(tmp_path)
    assert set(found) == {"outer", "program", "before"}
    assert found["program"].parent_id is None


# --- Children that are forked by hand, at a bad moment.


@needs_fork
def test_a_child_that_c_code_has_forked_tracks(tmp_path):
    run_program(tmp_path, "fork_without_hooks")
    assert set(runs_of(tmp_path)) == {"before", "child", "child, again", "after"}


@needs_fork
@pytest.mark.parametrize(
    ("lock", "before"),
    [
        ("of the journal", {"before"}),
        ("of the first call", set()),
        ("of a handler", {"before"}),
        ("of a module", set()),
        ("of the model", {"before"}),
    ],
)
def test_a_lock_that_a_thread_holds_at_the_fork_holds_up_no_child(
    tmp_path, lock, before
):
    run_program(tmp_path, "held_by_another_thread", lock)
    found = runs_of(tmp_path)
    assert set(found) == before | {"child", "after"}
    with swept(tmp_path) as store:
        first, second = store.log_text(found["child"].id).splitlines()
    assert first.endswith("WARNING model: a line")
    assert second == "another"


@needs_fork
def test_a_child_forked_while_the_store_is_open_leaves_its_journal_to_others(tmp_path):
    run_program(tmp_path, "store_that_cannot_be_closed")
    assert set(runs_of(tmp_path)) == {"before", "child", "child, again", "after"}


# --- The same, all the way to the platform.


def until(condition: Callable[[], object]) -> None:
    """Wait for what other processes and threads are about to do."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_at


@pytest.mark.parametrize("method", METHODS)
def test_a_program_that_has_only_a_pool_has_delivered_its_runs(
    tmp_path, platform: Platform, method
):
    run_program(
        tmp_path,
        "only_a_pool",
        method,
        NEXTMV_API_KEY=platform.key,
        NEXTMV_APP_ID="routing",
        NEXTMV_ENDPOINT=platform.endpoint,
        NEXTMV_AUTOTRACK_FLUSH_TIMEOUT=f"{PATIENCE_S}",
    )
    inputs = [run.given for run in platform.runs()]
    assert sorted(inputs) == sorted(numbered(method, 8))


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        (("processes", "fork"), {"before", "after"} | numbered("fork", 2)),
        (("pool", "fork"), {"before", "after"} | numbered("fork", 20)),
        (("executor", "spawn"), {"before", "after"} | numbered("spawn", 20)),
        (("closed_pool", "forkserver"), numbered("forkserver", 20)),
        (
            ("forks_of_a_busy_process", "2"),
            {"before"}.union(
                *(numbered(f"thread {number}", 2) for number in range(4)),
                *(numbered(f"child {number}", 2) for number in range(8)),
            ),
        ),
    ],
    ids=["processes", "pool", "executor", "closed pool", "threads and forks"],
)
def test_the_platform_gets_each_run_of_each_child_once(
    to_platform: Tracker, platform: Platform, mode, wanted
):
    if mode[1] not in {*METHODS, "2"}:
        pytest.skip("no such method here")
    home = to_platform.sources.resolve().directory
    run_program(
        home,
        *mode,
        NEXTMV_API_KEY=platform.key,
        NEXTMV_APP_ID="routing",
        NEXTMV_ENDPOINT=platform.endpoint,
        # The platform's limits may hold up the last runs for longer than an exit may.
        NEXTMV_AUTOTRACK_FLUSH_TIMEOUT=f"{PATIENCE_S}",
    )
    # Children that were ended before they could send theirs leave them to the next.
    solve("next")
    until(lambda: len(platform.runs()) > len(wanted))
    assert to_platform.shutdown(PATIENCE_S)
    inputs = [run.given for run in platform.runs()]
    assert sorted(inputs) == sorted({*wanted, "next"})
    found = runs_of(home).values()
    assert {run.delivery for run in found} == {Delivery.DELIVERED}
