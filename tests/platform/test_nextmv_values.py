"""Values of the vendor's SDK, as they are."""

from __future__ import annotations

import gc
import json
import sys

import pytest

from nextmv_autotrack import InvalidRunError, Status, TrackedRun
from nextmv_autotrack.platform import submissions
from nextmv_autotrack.platform.tracked_run import as_tracked_run

nextmv = pytest.importorskip("nextmv", exc_type=ImportError)

SUCCEEDED = nextmv.TrackedRunStatus.SUCCEEDED


@pytest.fixture
def options(monkeypatch):
    # As in a program with options of its own, which are not the model's.
    monkeypatch.setattr(sys, "argv", ["serve", "--port", "80"])
    return nextmv.Options(
        nextmv.Option("gap", float, 0.1), nextmv.Option("path", str, "data")
    )


def test_a_tracked_run_is_taken_as_it_is_with_its_milliseconds(tmp_path):
    theirs = nextmv.TrackedRun(
        status=SUCCEEDED,
        input={"stops": 3},
        output={"routes": []},
        duration=1500,
        logs=["one", "two"],
        name="nightly",
        description="for the depot",
        metrics={"value": 1},
    )
    ours = as_tracked_run(theirs)
    assert (ours.status, ours.duration, ours.logs) == (
        Status.SUCCEEDED,
        1.5,
        "one\ntwo",
    )
    assert (ours.input, ours.output) == ({"stops": 3}, {"routes": []})
    assert (ours.name, ours.description) == ("nightly", "for the depot")
    assert ours.metrics == {"value": 1}
    failed = nextmv.TrackedRun(nextmv.TrackedRunStatus.FAILED, {}, error="no vehicles")
    assert as_tracked_run(failed).error == "no vehicles"


def test_its_folders_go_before_its_values_as_the_sdk_says(tmp_path):
    theirs = nextmv.TrackedRun(
        status=SUCCEEDED,
        input={"stops": 3},
        output={"a": 1},
        input_dir_path=str(tmp_path),
        output_dir_path=str(tmp_path),
    )
    ours = as_tracked_run(theirs)
    assert (ours.input, ours.output) == (None, None)
    assert (ours.input_dir, ours.output_dir) == (tmp_path, tmp_path)


def test_its_faults_are_told_as_ours_are():
    theirs = nextmv.TrackedRun(status=SUCCEEDED, duration=-5)
    with pytest.raises(InvalidRunError, match=r"^duration must be"):
        as_tracked_run(theirs)


def test_an_input_is_its_data():
    assert TrackedRun("failed", input=nextmv.Input(data={"a": 1})).input == {"a": 1}


def test_an_output_is_the_document_it_stands_for(options):
    output = nextmv.Output(
        solution={"x": 1},
        metrics={"value": 2},
        assets=[
            nextmv.Asset(
                name="map",
                content={},
                visual=nextmv.Visual(
                    visual_schema=nextmv.VisualSchema.PLOTLY, label="Map"
                ),
            ),
            {"name": "raw", "content": 1},
        ],
        options={"gap": 0.1},
    )
    found = TrackedRun("succeeded", output=output).output
    assert json.loads(json.dumps(found)) == output.to_dict()


def test_options_are_read_without_the_command_line_of_the_program(options):
    # Where the SDK does so itself, `path` is what PATH says.
    run = TrackedRun("succeeded", options=options)
    assert run.options == {"gap": "0.1", "path": "data"}
    assert not options.PARSED


def test_options_that_were_parsed_have_the_values_of_then(options, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["model", "-gap", "0.5"])
    options.parse()
    assert TrackedRun("succeeded", options=options).options["gap"] == "0.5"


def test_an_empty_solution_is_one():
    for solution in ([], 0, ""):
        output = nextmv.Output(solution=solution)
        assert TrackedRun("failed", output=output).output["solution"] == solution


def test_files_that_are_not_written_yet_are_refused():
    output = nextmv.Output(
        output_format=nextmv.ContentFormat.MULTI_FILE,
        solution_files=[nextmv.json_solution_file(name="plan", data={})],
    )
    with pytest.raises(InvalidRunError, match="give it as output_dir"):
        TrackedRun("succeeded", output=output)


def test_a_run_of_the_sdk_arrives(app, platform):
    theirs = nextmv.TrackedRun(
        status=SUCCEEDED,
        input=nextmv.Input(data={"stops": 3}),
        output=nextmv.Output(solution={"x": 1}, metrics={"value": 2}),
        duration=1500,
        logs=["one", "two"],
    )
    app.track_run(theirs)
    (run,) = platform.runs()
    assert json.loads(run.input) == {"stops": 3}
    assert run.document["metrics"] == {"value": 2}
    assert run.logs == b"one\ntwo"
    assert run.result["execution_duration"] == 1500


def test_a_run_of_the_sdk_is_one_run_too_and_leaves_nothing_behind(app, platform):
    theirs = nextmv.TrackedRun(status=SUCCEEDED)
    assert app.track_run(theirs) == app.track_run(theirs)
    assert len(platform.runs()) == 1
    known = len(submissions._submissions_of)
    del theirs
    gc.collect()
    assert len(submissions._submissions_of) < known


def test_a_run_of_the_sdk_that_was_changed_is_another_run(app, platform):
    theirs = nextmv.TrackedRun(status=SUCCEEDED, name="first", output={"v": 1})
    first = app.track_run(theirs)
    theirs.name, theirs.output = "second", {"v": 2}
    second = app.track_run(theirs)
    theirs.output["v"] = 3
    third = app.track_run(theirs)
    assert [run.id for run in platform.runs()] == [first, second, third]
    assert [run.document["v"] for run in platform.runs()] == [1, 2, 3]
    assert app.track_run(theirs) == third


def test_a_run_of_the_sdk_whose_files_were_written_anew_is_another_run(
    app, platform, tmp_path
):
    file = tmp_path / "plan.txt"
    theirs = nextmv.TrackedRun(status=SUCCEEDED, output_dir_path=str(tmp_path))
    for text in ("one", "three"):
        file.write_text(text)
        assert app.track_run(theirs) == app.track_run(theirs)
    first, second = platform.runs()
    assert first.output != second.output


def test_figures_maps_and_charts_are_assets_as_they_are_on_a_run(app, platform):
    go = pytest.importorskip("plotly.graph_objects", exc_type=ImportError)
    point = {"type": "Point", "coordinates": [7.1, 50.7]}
    app.track_run(TrackedRun("succeeded", output=1, assets=[go.Figure(), point]))
    (run,) = platform.runs()
    assets = [nextmv.Asset.from_dict(one) for one in run.document["assets"]]
    assert [one.visual.visual_schema.value for one in assets] == ["plotly", "geojson"]
