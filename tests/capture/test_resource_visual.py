"""A run of some seconds has a visual of what it has used, behind the user's assets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.capture.circumstances.limits import Limits
from nextmv_autotrack.capture.resources.timeline import Child
from nextmv_autotrack.capture.resources.visual import MOST_POINTS
from tests.capture.test_timeline import S, points
from tests.written import STARTED_NS, Written

OURS = {"name": "mine", "content_type": "json", "content": {"a": 1}}


def long_run(
    written: Written, count: int = 100, assets: Any = (), **settings: Any
) -> list[dict[str, Any]] | None:
    own = Child(STARTED_NS / 1e9 + 1, 2048, S)
    since_ns = int(written.now * S)
    with track_run(**settings) as run:
        for one in points(count):
            seen = one._replace(
                begin_ns=one.begin_ns + since_ns,
                end_ns=one.end_ns + since_ns,
                memory_kib=4096,
                cpu_ns=one.cpu_ns * S // 2,
                children=(own,) if one.cpu_ns > 50 else (),
            )
            written.recorder.timeline.add(seen)
        for asset in assets:
            run.assets.append(asset)
        written.now += count
    found = written.runs[-1].assets
    assert found is None or isinstance(found, list)
    return found


def test_it_shows_memory_and_cpu_over_time(written):
    (asset,) = long_run(written)
    assert asset["name"] == "autotrack_resources"
    assert asset["visual"] == {
        "schema": "plotly",
        "type": "custom-tab",
        "label": "Resources",
    }
    (figure,) = asset["content"]
    lines = {line["name"]: line for line in figure["data"]}
    assert list(lines) == ["memory", "memory of children", "CPU"]
    assert set(lines["memory"]["y"]) == {4.0}
    assert set(lines["memory of children"]["y"]) == {0.0, 2.0}
    assert set(lines["CPU"]["y"]) == {0.5}
    assert lines["memory"]["x"][-1] == 100
    assert len(lines["CPU"]["x"]) == len(lines["CPU"]["y"]) == 99


def test_it_shows_the_limits_of_a_container(written):
    written.recorder.timeline.limits = Limits(8192, 1.5)
    (asset,) = long_run(written)
    lines = {line["name"]: line["y"] for line in asset["content"][0]["data"]}
    assert (lines["memory limit"], lines["CPU limit"]) == ([8.0, 8.0], [1.5, 1.5])
    assert written.run.end["memory_limit_kib"] == 8192
    assert written.run.end["cpu_limit"] == 1.5


def test_it_stands_behind_the_users_assets(written):
    mine, visual = long_run(written, assets=[OURS])
    assert mine == OURS
    assert visual["name"] == "autotrack_resources"


def test_it_stands_behind_assets_of_which_one_was_cut_to_a_summary(written):
    with track_run(max_payload=1024) as run:
        run.assets.append({**OURS, "content": "x" * 5000})
        for one in points(10):
            at_ns = int(written.now * S)
            written.recorder.timeline.add(
                one._replace(begin_ns=at_ns + one.begin_ns, end_ns=at_ns + one.end_ns)
            )
        written.now += 10
    cut, visual = written.run.assets
    assert cut["content"]["truncated"] is True
    assert visual["name"] == "autotrack_resources"


@pytest.mark.parametrize(
    "settings", [{"resources": False}, {}], ids=["switched off", "short"]
)
def test_there_is_none_for(written, settings):
    count = 100 if settings else 4
    assert long_run(written, count, **settings) is None


def test_a_long_one_has_no_more_points_than_can_be_told_apart(written):
    (asset,) = long_run(written, 5000)
    line = asset["content"][0]["data"][0]
    assert MOST_POINTS / 2 <= len(line["x"]) <= MOST_POINTS
    assert len(json.dumps(asset)) < 20_000


def test_plotly_takes_it_for_a_figure(written):
    graph_objects = pytest.importorskip("plotly.graph_objects")
    written.recorder.timeline.limits = Limits(8192, 1.5)
    (asset,) = long_run(written)
    # Unknown members, and values of the wrong kind, are errors.
    figure = graph_objects.Figure(asset["content"][0])
    assert len(figure.data) == 5


def test_nextmv_takes_it_for_an_asset(written):
    nextmv = pytest.importorskip("nextmv")
    (asset,) = long_run(written)
    read = nextmv.Asset.from_dict(asset)
    assert read.visual.visual_schema is nextmv.VisualSchema.PLOTLY
