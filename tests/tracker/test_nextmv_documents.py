"""What Nextmv's own SDK reads of the runs that have arrived."""

from __future__ import annotations

import json
import math
import shutil

import pytest

from nextmv_autotrack import (
    Application,
    TrackedRun,
    current_run,
    last_run,
    track_run,
    tracked,
)
from nextmv_autotrack.store import MEASURED

nextmv = pytest.importorskip("nextmv", exc_type=ImportError)
cloud = pytest.importorskip("nextmv.cloud", exc_type=ImportError)
go = pytest.importorskip("plotly.graph_objects", exc_type=ImportError)
folium = pytest.importorskip("folium", exc_type=ImportError)

PATIENCE_S = 20

POINT = {"type": "Point", "coordinates": [7.1, 50.7]}
CHART = {"type": "bar", "data": {"labels": ["a"], "datasets": [{"data": [1]}]}}


@pytest.fixture(autouse=True)
def _nothing_of_where_it_was_made(to_platform):
    """Nothing but what the run is given and gives is sent of it."""
    to_platform.configure({"environment": "none"})


@pytest.fixture
def theirs(platform):
    """The application as the SDK sees it."""
    client = cloud.Client(api_key=platform.key, url=platform.endpoint)
    return cloud.Application(client=client, id="routing")


def test_an_output_arrives_as_the_document_that_the_sdk_would_send(
    to_platform, platform, theirs
):
    output = nextmv.Output(
        solution={"routes": [[1, 2], [3]]},
        metrics={"value": 42.0, "solver": {"gap": 0.1}},
        statistics=nextmv.Statistics(
            run=nextmv.RunStatistics(duration=1.5, iterations=3),
            result=nextmv.ResultStatistics(value=42.0, custom={"stops": 3}),
            series_data=nextmv.SeriesData(
                value=nextmv.Series(
                    name="cost", data_points=[nextmv.DataPoint(x=1.0, y=50.0)]
                )
            ),
        ),
        assets=[
            nextmv.Asset(
                name="load",
                content=[CHART],
                visual=nextmv.Visual(
                    visual_schema=nextmv.VisualSchema.CHARTJS, label="Load"
                ),
            )
        ],
        options={"vehicles": 2},
    )
    tracked(lambda: output)()
    assert to_platform.flush(PATIENCE_S)
    (run,) = platform.runs()
    found = theirs.run_result(run.id).output
    ours = {name: found["metrics"].pop(name) for name in MEASURED & {*found["metrics"]}}
    assert found == output.to_dict()
    assert nextmv.Statistics.from_dict(found["statistics"]) == output.statistics
    assert [nextmv.Asset.from_dict(one) for one in found["assets"]] == output.assets
    assert ours["cpu_s"] >= 0


def test_what_is_handed_to_the_assets_is_drawn_by_what_the_platform_has(
    to_platform, platform, theirs
):
    shown = folium.Map(location=[50.7, 7.1])
    folium.Marker([50.7, 7.1], tooltip="depot").add_to(shown)
    figure = go.Figure(go.Scatter(y=[1, 2]), layout={"title": "Cost"})
    with track_run(input=1) as run:
        run.assets = [figure, POINT]
        run.assets.append(shown)
        run.assets.append(CHART)
        figure.data[0].y = [3, 4]
    figure.data[0].y = [5, 6]
    assert to_platform.flush(PATIENCE_S)
    (sent,) = platform.runs()
    output = theirs.run_result(sent.id).output
    assets = [nextmv.Asset.from_dict(one) for one in output["assets"]]
    assert [one.visual.visual_schema.value for one in assets] == [
        "plotly",
        "geojson",
        "geojson",
        "chartjs",
    ]
    assert [one.name for one in assets] == ["Cost", "map", "map-2", "chart"]
    # As it was when the run ended.
    assert assets[0].content[0]["data"][0]["y"] == [3, 4]


