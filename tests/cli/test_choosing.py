"""`list` shows the runs that are asked for, in the order that is asked for."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.cli.conditions import condition
from nextmv_autotrack.cli.moments import moment
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command

NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc).timestamp()


@pytest.fixture
def runs(tracker: Tracker) -> None:
    """Runs of two applications that came out differently."""
    for name, app_id, value in (
        ("nightly plan", "routing", 30),
        ("Nightly_plan", "routing", 120.5),
        ("100% sure", "packing", 7),
    ):
        with track_run(name, app_id=app_id, destination="cloud") as run:
            run.metrics.update(
                value=value, status="optimal", solver={"gap": value / 10}
            )
    with track_run("broken", app_id="packing") as run:
        run.metrics["status"] = "infeasible"
        run.fail("no vehicles")


def names(command: Command, *words: str) -> list[str]:
    return [run["name"] for run in command("list", "--json", *words).json]


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        (["--status", "failed"], ["broken"]),
        (["--status", "failed", "--status", "running"], ["broken"]),
        (["--app", "packing"], ["broken", "100% sure"]),
        (["--app", "pack"], []),
        (["--name", "nightly"], ["Nightly_plan", "nightly plan"]),
        (["--name", "y_p"], ["Nightly_plan"]),
        (["--name", "0% s"], ["100% sure"]),
        (["--name", "*plan"], ["Nightly_plan", "nightly plan"]),
        (["--name", "plan*"], []),
        (["--name", "nightly?plan"], ["Nightly_plan", "nightly plan"]),
        (["--delivery", "local"], ["broken"]),
        (["--since", "1h", "--status", "failed"], ["broken"]),
        (["--since", "0s"], []),
        (["--where", "value<100"], ["100% sure", "nightly plan"]),
        (["--where", "value < 100", "--where", "value>=30"], ["nightly plan"]),
        (["--where", "status=infeasible"], ["broken"]),
        (["--where", "status!=optimal"], ["broken"]),
        (["--where", "solver.gap>10"], ["Nightly_plan"]),
        (["--where", "value=7.0"], ["100% sure"]),
        (["--where", "value>many"], []),
        (["--where", "nothing<1"], []),
        (["--where", "duration>=60"], []),
        (["--where", "duration<60", "--name", "sure"], ["100% sure"]),
    ],
)
def test_runs_are_chosen_by(command: Command, words: list[str], chosen: list[str]):
    assert names(command, *words) == chosen


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["--sort", "value"], "100% sure"),
        (["--sort", "value", "--reverse"], "Nightly_plan"),
        (["--sort", "solver.gap"], "100% sure"),
        (["--sort", "name"], "100% sure"),
        (["--sort", "name", "--reverse"], "Nightly_plan"),
        (["--reverse"], "nightly plan"),
        (["--sort", "started"], "broken"),
    ],
)
def test_runs_are_sorted_by(command: Command, words: list[str], first: str):
    everything = names(command, *words)
    assert (everything[0], len(everything)) == (first, 4)
    assert names(command, *words, "--limit", "2") == everything[:2]


@pytest.mark.usefixtures("runs")
def test_the_longest_comes_first_when_sorted_by_duration(command: Command):
    runs = command("list", "--json", "--sort", "duration").json
    durations = [run["duration"] for run in runs]
    assert durations == sorted(durations, reverse=True)


@pytest.mark.usefixtures("runs")
def test_what_has_no_such_value_comes_last_either_way(command: Command):
    for words in (["--sort", "value"], ["--sort", "value", "--reverse"]):
        assert names(command, *words)[-1] == "broken"


@pytest.mark.usefixtures("runs")
def test_where_no_run_is_like_that_it_says_so(command: Command):
    said = command("list", "--name", "nobody")
    assert (said.code, said.out, said.err) == (0, "No run is like that.\n", "")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--status", "done"], "none of running, succeeded, failed"),
        (["--delivery", "sent"], "none of local, waiting"),
        (["--since", "soon"], "such as 90s, 2h"),
        (["--since", "0001-01-01"], "such as 90s, 2h"),
        (["--where", "value"], "such as 'value<100'"),
        (["--where", "<3"], "such as 'value<100'"),
        (["--name", " "], "it is empty"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    command: Command, words: list[str], named: str
):
    said = command("list", *words)
    assert (said.code, said.out) == (2, "")
    assert named in said.err
    assert words[0] in said.err


@pytest.mark.parametrize(
    ("text", "seconds_ago"),
    [
        ("90s", 90),
        ("5 min", 300),
        ("2h", 7200),
        ("1.5h ago", 5400),
        ("3d", 259_200),
        ("1 week", 604_800),
        ("2026-11-24T11:59:00Z", 60),
        ("2026-11-24 13:59:00+02:00", 60),
    ],
)
def test_moments(text: str, seconds_ago: float):
    assert moment(text, NOW) == NOW - seconds_ago


def test_moments_without_a_zone_are_those_of_the_clock_on_the_wall():
    today = datetime.fromtimestamp(NOW).astimezone().date().isoformat()
    assert moment(today, NOW) == moment("today", NOW) <= NOW
    assert moment("yesterday", NOW) < moment("today", NOW)


def test_a_condition_compares_what_can_be_compared():
    assert condition("proved=true").holds({"proved": True})
    assert not condition("proved=true").holds({"proved": 1})
    assert condition("n!=3").holds({"n": "three"})
    assert not condition("n>3").holds({"n": "three"})
    assert not condition("n=1").holds({"n": [1]})
    assert condition("bound>inf").holds({"bound": 1}) is False
    assert condition("word='a b'").holds({"word": "a b"})
