"""Where runs belong, and what is said when that is not where they were meant to go."""

from __future__ import annotations

import pytest

from nextmv_autotrack import track_run, tracked
from nextmv_autotrack.settings.access import DEFAULT_ENDPOINT


@tracked
def solve(data):
    return data


@tracked
def other(data):
    return data


KEY, APP = {"api_key": "secret"}, {"app_id": "routing"}


def _said(caplog):
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("given", "delivery"),
    [
        ({}, "local"),
        (APP, "local"),
        (KEY | APP, "waiting"),
        ({"destination": "local"} | KEY | APP, "local"),
        ({"destination": "local"} | KEY, "local"),
        ({"destination": "cloud"} | KEY | APP, "waiting"),
    ],
    ids=lambda given: "-".join(given) if isinstance(given, dict) else given,
)
def test_a_run_goes_where_key_application_and_destination_say(
    written, caplog, given, delivery
):
    written.sources.configure(**given)
    solve(1)
    with track_run():
        pass
    assert [run.begin["delivery"] for run in written.runs] == [delivery] * 2
    assert _said(caplog) == []


@pytest.mark.parametrize(
    "given",
    [KEY, {"destination": "cloud"}, {"destination": "cloud"} | KEY],
    ids="-".join,
)
def test_without_an_application_runs_stay_local_and_one_warning_says_what_to_set(
    written, caplog, given
):
    written.sources.configure(**given)
    for number in range(3):
        solve(number)
        other(number)
        with track_run():
            pass
    assert {run.begin["delivery"] for run in written.runs} == {"local"}
    (warning,) = _said(caplog)
    assert "NEXTMV_APP_ID" in warning
    assert "app_id=" in warning
    assert "secret" not in warning


def test_one_function_may_have_an_application_of_its_own(written, caplog):
    written.sources.configure(**KEY, app_id="general", instance_id="prod")
    solve(1)
    tracked(app_id="special", instance_id="test")(lambda x: x)(2)
    with track_run(app_id="of-a-block"):
        pass
    tracked(destination="local")(lambda x: x)(3)
    assert [
        (run.begin["app_id"], run.begin["instance_id"], run.begin["delivery"])
        for run in written.runs
    ] == [
        ("general", "prod", "waiting"),
        ("special", "test", "waiting"),
        ("of-a-block", "prod", "waiting"),
        ("general", "prod", "local"),
    ]
    assert _said(caplog) == []


def test_a_run_is_bound_to_the_endpoint_that_held_when_it_began(written):
    written.sources.configure(**KEY, **APP)
    solve(1)
    written.sources.configure(endpoint="http://localhost:8000/")
    solve(2)
    assert [run.begin["endpoint"] for run in written.runs] == [
        DEFAULT_ENDPOINT,
        "http://localhost:8000",
    ]


def test_the_key_is_written_nowhere(written):
    written.sources.configure(**KEY, **APP)
    solve(1)
    assert not any("secret" in str(frame) for frame in written.frames)
