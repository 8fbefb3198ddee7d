"""`track_run`: a block of code becomes a run."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from nextmv_autotrack import (
    Run,
    SettingsError,
    Status,
    current_run,
    last_run,
    track_run,
)
from nextmv_autotrack.capture import context
from nextmv_autotrack.journal import Kind


def test_a_block_is_a_run_with_what_was_set(written):
    with track_run(name="nightly", input={"stops": 3}, options={"vehicles": 2}) as run:
        run.log("two are enough")
        run.metrics["value"] = 42.0
        run.options["solver"] = "highs"
        run.assets.append({"name": "map"})
        run.output = {"routes": [[1, 2], [3]]}
    seen = written.run
    assert (seen.name, seen.input, seen.status) == (
        "nightly",
        {"stops": 3},
        "succeeded",
    )
    assert seen.output == {"routes": [[1, 2], [3]]}
    assert seen.logs == ["two are enough"]
    assert seen.metrics == {"value": 42.0}
    assert seen.end["options"] == {"vehicles": "2", "solver": "highs"}
    assert seen.assets == [{"name": "map", "content_type": "json"}]


def test_an_async_block_is_a_run(written):
    async def main():
        async with track_run("service", input=1) as run:
            await asyncio.sleep(0)
            assert current_run() is run
            run.output = 2
        assert current_run() is None

    asyncio.run(main())
    assert (written.run.name, written.run.input, written.run.output) == (
        "service",
        1,
        2,
    )


def test_a_block_gives_its_run_and_is_the_current_one(written):
    with track_run() as run:
        assert isinstance(run, Run)
        assert current_run() is run
        assert run.status is Status.RUNNING
        assert run.duration is None
    assert current_run() is None
    assert last_run() is run
    assert (run.status, run.duration, run.error) == (Status.SUCCEEDED, 0.0, None)


def test_a_block_without_a_name_has_one(written):
    with track_run():
        pass
    assert written.run.name == "run"


def test_the_name_may_be_given_first(written):
    with track_run("nightly", description="of the fleet") as run:
        pass
    assert (run.name, run.description) == ("nightly", "of the fleet")
    assert written.run.begin["description"] == "of the fleet"


def test_the_begin_is_written_before_the_block_starts(written):
    with track_run(input=[1]):
        ((kind, _, payload),) = written.frames
        assert (kind, payload) == (Kind.BEGIN, b"[1]")
    assert written.frames[-1][0] is Kind.END


def test_a_given_input_is_frozen_when_the_block_begins(written):
    data = [3, 1, 2]
    with track_run(input=data) as run:
        assert run.input is data
        data.sort()
    assert written.run.input == [3, 1, 2]


def test_an_input_that_is_set_is_frozen_when_it_is_set(written):
    data = {"a": [1]}
    with track_run() as run:
        run.input = data
        data["a"].append(2)
        assert run.input is data
    assert written.run.input == {"a": [1]}


def test_the_input_that_was_set_last_holds(written):
    with track_run(input=1) as run:
        run.input = 2
        run.input = 3
    assert written.run.input == 3


@pytest.mark.parametrize("given", [0, "", [], {}, False])
def test_an_empty_input_is_an_input(written, given):
    with track_run(input=given):
        pass
    assert written.run.input == given


def test_the_output_is_taken_down_at_the_end(written):
    with track_run() as run:
        run.output = solution = {"cost": 9}
        solution["cost"] = 5
    assert written.run.output == {"cost": 5}


def test_what_was_set_can_be_read_in_the_block(written):
    with track_run() as run:
        run.output, run.metrics = [1], {"a": 1}
        run.options, run.assets = {"b": 2}, [{"name": "c"}]
        assert (run.output, run.metrics) == ([1], {"a": 1})
        assert (run.options, run.assets) == ({"b": 2}, [{"name": "c"}])


def test_an_exception_makes_the_run_fail_and_goes_on(written):
    error = ValueError("no")
    with pytest.raises(ValueError, match="no") as caught, track_run() as run:
        run.output = "so far"
        raise error
    assert caught.value is error
    assert (run.status, run.error) == (Status.FAILED, "ValueError: no")
    assert (written.run.status, written.run.output) == ("failed", "so far")


def test_fail_makes_the_run_fail_without_an_exception(written):
    with track_run() as run:
        run.fail("infeasible")
        run.output = {"status": "infeasible"}
    assert (run.status, run.error) == (Status.FAILED, "infeasible")
    assert written.run.output == {"status": "infeasible"}


def test_blocks_may_be_used_again_and_inside_themselves(written):
    block = track_run("again")
    with block as outer, block as inner:
        assert outer is not inner
    with block:
        pass
    assert [run.status for run in written.runs] == ["succeeded"] * 3
    assert written.runs[1].parent_id == written.runs[0].id
    assert written.runs[2].parent_id is None


def test_a_block_in_an_exit_stack_works(written):
    with contextlib.ExitStack() as stack:
        run = stack.enter_context(track_run("stacked"))
    assert run.status is Status.SUCCEEDED


def test_an_async_block_entered_and_left_in_different_tasks_ends(written):
    block = track_run("fixture")

    async def main():
        await asyncio.create_task(block.__aenter__())
        await asyncio.create_task(block.__aexit__(None, None, None))

    asyncio.run(main())
    assert written.run.status == "succeeded"
    assert current_run() is None


def test_leaving_a_block_by_return_break_and_continue_is_a_success(written):
    def returning():
        with track_run():
            return 1

    returning()
    for n in range(2):
        with track_run():
            if n == 0:
                continue
            break
    assert [run.status for run in written.runs] == ["succeeded"] * 3


def test_a_block_that_is_not_enabled_works_and_is_not_written_down(written):
    with track_run(enabled=False, input=1) as run:
        run.log("x")
        run.metrics["a"] = 1
        run.fail("no")
        assert current_run() is None
    assert written.frames == []


def test_what_was_set_can_be_read_in_a_block_that_is_not_tracked(written):
    with track_run(enabled=False, input=[0]) as run:
        assert run.input == [0]
        run.input, run.output = [1], [2]
        assert (run.input, run.output) == ([1], [2])


def test_a_block_keeps_to_the_settings_of_the_process(written):
    written.sources.configure(description="all of them", name="theirs")
    with track_run():
        pass
    assert (written.run.name, written.run.begin["description"]) == (
        "theirs",
        "all of them",
    )


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"name": 5}, "name"),
        ({"name": ""}, "name"),
        ({"name": lambda: "x"}, "name"),
        ({"description": 5}, "description"),
        ({"options": "abc"}, "options"),
        ({"options": ["abc"]}, "options"),
        ({"output": 1}, "output"),
        ({"metrics": {}}, "metrics"),
        ({"sample": 2}, "sample"),
        ({"nmae": "x"}, "nmae"),
        ({"directory": "/tmp"}, "directory"),  # noqa: S108 -- refused, and not used
    ],
    ids=str,
)
def test_a_wrong_setting_is_named_before_the_block_begins(written, given, word):
    with pytest.raises(SettingsError, match=f"'{word}'"):
        track_run(**given)
    assert written.frames == []


@pytest.mark.parametrize("part", ["metrics", "options", "assets"])
@pytest.mark.parametrize("value", [None, 5, "abc", [5]], ids=str)
def test_nothing_that_is_set_on_a_run_raises(written, as_for_users, part, value):
    with track_run() as run:
        setattr(run, part, value)
        setattr(run, "input", value)  # noqa: B010 -- what a mistake would do
        setattr(run, "output", value)  # noqa: B010 -- what a mistake would do
        run.log(value)
    assert written.run.status == "succeeded"
    assert not context.open_roots


def test_a_run_shows_its_name_and_status(written):
    with track_run("nightly") as run:
        assert repr(run) == f"<Run {run.id} 'nightly' running>"


def test_a_run_keeps_neither_input_nor_output_once_it_has_ended(written):
    with track_run(input=[1]) as run:
        run.output = [2]
    assert (run.input, run.output) == (None, None)
