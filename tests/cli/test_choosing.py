"""`list` shows the runs that are asked for, in the order that is asked for."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.cli.conditions import condition
from nextmv_autotrack.cli.moments import moment, seconds
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
        (["--where", "value>1000"], []),
        (["--where", "duration>=60"], []),
        (["--where", "duration>=1min"], []),
        (["--where", "duration<2min 5s", "--name", "sure"], ["100% sure"]),
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


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--where", "nosuch<100"], 0),
        (["--where", "status=optimal", "--where", "nosuch=1"], 0),
        (["--sort", "nosuch"], 4),
        (["--sort", "nosuch", "--limit", "2"], 2),
    ],
)
def test_a_metric_that_no_run_has_is_named_with_those_there_are(
    command: Command, words: list[str], count: int
):
    said = command("list", "--json", *words)
    assert (said.code, len(json.loads(said.out))) == (0, count)
    told = re.fullmatch(r"warning: no run here has a metric 'nosuch'; (.*)\n", said.err)
    assert told is not None
    assert all(name in told[1] for name in ("value", "status", "solver.gap"))
    assert ("No run is like that." in command("list", *words).out) == (count == 0)


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    "words",
    [
        ["--where", "value<0"],
        ["--where", "nosuch<1", "--name", "nobody"],
        ["--sort", "nosuch", "--name", "nobody"],
        ["--sort", "solver.gap", "--name", "sure"],
        ["--where", "duration>1h"],
    ],
)
def test_nothing_is_said_of_metrics_that_are_not_at_fault(
    command: Command, words: list[str]
):
    assert command("list", *words).err == ""


def test_of_many_metrics_only_some_are_named(command: Command, tracker: Tracker):
    with track_run("many") as run:
        run.metrics.update({f"metric_{number}": 1 for number in range(50)})
    said = command("list", "--sort", "nosuch")
    assert re.search(r"metric_0, .* and \d\d more\n", said.err)
    assert len(said.err) < 300


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--status", "done"], "none of running, succeeded, failed"),
        (["--delivery", "sent"], "none of local, waiting"),
        (["--since", "soon"], "such as 90s, 2h"),
        (["--since", "0001-01-01"], "such as 90s, 2h"),
        (["--where", "value"], "such as 'value<100'"),
        (["--where", "<3"], "such as 'value<100'"),
        (["--where", "value<abc"], "'value<abc': 'abc' is no number"),
        (["--where", "proved>=true"], "'true' is no number"),
        (["--where", "value>nan"], "'nan' is no number"),
        (["--where", "duration<abc"], "'abc' is no duration: give seconds, or"),
        (["--where", "duration=5 parsecs"], "'5 parsecs' is no duration"),
        (["--where", "duration<nan"], "'nan' is no duration"),
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


@pytest.mark.parametrize(
    ("text", "wanted_s"),
    [
        ("1.5", 1.5),
        ("300 us", 0.0003),
        ("1ms", 0.001),
        ("2 min 03 s", 123),
        ("1 h 02 min", 3720),
        ("1h30m", 5400),
        ("3 Days", 259_200),
    ],
)
def test_spans_of_time(text: str, wanted_s: float):
    assert seconds(text) == pytest.approx(wanted_s)


def test_moments_without_a_zone_are_those_of_the_clock_on_the_wall():
    today = datetime.fromtimestamp(NOW).astimezone().date().isoformat()
    assert moment(today, NOW) == moment("today", NOW) <= NOW
    assert moment("yesterday", NOW) < moment("today", NOW)


def test_a_condition_compares_what_can_be_compared():
    assert condition("proved=true").holds({"proved": True})
    assert not condition("proved=true").holds({"proved": 1})
    assert condition("n!=3").holds({"n": "three"})
    assert condition("duration<1ms").holds({"duration": 0.0009})
    assert not condition("duration<1ms").holds({"duration": 0.0011})
    assert not condition("duration<1ms").holds({"duration": None})
    assert not condition("n>3").holds({"n": "three"})
    assert not condition("n=1").holds({"n": [1]})
    assert condition("bound>inf").holds({"bound": 1}) is False
    assert condition("word='a b'").holds({"word": "a b"})
