from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
import sys

import pytest

from nextmv_autotrack import current_run, track_run, tracked
from nextmv_autotrack.testing import die_here, killed

DIED = re.compile("process ended before the run did")


@tracked(options=["limit"])
def solve(stops, limit=3):
    for number in range(limit):
        logging.getLogger("solver").warning("iteration %d", number)
        current_run().log(f"bound {number}")
    return {"routes": stops}


@tracked
def solve_and_die(stops):
    current_run().log("almost there")
    die_here()


@tracked
def solve_and_exit(stops):
    os._exit(3)


def plan(stops):
    with track_run(name="plan", input=stops):
        solve(stops)
        die_here()


@tracked
def solve_with_a_helper(port):
    here, there = os.pipe()
    if not os.fork():
        line = socket.create_connection(("127.0.0.1", port))
        os.write(there, b"connected")
        line.recv(1)
    os.read(here, 9)
    die_here()


async def awaited(stops):
    await asyncio.sleep(0)
    solve_and_die(stops)


def say_and_fail():
    sys.stdout.write("something\n")
    raise ValueError("of the model")


def test_a_run_that_dies_is_a_failed_one_with_its_input_and_its_lines():
    (run,) = killed(solve_and_die, ["bonn"])
    assert (run.name, run.status, run.input) == ("solve_and_die", "failed", ["bonn"])
    assert DIED.match(run.error)
    assert run.logs == ["almost there"]
    assert (run.output, run.duration) == (None, None)


@pytest.mark.parametrize("line", ["iteration 1", "bound 1"])
def test_it_dies_with_the_line_that_was_named_and_not_later(line):
    (run,) = killed(solve, ["bonn"], limit=5, at_line=line)
    assert DIED.match(run.error)
    assert run.logs[-1].endswith(line)
    assert len(run.logs) == (3 if line.startswith("iteration") else 4)


def test_what_had_ended_before_is_whole():
    outer, inner = killed(plan, ["bonn"])
    assert (outer.name, outer.status) == ("plan", "failed")
    assert (inner.status, inner.parent_id) == ("succeeded", outer.id)
    assert inner.output == {"routes": ["bonn"]}


def test_a_process_may_end_itself_in_its_own_way():
    (run,) = killed(solve_and_exit, ["bonn"])
    assert DIED.match(run.error)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_those_it_has_started_die_with_it():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        (run,) = killed(solve_with_a_helper, listener.getsockname()[1])
        line, _ = listener.accept()
        with line:
            assert line.recv(1) == b""
    assert DIED.match(run.error)


def test_coroutine_functions_are_awaited():
    (run,) = killed(awaited, ["bonn"])
    assert run.status == "failed"


def test_a_script_is_run_with_its_arguments(tmp_path):
    (tmp_path / "beside.py").write_text("NAME = 'nightly'\n")
    script = tmp_path / "model.py"
    script.write_text(
        """
import sys
from beside import NAME
from nextmv_autotrack import track_run

if __name__ == "__main__":
    with track_run(name=NAME, input=sys.argv[1:]) as run:
        run.log("first")
        run.log("second")
"""
    )
    (run,) = killed(script, "--seed", 3, at_line="first")
    assert (run.name, run.input, run.logs) == ("nightly", ["--seed", "3"], ["first"])


def test_a_function_that_lives_on_is_an_error_with_what_it_has_said():
    with pytest.raises(
        AssertionError, match=r"solve was not killed; no line .*'never'"
    ):
        killed(solve, ["bonn"], at_line="never")
    with pytest.raises(
        AssertionError, match=r"something\n(?s:.*)ValueError: of the mod"
    ):
        killed(say_and_fail)


def test_a_function_that_takes_too_long_is_an_error():
    with pytest.raises(AssertionError, match=r"solve was not killed in 0\.01 s"):
        killed(solve, ["bonn"], limit=10**9, timeout=0.01)


def test_a_function_that_cannot_be_found_from_elsewhere_is_an_error_that_says_so():
    def inside():
        die_here()

    for function in (inside, lambda: None, [].append, "x".join):
        with pytest.raises(ValueError, match="cannot be found from another process"):
            killed(function)


def test_a_script_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(AssertionError, match=r"(?s)FileNotFoundError.*missing\.py"):
        killed(tmp_path / "missing.py")


def test_nothing_is_left_and_nothing_is_sent(platform, monkeypatch, tmp_path):
    monkeypatch.setenv("NEXTMV_API_KEY", platform.key)
    monkeypatch.setenv("NEXTMV_ENDPOINT", platform.endpoint)
    monkeypatch.setenv("NEXTMV_APP_ID", "routing")
    monkeypatch.setenv("NEXTMV_AUTOTRACK_ENABLED", "false")
    assert len(killed(solve_and_die, ["bonn"])) == 1
    assert platform.requests() == []
    assert not (tmp_path / "home").exists()


def test_who_was_not_started_to_be_killed_is_not():
    with pytest.raises(RuntimeError, match="kills only what"):
        die_here()