@pytest.mark.parametrize("one", ["figure", "dict", "chart"])
def test_one_that_is_assigned_is_a_list_of_it(to_platform, platform, one):
    given = {"figure": go.Figure(), "dict": POINT, "chart": CHART}[one]
    with track_run(input=1) as run:
        run.assets = given
    assert to_platform.flush(PATIENCE_S)
    (sent,) = platform.runs()
    (asset,) = sent.document["assets"]
    assert asset["visual"]["schema"] in {"plotly", "geojson", "chartjs"}


def test_a_run_with_an_unknown_schema_arrives_with_a_note(
    to_platform, platform, theirs, caplog
):
    @tracked
    def solve(data):
        asset = {"name": "map", "content": 1, "visual": {"schema": "custom"}}
        return {"solution": data, "assets": [asset]}

    solve(1)
    assert to_platform.flush(PATIENCE_S)
    (run,) = platform.runs()
    (asset,) = theirs.run_result(run.id).output["assets"]
    assert nextmv.Asset.from_dict(asset).visual is None
    assert b"asset 'map' is kept without its visual" in run.logs
    (record,) = caplog.records
    assert "'custom'" in record.getMessage()


def test_metrics_that_are_set_can_be_compared_by_the_sdk(
    to_platform, platform, theirs, caplog
):
    for bound in (1.0, math.inf):
        with track_run(input=1) as run:
            run.metrics = {"solver": {"gap": 0.1, "bound": bound}, "used": [1, 2]}
            run.metrics["value"] = 7
        # One after the other, for the order in which they are there.
        assert to_platform.flush(PATIENCE_S)
    first, second = platform.runs()
    seen = first.document["metrics"]
    assert {name: seen[name] for name in seen if name[:3] not in {"cpu", "pea"}} == {
        "solver.gap": 0.1,
        "solver.bound": 1.0,
        "used": "[1,2]",
        "value": 7,
    }
    assert "solver.bound" not in second.document["metrics"]
    assert b"'solver.bound' is left out: it is not a finite number" in second.logs
    comparison = theirs.compare_runs([first.id, second.id])
    assert "solver.gap" in json.dumps(comparison, default=vars)


def test_metrics_of_a_document_stay_as_the_user_has_them(to_platform, platform, caplog):
    @tracked(metrics=lambda _: {"solver": {"gap": 0.5}})
    def solve(data):
        current_run().metrics["value"] = 1
        return {"metrics": {"solver": {"gap": math.nan, "cuts": 3}, "value": 2}}

    solve(1)
    assert to_platform.flush(PATIENCE_S)
    (run,) = platform.runs()
    metrics = run.document["metrics"]
    assert metrics["solver"] == {"cuts": 3}
    assert (metrics["solver.gap"], metrics["value"]) == (0.5, 1)
    assert b"metric 'solver.gap' is left out" in run.logs


def test_options_of_all_kinds_are_texts_and_there_once(
    to_platform, platform, theirs, monkeypatch
):
    monkeypatch.setattr("sys.argv", ["model", "-gap", "0.5"])
    options = nextmv.Options(
        nextmv.Option("gap", float, 0.1), nextmv.Option("fast", bool, default=True)
    )
    options.parse()

    @tracked(options=["limit"])
    def solve(given, options, limit):
        current_run().options["mode"] = "exact"
        return given.data

    solve(nextmv.Input(data=[1], options={"gap": 9, "seed": 3}), options, limit=None)
    assert to_platform.flush(PATIENCE_S)
    (run,) = platform.runs()
    assert run.body["options"] == {
        **options.to_dict_cloud(),
        "seed": "3",
        "limit": "null",
        "mode": "exact",
    }
    read = theirs.run_information(run.id).metadata.options
    assert read.request_options == run.body["options"]


