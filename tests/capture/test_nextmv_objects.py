"""Objects of Nextmv's SDK as arguments, as results, and on a run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import nextmv_autotrack
from nextmv_autotrack import current_run, last_run, track_run, tracked

nextmv = pytest.importorskip("nextmv", exc_type=ImportError)
cloud = pytest.importorskip("nextmv.cloud", exc_type=ImportError)


@pytest.fixture
def options(monkeypatch):
    """Options of a model, in a program whose command line is not for it."""
    monkeypatch.setattr(sys, "argv", ["serve", "--help"])
    return nextmv.Options(
        nextmv.Option("gap", float, 0.1), nextmv.Option("path", str, "data")
    )


@pytest.fixture
def parsed(options, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["model", "-gap", "0.5", "-path", "x"])
    options.parse()
    monkeypatch.setattr(sys, "argv", ["serve", "--help"])
    return options


def test_an_input_is_its_data_and_its_options_are_those_of_the_run(written):
    solve = tracked(lambda given: len(given.data))
    assert solve(nextmv.Input(data={"stops": 3}, options={"gap": 0.1, "fast": True}))
    assert written.run.input == {"stops": 3}
    assert written.run.end["options"] == {"gap": "0.1", "fast": "true"}


@pytest.mark.parametrize("data", ["1 2\n3", [1, 2], {"a.csv": [{"x": 1}]}], ids=str)
def test_an_input_of_any_format_is_its_data(written, data):
    given = nextmv.Input(data={}, input_format=nextmv.ContentFormat.JSON)
    given.data = data
    tracked(lambda given: None)(given)
    assert written.run.input == data


def test_an_input_among_others_is_its_data_by_its_name(written):
    @tracked
    def solve(given, limit=10):
        return limit

    solve(nextmv.Input(data={"stops": 3}))
    assert written.run.input == {"given": {"stops": 3}, "limit": 10}


def test_an_input_inside_another_value_says_how_it_was_read(written):
    tracked(lambda given: None)({"first": nextmv.Input(data=[1], options={"a": 1})})
    assert written.run.input == {
        "first": {"input_format": "json", "options": {"a": 1}, "data": [1]}
    }


def test_an_argument_that_is_options_is_no_input(written, parsed):
    @tracked
    def solve(given, options):
        return options.gap

    assert solve(nextmv.Input(data={"stops": 3}), parsed) == 0.5
    assert written.run.input == {"stops": 3}
    assert written.run.end["options"] == {"gap": "0.5", "path": "x"}


def test_options_as_the_only_argument_leave_an_empty_input(written, parsed):
    tracked(lambda options: None)(parsed)
    assert written.run.input == {}
    assert written.run.end["options"] == {"gap": "0.5", "path": "x"}


def test_options_are_found_behind_the_object_of_a_method(written, parsed):
    class Model:
        @tracked
        def solve(self, data, options):
            return data

    Model().solve([1], parsed)
    assert (written.run.input, written.run.end["options"]["gap"]) == ([1], "0.5")


def test_options_that_nobody_has_parsed_are_not_parsed_by_us(written, options):
    # `--help` is in the command line: parsing would end the program.
    @tracked
    def solve(data, options):
        return data

    solve([1], options)
    with track_run(input=options, options=options) as run:
        run.options = options
        run.metrics["options"] = options
        run.output = {"solution": options, "metrics": {"options": options}}
    assert not vars(options).get("PARSED")
    assert [run.status for run in written.runs] == ["succeeded"] * 2
    assert written.runs[0].input == [1]
    assert written.runs[0].end.get("options", {}) == {}


def test_options_that_the_model_parses_have_the_values_it_has_used(
    written, options, monkeypatch
):
    @tracked
    def solve(data, options):
        return options.gap

    monkeypatch.setattr(sys, "argv", ["model", "-gap", "0.25"])
    monkeypatch.setenv("PATH", "here")
    assert solve([1], options) == 0.25
    assert written.run.end["options"] == {"gap": "0.25", "path": "here"}


def test_later_options_go_before_earlier_ones(written, parsed):
    @tracked(options=["path"])
    def solve(given, options, path):
        current_run().options["set"] = 1

    solve(nextmv.Input(data=1, options={"gap": 9, "own": 1}), parsed, path="named")
    assert written.run.end["options"] == {
        "gap": "0.5",
        "own": "1",
        "path": "named",
        "set": "1",
    }


def test_options_that_are_named_are_taken_by_their_values(written, parsed):
    @tracked(options=["options"])
    def solve(data, options):
        return data

    solve([1], parsed)
    assert written.run.end["options"] == {"gap": "0.5", "path": "x"}


def test_an_argument_that_is_asked_for_as_the_input_is_the_input(written, parsed):
    @tracked(input=["options"])
    def solve(data, options):
        return data

    solve([1], parsed)
    assert written.run.input == {"options": {"gap": 0.5, "path": "x"}}


def test_an_input_that_is_computed_may_be_one_of_theirs(written):
    tracked(input=lambda data: nextmv.Input(data=data[0]))(lambda data: None)([[7]])
    assert written.run.input == [7]


def test_a_block_takes_inputs_and_options_too(written, parsed):
    given = nextmv.Input(data=[1], options={"a": 1, "gap": 1})
    with track_run(input=given, options=parsed) as run:
        assert run.options == {"gap": 0.5, "path": "x"}
        run.options["b"] = "text"
    assert written.run.input == [1]
    assert written.run.end["options"] == {
        "a": "1",
        "gap": "0.5",
        "path": "x",
        "b": "text",
    }


def test_options_of_a_run_may_be_set_to_theirs(written, parsed):
    with track_run() as run:
        run.options = {"old": 1}
        run.options = parsed
    assert written.run.end["options"] == {"gap": "0.5", "path": "x"}


def test_a_managed_input_is_told_by_its_id(written):
    tracked(lambda given: None)(cloud.ManagedInput(id="depot-1", name="Depot"))
    parts = [meta for _, meta, _ in written.frames if meta.get("part") == "input"]
    assert [part["input_id"] for part in parts] == ["depot-1"]


def test_an_output_is_its_document(written):
    output = nextmv.Output(
        solution={"x": 1},
        metrics={"value": 2, "solver": {"gap": 0.1}},
        statistics=nextmv.Statistics(result=nextmv.ResultStatistics(value=2.0)),
        assets=[nextmv.Asset(name="raw", content={"a": 1})],
        options={"gap": 0.1},
    )
    assert tracked(lambda: output)() is output
    theirs = output.to_dict()
    assert written.run.is_document
    assert written.run.metrics == theirs.pop("metrics")
    assert written.run.assets == theirs.pop("assets")
    assert written.run.output == theirs


@pytest.mark.parametrize("solution", [None, [], 0, "", [1], {"x": 1}], ids=repr)
def test_whatever_the_solution_is_the_document_is_theirs(written, solution):
    output = nextmv.Output(solution=solution)
    tracked(lambda: output)()
    theirs = output.to_dict()
    assert theirs.pop("metrics") == written.run.metrics == {}
    assert theirs.pop("assets") == written.run.assets == []
    assert written.run.output == theirs


@pytest.mark.filterwarnings("ignore::nextmv.deprecated.NextmvDeprecationWarning")
def test_configurations_of_an_output_are_where_theirs_has_them(written):
    for output in (
        nextmv.Output(solution={}, json_configurations={"indent": 1}),
        nextmv.Output(
            solution={"a": [{"x": 1}]},
            output_format=nextmv.OutputFormat.CSV_ARCHIVE,
            csv_configurations={"delimiter": ";"},
            json_configurations={"indent": 1},
        ),
    ):
        tracked(lambda given=output: given, input=())()
        theirs = output.to_dict()
        del theirs["metrics"], theirs["assets"]
        assert written.runs[-1].output == theirs


def test_an_output_that_is_set_computed_or_raised_around_is_one_too(written):
    output = nextmv.Output(solution=[1], metrics={"value": 1})
    with track_run() as run:
        run.output = output
    tracked(output=lambda _: output)(lambda: 5)()
    with pytest.raises(ValueError), track_run() as run:  # noqa: PT011 -- it is ours
        run.output = output
        raise ValueError
    assert [run.output["solution"] for run in written.runs] == [[1]] * 3
    assert [run.metrics for run in written.runs] == [{"value": 1}] * 3


def test_files_that_an_output_is_to_write_are_its_solution(written):
    output = nextmv.Output(
        output_format=nextmv.ContentFormat.MULTI_FILE,
        solution_files=[nextmv.json_solution_file(name="plan", data={"a": 1})],
        metrics={"value": 3},
    )
    tracked(lambda: output)()
    assert written.run.output["solution"] == {"plan.json": {"a": 1}}
    assert written.run.metrics == {"value": 3}


def test_statistics_in_a_dict_are_read_back_as_theirs(written):
    statistics = nextmv.Statistics(
        run=nextmv.RunStatistics(duration=1.5, iterations=3, custom={"a": [1]}),
        result=nextmv.ResultStatistics(value=7.0),
        series_data=nextmv.SeriesData(
            value=nextmv.Series(
                name="cost", data_points=[nextmv.DataPoint(x=1.0, y=2.0)]
            )
        ),
    )
    tracked(lambda: {"solution": 1, "statistics": statistics})()
    found = written.run.output["statistics"]
    assert found == statistics.to_dict()
    assert nextmv.Statistics.from_dict(found) == statistics


def test_the_recorded_run_still_says_what_it_was_given(written):
    given = nextmv.Input(data=[1])
    with track_run() as run:
        run.input = given
        assert run.input is given
    assert last_run().id == run.id
    assert written.run.input == [1]


PROGRAM = """
import os, sys
import nextmv
from nextmv_autotrack import current_run, shutdown, track_run, tracked

