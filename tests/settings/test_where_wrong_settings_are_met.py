"""A wrong setting is met where it is set in code, and never by a call."""

from __future__ import annotations

import asyncio
import functools

import pytest

from nextmv_autotrack import configure, track_run, tracked
from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.settings import OF_THE_PROCESS, Sources
from nextmv_autotrack.tracker import TRACKER

WRONG = [
    ({"nmae": "x"}, "unknown setting 'nmae'; did you mean 'name'?"),
    ({"sample": 2}, "setting 'sample' must be a number from 0 to 1"),
    ({"logs": "LOUD"}, "setting 'logs' must be True, False or a logging level"),
    ({"sync": True, "max_log": 5}, "setting 'max_log' must be a whole number"),
    ({"destination": "moon"}, "setting 'destination' must be 'auto', 'cloud' or"),
]


def _of_the_process(name):
    return {name: 1}, f"setting '{name}' belongs to the process: use configure("


OF_ONE_RUN = [*WRONG, *map(_of_the_process, sorted(OF_THE_PROCESS))]


@pytest.mark.parametrize(("given", "message"), OF_ONE_RUN, ids=str)
def test_by_the_decorator_before_it_has_a_function(given, message):
    with pytest.raises(SettingsError) as caught:
        tracked(**given)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("given", "message"), OF_ONE_RUN, ids=str)
def test_by_the_block_before_it_is_entered(given, message):
    with pytest.raises(SettingsError) as caught:
        track_run("nightly", **given)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("given", "message"), WRONG, ids=str)
def test_by_configure_which_then_sets_none_of_them(sources, given, message):
    before = sources.resolve()
    with pytest.raises(SettingsError) as caught:
        sources.configure(description="set before it", **given)
    assert str(caught.value).startswith(message)
    assert sources.resolve() == before


def test_by_configure_of_the_process():
    version = TRACKER.sources.version
    with pytest.raises(SettingsError, match="did you mean 'name'"):
        configure(nmae="x")
    assert TRACKER.sources.version is version


def solve(data, gap=0.1):
    return data


class Model:
    def solve(self, data, gap=0.1):
        return data


@pytest.mark.parametrize(
    "function",
    [solve, Model().solve, functools.partial(solve, gap=0.2)],
    ids=["function", "method", "partial"],
)
@pytest.mark.parametrize(
    "given",
    [{"input": "daat"}, {"input": ["data", "daat"]}, {"options": "daat"}],
    ids=str,
)
def test_by_the_decorator_when_the_function_has_no_such_argument(function, given):
    with pytest.raises(SettingsError) as caught:
        tracked(**given)(function)
    (setting,) = given
    assert str(caught.value).startswith(f"setting '{setting}' names 'daat'; ")
    assert "data, gap" in str(caught.value)


def test_by_the_decorator_when_an_argument_is_both_input_and_option():
    with pytest.raises(SettingsError, match="'gap' is named in both 'input' and 'opt"):
        tracked(input=["data", "gap"], options="gap")(solve)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"output": False}, "setting 'output' is for functions; set run.output inst"),
        ({"metrics": len}, "setting 'metrics' is for functions; set run.metrics ins"),
        ({"name": 5}, "setting 'name' of a block must be a text that is not empty"),
        ({"name": " "}, "setting 'name' of a block must be a text that is not empty"),
        ({"description": ""}, "setting 'description' of a block must be a text"),
        ({"options": ["gap"]}, "setting 'options' of a block must be a mapping"),
    ],
    ids=str,
)
def test_by_the_block_when_a_setting_looks_at_a_call(given, message):
    with pytest.raises(SettingsError) as caught:
        track_run(**given)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "given",
    [
        {"input": "daat"},
        {"input": ["daat", "data"]},
        {"options": "daat"},
        {"destination": "cloud"},
        {"destination": "cloud", "app_id": "routing"},
        {"api_key": "key"},
        {"app_id": "routing"},
        {"api_key": "kéy with\nblanks", "app_id": "routing"},
        {"endpoint": "host:99999", "api_key": "key", "app_id": "."},
    ],
    ids=str,
)
def test_by_no_call_whatever_was_configured(written, given):
    written.sources.configure(**given)

    @tracked
    def generated(data):
        yield data

    @tracked
    async def later(data):
        return data

    with track_run(input=1) as run:
        run.output = 2
    assert tracked(solve)(1) == 1
    assert tracked(Model().solve)(2, gap=0.2) == 2
    assert list(generated(3)) == [3]
    assert asyncio.run(later(4)) == 4
    assert [run.status for run in written.runs] == ["succeeded"] * 5


WRONG_OUTSIDE = {
    "NEXTMV_AUTOTRACK_SAMPLE": "2",
    "NEXTMV_AUTOTRACK_ENABLED": "perhaps",
    "NEXTMV_AUTOTRACK_DESTINATION": "moon",
    "NEXTMV_AUTOTRACK_METRICS": "value",
    "NEXTMV_AUTOTRACK_UNKNOWN": "x",
    "NEXTMV_ENDPOINT": "htp://host",
}


def test_by_no_call_whatever_the_environment_says(written, tmp_path):
    complaints = []
    sources = Sources(WRONG_OUTSIDE, tmp_path, complain=complaints.append)
    written.recorder.sources = sources
    assert tracked(solve)(1) == 1
    with track_run(input=1):
        pass
    assert len(written.runs) == 2
    assert len(complaints) == len(WRONG_OUTSIDE)