@pytest.mark.parametrize("shared", ["none", "versions"])
def test_an_output_without_assets_says_so_unless_there_are_some_of_ours(
    to_platform, platform, shared
):
    to_platform.configure({"environment": shared})
    tracked(lambda: nextmv.Output(solution={"a": 1}))()
    assert to_platform.flush(PATIENCE_S)
    (run,) = platform.runs()
    assert run.output.count(b'"assets"') == 1
    names = [asset["name"] for asset in run.document["assets"]]
    assert names == ([] if shared == "none" else ["autotrack_environment"])


# How the SDK unpacks them is warned of from 3.12 to 3.13.
@pytest.mark.filterwarnings("ignore:Python 3.14 will:DeprecationWarning")
@pytest.mark.parametrize("has_failed", [False, True], ids=["succeeded", "failed"])
def test_the_sdk_reads_the_files_of_a_run_back(
    to_platform, platform, theirs, tmp_path, has_failed
):
    plan, back = tmp_path / "plan", tmp_path / "back"
    plan.mkdir()
    (plan / "routes.csv").write_text("1,2\n")
    with track_run(input={"stops": 3}, output_dir=plan, name="routes") as run:
        run.metrics["value"] = 7
        if has_failed:
            run.fail("no vehicles")
    assert to_platform.flush(PATIENCE_S)
    (sent,) = platform.runs()
    found = theirs.run_result(sent.id, output_dir_path=str(back))
    assert (found.id, found.name) == (sent.id, "routes")
    assert found.metadata.run_is_finalized()
    assert found.metadata.metrics["value"] == 7
    assert (back / "routes.csv").read_text() == "1,2\n"
    assert theirs.run_input(sent.id) == {"stops": 3}
    error = found.error_log.error if found.error_log else None
    assert error == ("no vehicles" if has_failed else None)


def test_the_sdk_reads_what_it_can_of_a_text(to_platform, platform, theirs, tmp_path):
    tracked(lambda model: model)("NAME model")
    assert to_platform.flush(PATIENCE_S)
    (sent,) = platform.runs()
    assert theirs.run_input(sent.id) == "NAME model"
    # It asks for the output as for files, and finds the text that was uploaded: whoever
    # needs it reads it from there.
    with pytest.raises(shutil.ReadError):
        theirs.run_result(sent.id, output_dir_path=str(tmp_path))
    assert last_run().result(PATIENCE_S).output == "NAME model"


@pytest.mark.parametrize("way", ["argument", "block", "set", "set instead"])
def test_a_managed_input_is_sent_by_its_id_and_not_uploaded(to_platform, platform, way):
    managed = cloud.ManagedInput(id="depot-1", name="Depot")
    if way == "argument":
        tracked(lambda given: None)(managed)
    elif way == "block":
        with track_run(input=managed):
            pass
    else:
        with track_run(
            input=[1] if way == "set" else cloud.ManagedInput(id="x")
        ) as run:
            run.input = managed
    assert to_platform.flush(PATIENCE_S)
    (run,) = platform.runs()
    assert run.body["input_id"] == "depot-1"
    assert "upload_id" not in run.body
    assert not [seen for seen in platform.requests() if b"Depot" in seen.path.encode()]
    uploads = [seen for seen in platform.requests() if seen.is_storage]
    assert len(uploads) == bool(run.output)


def test_an_input_that_is_set_later_takes_the_place_of_a_managed_one(
    to_platform, platform
):
    with track_run(input=cloud.ManagedInput(id="depot-1")) as run:
        run.input = {"stops": 3}
    assert to_platform.flush(PATIENCE_S)
    (sent,) = platform.runs()
    assert "input_id" not in sent.body
    assert json.loads(sent.input) == {"stops": 3}


def test_a_run_told_by_hand_takes_a_managed_input_too(platform):
    run = TrackedRun(
        "succeeded", input=cloud.ManagedInput(id="depot-1"), output={"a": 1}
    )
    with Application(
        "routing", api_key=platform.key, endpoint=platform.endpoint
    ) as app:
        app.track_run(run)
    (sent,) = platform.runs()
    assert sent.body["input_id"] == "depot-1"
    assert sent.document == {"a": 1}