options = nextmv.Options(nextmv.Option("path", str, "data"), nextmv.Option("n", int, 1))

@tracked
def solve(given, options):
    current_run().options = options
    current_run().assets = [options, {"name": "o", "content": options}]
    return {"metrics": {"o": options}, "solution": [options]}

@tracked(options="options", metrics=lambda _: options)
def named(options):
    return options

solve(nextmv.Input(data={"a": 1}), options)
named(options)
with track_run(input={"deep": [options]}, options=options) as run:
    run.output = options
    run.metrics = options
    run.assets = options
shutdown(0)
assert not vars(options).get("PARSED"), "somebody has parsed them"
print("went on")
"""


def test_a_program_with_help_in_its_command_line_goes_on(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--help", "--n", "no number"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={
            "PATH": "is no option",
            "PYTHONPATH": str(Path(nextmv_autotrack.__file__).parents[1]),
            "HOME": str(tmp_path),
            "NEXTMV_AUTOTRACK_DIRECTORY": str(tmp_path / "home"),
        },
    )
    assert (done.returncode, done.stdout) == (0, "went on\n"), done.stderr


def test_nothing_of_it_is_imported_for_those_who_do_not_use_it(tmp_path):
    program = (
        "import sys; from nextmv_autotrack import tracked, track_run\n"
        "tracked(lambda a: {'metrics': {'n': float('nan')}, 'assets': [{}]})({1: 2})\n"
        "print(json.dumps([m for m in ('nextmv', 'plotly', 'folium', 'altair', 'numpy')"
        " if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import json\n{program}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={
            "PYTHONPATH": str(Path(nextmv_autotrack.__file__).parents[1]),
            "HOME": str(tmp_path),
            "NEXTMV_AUTOTRACK_DIRECTORY": str(tmp_path / "home"),
        },
    )
    assert json.loads(done.stdout) == []


def test_a_class_made_of_theirs_that_lies_costs_no_run(written, as_for_users):
    class Lying(nextmv.Input):
        @property
        def __dict__(self):
            raise RuntimeError("no")

        @__dict__.setter
        def __dict__(self, value):
            pass

    given = Lying(data={"a": 1})
    assert tracked(lambda given: 7)(given) == 7
    assert written.run.status == "succeeded"
