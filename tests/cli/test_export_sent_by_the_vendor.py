"""Exported runs that the vendor's own sync sends: on the platform once, whoever is first."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from nextmv_autotrack import Application, track_run
from nextmv_autotrack.store import Store
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command
from tests.platform_server.handle import Platform
from tests.project.paths import python

pytestmark = [
    pytest.mark.skipif(
        find_spec("nextmv") is None,
        reason="nextmv is not installed: it is in the group `test`",
    ),
    pytest.mark.timeout(120),
]

INPUTS = [{"towns": 3}, [1, 2], 7, "text", None, True]

SYNC = """
import os, sys
import nextmv.cloud, nextmv.local

key, url = os.environ["NEXTMV_API_KEY"], os.environ["NEXTMV_ENDPOINT"]
target = nextmv.cloud.Application(
    client=nextmv.cloud.Client(api_key=key, url=url), id="my-app"
)
instance = sys.argv[2] if len(sys.argv) > 2 else None
nextmv.local.Application(src=sys.argv[1]).sync(target=target, instance_id=instance)
"""


@pytest.fixture(autouse=True)
def my_app(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXTMV_API_KEY", platform.key)
    monkeypatch.setenv("NEXTMV_ENDPOINT", platform.endpoint)
    with Application("my-app") as app:
        app.create()


@pytest.fixture
def ids(tracker: Tracker) -> list[str]:
    """Runs that are here only, of inputs of each kind."""
    ids = []
    for number, given in enumerate(INPUTS):
        with track_run(f"solve {number}", input=given) as run:
            run.output = {"routes": []}
        ids.append(run.id)
    return ids


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


def export(command: Command, folder: Path, *words: str) -> None:
    assert command("export", str(folder), *words, "--format", "nextmv-local").code == 0


def vendor_syncs(folder: Path, *words: str) -> None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    Path(environ["HOME"]).mkdir(exist_ok=True)
    done: subprocess.CompletedProcess[str] = python(
        "-c", SYNC, str(folder), *words, environ=environ
    )
    assert done.returncode == 0, done.stderr


def we_sync(command: Command) -> None:
    said = command("sync", "--local", "--app-id", "my-app")
    assert (said.code, said.err) == (0, "")


def markers(platform: Platform) -> list[str]:
    """The ids that runs of the platform carry."""
    told = [run.body["description"] for run in platform.runs()]
    return sorted(text.partition("autotrack:")[2].split()[0] for text in told)


def test_what_the_vendor_has_sent_is_not_sent_again(
    command: Command, platform: Platform, ids: list[str], folder: Path, home: Path
):
    export(command, folder)
    vendor_syncs(folder)
    assert markers(platform) == sorted(ids)
    we_sync(command)
    assert markers(platform) == sorted(ids)
    theirs = {run.id for run in platform.runs()}
    with Store.open(home) as store:
        assert {store.run(run_id).platform_run_id for run_id in ids} == theirs


def test_what_we_have_sent_is_marked_and_not_sent_again(
    command: Command, platform: Platform, ids: list[str], folder: Path
):
    export(command, folder)
    we_sync(command)
    export(command, folder)
    vendor_syncs(folder)
    vendor_syncs(folder, "latest")
    assert markers(platform) == sorted(ids)


def test_what_the_vendor_has_sent_in_part_is_sent_whole(
    command: Command, platform: Platform, ids: list[str], folder: Path
):
    export(command, folder, *ids[:2])
    vendor_syncs(folder)
    export(command, folder)
    we_sync(command)
    assert markers(platform) == sorted(ids)


def test_a_run_that_waits_and_was_exported_is_sent_once(
    command: Command, platform: Platform, folder: Path, tracker: Tracker
):
    tracker.configure({"endpoint": platform.endpoint})
    with track_run(destination="cloud", app_id="my-app", input=[1]) as run:
        pass
    export(command, folder)
    vendor_syncs(folder)
    assert command("sync").code == 0
    assert markers(platform) == [run.id]


def test_what_was_rejected_after_it_was_exported_is_looked_for_again(
    command: Command, platform: Platform, folder: Path, tracker: Tracker
):
    tracker.configure({"endpoint": platform.endpoint})
    with track_run(destination="cloud", app_id="my-app", input=[1]) as run:
        pass
    export(command, folder)
    platform.fail_next(status=422, method="POST", path="/runs$")
    assert command("sync").code == 1
    vendor_syncs(folder)
    assert command("retry").code == 0
    assert command("sync").code == 0
    assert markers(platform) == [run.id]


def test_files_arrive_as_files(
    platform: Platform, command: Command, tracker: Tracker, tmp_path: Path, folder: Path
):
    stops = tmp_path / "stops"
    stops.mkdir()
    (stops / "a.csv").write_text("a,b\n")
    with track_run("files", input_dir=stops, output_dir=stops) as run:
        run.metrics["value"] = 7
    export(command, folder)
    vendor_syncs(folder)
    (arrived,) = platform.runs()
    assert arrived.body["configuration"]["format"] == {
        "input": {"type": "multi-file"},
        "output": {"type": "multi-file"},
    }
    for archive in (arrived.input, arrived.output):
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            assert tar.getnames() == ["a.csv"]
    assert json.loads(arrived.metrics)["value"] == 7


def test_inputs_that_are_no_objects_arrive_in_one_and_texts_as_they_are(
    platform: Platform, command: Command, ids: list[str], folder: Path
):
    export(command, folder)
    vendor_syncs(folder)
    arrived = {run.body["name"]: run.given for run in platform.runs()}
    assert arrived == {
        "solve 0": {"towns": 3},
        "solve 1": {"input": [1, 2]},
        "solve 2": {"input": 7},
        "solve 3": "text",
        "solve 4": {},
        "solve 5": {"input": True},
    }
