"""Ctrl-C at any line of ours: the run is ended, and the next one is tracked."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

import nextmv_autotrack
from nextmv_autotrack import current_run, safely, track_run, tracked
from nextmv_autotrack.capture import context

OURS = str(Path(nextmv_autotrack.__file__).parent)


def interrupted_at(count, call):
    """Call it with a Ctrl-C at the point of ours that comes as number `count`.

    Python looks for signals where a function of its own begins, and where one written
    in C has returned. Return whether it came: false once there are no more points.
    """
    left = count

    def look(frame, event, _):
        nonlocal left
        ours = frame.f_code.co_filename.startswith(OURS)
        if not ours or event not in {"call", "c_return"}:
            return
        if (event, frame.f_code.co_name) == ("call", "__exit__"):
            return  # the one point with nothing of ours around it
        left -= 1
        if left == 0:
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(look)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
    return False


@tracked
def solve(data):
    return {"solution": data, "metrics": {"value": 1}}


@tracked
def fails(data):
    raise ValueError(data)


def block():
    with track_run(input=[1]) as run:
        run.log("line")
        run.output = [2]


def failing():
    with pytest.raises(ValueError, match="no"):
        fails("no")


CALLS = {"a call": lambda: solve([1]), "a failing call": failing, "a block": block}


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_every_run_that_has_begun_ends_and_the_next_one_is_tracked(written, call):
    call()  # what is made ready once is ready
    for count in itertools.count(1):
        written.frames.clear()
        came = interrupted_at(count, call)
        assert current_run() is None
        assert not context.open_roots
        assert {run.status for run in written.runs} <= {"succeeded", "failed"}
        written.frames.clear()
        call()
        assert written.run.status != "running"
        assert written.run.parent_id is None
        if not came:
            break
    assert count > 20


class Bail(BaseException):
    """What a program may define for itself."""


@pytest.mark.parametrize("stop", [SystemExit, GeneratorExit, Bail])
def test_a_value_that_exits_when_it_is_looked_at_ends_no_call(written, stop):
    class Exiting:
        def __repr__(self):
            raise stop

    @tracked
    def passes(value):
        return value

    value = Exiting()
    assert passes(value) is value
    assert written.run.status == "succeeded"
    assert written.run.input == written.run.output
    assert written.run.input["repr"] == "<unprintable>"
    with track_run(input=value) as run:
        run.output = value
    assert written.runs[-1].status == "succeeded"


@pytest.mark.parametrize("stop", [SystemExit, Bail])
def test_what_a_run_is_told_may_exit_when_it_is_looked_at(written, stop, monkeypatch):
    monkeypatch.setattr(safely, "raising", False)

    class Metrics(dict):
        def items(self):
            raise stop

    class Text:
        def __str__(self):
            raise stop

    with track_run() as run:
        run.log(Text())
        run.output = {"metrics": Metrics(a={"b": 1}), "plan": 1}
    assert (written.run.status, written.run.output) == ("succeeded", {"plan": 1})


@pytest.mark.parametrize("stop", [SystemExit, Bail])
def test_settings_that_exit_end_no_call(written, stop):
    def exits(*_):
        raise stop

    @tracked(name=exits, input=exits, output=exits, metrics=exits)
    def passes(value):
        return value

    assert passes(1) == 1
    assert (written.run.status, written.run.input) == ("succeeded", 1)


def test_a_call_that_is_interrupted_before_it_begins_has_failed(written):
    class Large:
        def __repr__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve(Large())
    assert (written.run.status, written.run.error) == ("failed", "KeyboardInterrupt")
