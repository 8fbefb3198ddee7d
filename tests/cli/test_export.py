"""`export` writes runs as files; the vendor's own package reads them."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from nextmv_autotrack import track_run, tracked
from nextmv_autotrack.cli.export.local_runs import LocalRuns, Written
from nextmv_autotrack.cli.export.workspace import workspace
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.changes import Delivered
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command
from tests.project.paths import python

FIGURE = {"name": "map", "content": {"a": [1]}, "content_type": "json"}

has_nextmv = pytest.mark.skipif(
    find_spec("nextmv") is None,
    reason="nextmv is not installed: it is in the group `test`",
)


@pytest.fixture
def ids(
    command: Command, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The ids of runs of each kind, by their names."""
    # No git is found: what it says would come later, and make a document another.
    monkeypatch.setenv("PATH", "")

    @tracked(name="solved", options=["limit"], app_id="routing")
    def solve(demand: dict[str, int], limit: int = 3) -> dict[str, Any]:
        return {
            "routes": [["bonn", "köln"]],
            "metrics": {"value": 7.5, "solver": {"gap": 0.25}},
            "assets": [FIGURE],
        }

    @tracked(name="a list")
    def listed(numbers: list[int]) -> list[int]:
        return sorted(numbers)

    solve({"köln": 4}, limit=2)
    listed([3, 1, 2])
    with track_run("nothing"):
        pass
    with track_run("failed", input=[1]) as run:
        run.log("first\nsecond")
        run.fail("no vehicles — zu groß")
    assert tracker.flush(20)  # where they were made is known by then
    return {run["name"]: run["id"] for run in command("list", "--json").json}


def export(command: Command, folder: Path, *words: str) -> dict[str, Any]:
    told: dict[str, Any] = command(
        "export", str(folder), *words, "--format", "nextmv-local", "--json"
    ).json
    return told


def information(folder: Path, run_id: str) -> dict[str, Any]:
    path = folder / ".nextmv" / "runs" / run_id / f"{run_id}.json"
    told: dict[str, Any] = json.loads(path.read_bytes())
    return told


def test_json_is_a_file_a_run_as_show_prints_it(
    command: Command, ids: dict[str, str], tmp_path: Path
):
    folder = tmp_path / "new" / "runs"
    said = command("export", "--format", "json", str(folder))
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("4 runs written to")
    assert {path.name for path in folder.iterdir()} == {
        f"{i}.json" for i in ids.values()
    }
    for run_id in ids.values():
        told = json.loads((folder / f"{run_id}.json").read_bytes())
        assert told == command("show", "--json", run_id).json
    assert "4 already there" in command("export", "--format", "json", str(folder)).out


def test_runs_are_chosen_by_id_or_by_what_they_have_in_common(
    command: Command, ids: dict[str, str], tmp_path: Path
):
    first, second = tmp_path / "first", tmp_path / "second"
    assert export(command, first, ids["failed"][:24])["written"] == 1
    assert export(command, second, "--where", "value>1")["written"] == 1
    assert information(second, ids["solved"])["name"] == "solved"


def test_a_run_in_progress_is_left_out(
    command: Command, tracker: Tracker, tmp_path: Path
):
    with track_run("slow"):
        told = export(command, tmp_path / "out")
        assert (told["written"], told["running"]) == (0, 1)
        said = command("export", "--format", "json", str(tmp_path / "json"))
        assert "1 still running and left out" in said.out


def test_a_run_that_the_platform_has_is_marked_as_synced(
    command: Command, ids: dict[str, str], tmp_path: Path, home: Path
):
    folder = tmp_path / "out"
    export(command, folder)
    assert information(folder, ids["solved"])["synced_runs"] is None
    with Store.open(home) as store:
        store.settle("", [Delivered(ids["solved"], "latest-1")])
    told = export(command, folder)
    assert (told["marked"], told["unchanged"], told["written"]) == (1, 3, 0)
    (synced,) = information(folder, ids["solved"])["synced_runs"]
    assert (synced["run_id"], synced["app_id"]) == ("latest-1", "routing")
    assert export(command, folder)["unchanged"] == 4


def test_what_the_vendor_has_added_stays(
    command: Command, ids: dict[str, str], tmp_path: Path, home: Path
):
    folder = tmp_path / "out"
    export(command, folder)
    run_id = ids["solved"]
    path = folder / ".nextmv" / "runs" / run_id / f"{run_id}.json"
    theirs = {"run_id": "latest-0", "app_id": "x", "synced_at": "2026-01-01T00:00:00Z"}
    path.write_text(
        json.dumps(
            {**information(folder, run_id), "synced_runs": [theirs], "output": 1}
        )
    )
    with Store.open(home) as store:
        store.settle("", [Delivered(run_id, "latest-1")])
    assert export(command, folder)["marked"] == 1
    told = information(folder, run_id)
    assert [one["run_id"] for one in told["synced_runs"]] == ["latest-0", "latest-1"]
    assert told["output"] == 1


def test_an_application_that_is_there_keeps_its_manifest(
    command: Command, ids: dict[str, str], tmp_path: Path
):
    (tmp_path / "app.yaml").write_text("files: [model.py]\n")
    export(command, tmp_path)
    assert (tmp_path / "app.yaml").read_text() == "files: [model.py]\n"
    assert (tmp_path / ".nextmv" / ".gitignore").read_text() == "*\n!.gitignore\n"


def test_runs_that_wait_for_our_own_sync_are_a_warning(
    command: Command, tracker: Tracker, tmp_path: Path
):
    with track_run(destination="cloud", app_id="routing"):
        pass
    said = command("export", "--format", "nextmv-local", str(tmp_path / "out"))
    assert said.code == 0
    assert "1 run still to be sent by nextmv-autotrack sync" in said.err
    assert "export again after it" in said.err


def test_one_bad_run_does_not_stop_the_others(
    command: Command, tracker: Tracker, tmp_path: Path, home: Path
):
    with track_run("large", input="x" * 100_000) as large:
        pass
    with track_run("small"):
        pass
    command("list")
    for path in (home / "payloads").rglob("*.json"):
        path.unlink()
    said = command("export", "--format", "nextmv-local", str(tmp_path / "out"))
    assert said.code == 1
    assert said.out.startswith("1 run written")
    assert said.err.startswith(f"warning: run {large.id} is left out")
    runs = tmp_path / "out" / ".nextmv"
    assert len(list((runs / "runs").iterdir())) == 1
    assert not list(runs.glob("unfinished*"))


@pytest.mark.parametrize("content", [None, "[]", '{"id":'])
def test_a_run_whose_document_is_lost_is_written_anew_and_it_is_said(
    command: Command, ids: dict[str, str], tmp_path: Path, content: str | None
):
    run_id = ids["failed"]
    export(command, tmp_path)
    path = tmp_path / ".nextmv" / "runs" / run_id / f"{run_id}.json"
    before = path.read_bytes()
    path.unlink()
    if content is not None:
        path.write_text(content)
    said = command("export", "--format", "nextmv-local", str(tmp_path))
    assert said.code == 0
    assert "1 without a readable document there and written anew" in said.out
    assert "1 run written anew whose document was lost" in said.err
    assert path.read_bytes() == before
    assert export(command, tmp_path)["unchanged"] == 4


@pytest.mark.parametrize(
    "lost", ["inputs/input.json", "outputs/solutions/solution.json", "logs/logs.log"]
)
def test_a_run_that_has_lost_a_file_is_whole_again_and_stays_marked(
    command: Command, ids: dict[str, str], tmp_path: Path, lost: str
):
    run_id = ids["solved"]
    export(command, tmp_path)
    place = tmp_path / ".nextmv" / "runs" / run_id
    theirs = {"run_id": "latest-0", "app_id": "x", "synced_at": "2026-01-01T00:00:00Z"}
    told = {**information(tmp_path, run_id), "synced_runs": [theirs]}
    (place / f"{run_id}.json").write_text(json.dumps(told))
    before = (place / lost).read_bytes()
    (place / lost).unlink()
    assert export(command, tmp_path)["mended"] == 1
    assert (place / lost).read_bytes() == before
    assert information(tmp_path, run_id)["synced_runs"] == [theirs]


def test_an_input_that_was_cut_off_is_whole_again(
    command: Command, ids: dict[str, str], tmp_path: Path
):
    export(command, tmp_path)
    path = tmp_path / ".nextmv" / "runs" / ids["solved"] / "inputs" / "input.json"
    path.write_bytes(b"")
    assert export(command, tmp_path)["mended"] == 1
    assert json.loads(path.read_bytes()) == {"köln": 4}


def test_several_exports_at_once_write_each_run_once(
    command: Command, tracker: Tracker, tmp_path: Path, home: Path
):
    for number in range(30):
        with track_run("solve", input=number):
            pass
    ids = [run["id"] for run in command("list", "--json", "--limit", "0").json]
    together = threading.Barrier(4)

    def take_part(_: int) -> Counter[Written]:
        with Store.open(home) as store, LocalRuns.at(tmp_path / "out") as runs:
            together.wait()
            return Counter(runs.write(store, store.run(run_id)) for run_id in ids)

    with ThreadPoolExecutor(4) as threads:
        counts = sum(threads.map(take_part, range(4)), Counter[Written]())
    assert len(ids) == 30
    assert counts == {Written.NEW: 30, Written.UNCHANGED: 90}
    assert not [*(tmp_path / "out" / ".nextmv").glob("unfinished-*")]


def test_what_an_export_that_was_killed_has_left_is_removed(
    command: Command, ids: dict[str, str], tmp_path: Path
):
    place = tmp_path / ".nextmv"
    export(command, tmp_path, ids["solved"])
    left = place / "unfinished-of-the-dead"
    (left / "a-run").mkdir(parents=True)
    (left / "lock").touch()
    with workspace(place) as own:
        (own / "another-run").mkdir()
        export(command, tmp_path)
        assert [*place.glob("unfinished-*")] == [own]
        assert (own / "another-run").is_dir()
    assert not [*place.glob("unfinished-*")]


def test_an_input_that_is_no_object_stands_in_one(
    command: Command, ids: dict[str, str], tmp_path: Path
):
    export(command, tmp_path)
    place = tmp_path / ".nextmv" / "runs" / ids["a list"]
    content = (place / "inputs" / "input.json").read_bytes()
    assert json.loads(content) == {"input": [3, 1, 2]}
    assert information(tmp_path, ids["a list"])["metadata"]["input_size"] == len(
        content
    )


def test_a_run_is_marked_as_synced_when_and_where_it_was(
    command: Command, ids: dict[str, str], tmp_path: Path, home: Path
):
    at = 1_790_000_000.25
    with Store.open(home) as store:
        store.settle(
            "",
            [
                Delivered(ids["solved"], "latest-iBYUGLZlT", at),
                Delivered(ids["failed"], "staging-iBYUGLZlT", at),
            ],
        )
    export(command, tmp_path)
    (synced,) = information(tmp_path, ids["solved"])["synced_runs"]
    assert synced["synced_at"] == "2026-09-21T14:13:20.250000Z"
    assert synced["instance_id"] == "latest"
    (synced,) = information(tmp_path, ids["failed"])["synced_runs"]
    assert "instance_id" not in synced


@pytest.mark.parametrize("name", ["json", "nextmv-local"])
def test_a_folder_that_cannot_be_made_is_said(
    command: Command, ids: dict[str, str], tmp_path: Path, name: str
):
    (tmp_path / "file").write_text("")
    said = command("export", "--format", name, str(tmp_path / "file"))
    assert (said.code, said.out) == (1, "")
    assert "name another folder" in said.err


READ = """
import json, sys
import nextmv.local

app = nextmv.local.Application(src=sys.argv[1])
told = {}
for run in app.list_runs():
    result = app.run_result(run.id)
    told[run.name] = {
        "id": run.id,
        "status": run.status_v2.value,
        "created_at": run.created_at.timestamp(),
        "duration": result.metadata.duration,
        "error": result.metadata.error,
        "description": result.description,
        "metrics": result.metadata.metrics,
        "options": result.metadata.options.request_options,
        "is_synced": app.run_information(run.id).is_synced("routing")[1],
        "output": result.output,
        "logs": app.run_logs(run.id),
        "input": app.run_input(run.id),
    }
print(json.dumps(told))
"""


def vendor(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run the vendor's package on exported runs, with a home of its own."""
    home = folder.parent / "vendor-home"
    home.mkdir(exist_ok=True)
    environ = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    environ |= {"HOME": str(home), "USERPROFILE": str(home), "COLUMNS": "200"}
    return python(*command, environ=environ)


@has_nextmv
@pytest.mark.timeout(120)
def test_the_package_of_the_vendor_reads_them(
    command: Command, ids: dict[str, str], tmp_path: Path, home: Path
):
    with Store.open(home) as store:
        store.settle("", [Delivered(ids["solved"], "latest-1")])
    folder = tmp_path / "out"
    export(command, folder)
    done = vendor(folder, "-c", READ, str(folder))
    assert done.returncode == 0, done.stderr
    assert "Skipping" not in done.stderr
    told = json.loads(done.stdout)
    assert {name: one["id"] for name, one in told.items()} == ids
    solved, failed = told["solved"], told["failed"]
    shown = command("show", "--json", ids["solved"]).json
    assert solved["status"] == "succeeded"
    assert solved["output"]["routes"] == [["bonn", "köln"]]
    assert solved["output"]["assets"][0] == FIGURE
    assert solved["metrics"] == shown["metrics"]
    assert solved["options"] == {"limit": "2"}
    assert solved["input"] == {"köln": 4}
    assert solved["duration"] == round(shown["duration"] * 1000)
    assert f"autotrack:{ids['solved']}" in solved["description"]
    assert (solved["is_synced"], failed["is_synced"]) == (True, False)
    assert failed["status"] == "failed"
    assert failed["error"] == r"no vehicles \u2014 zu gro\xdf"
    assert failed["logs"] == "first\nsecond\n"
    assert told["a list"]["output"]["solution"] == [1, 2, 3]
    assert told["nothing"]["input"] == {}


@has_nextmv
@pytest.mark.timeout(120)
def test_the_command_of_the_vendor_reads_them(
    command: Command, ids: dict[str, str], tmp_path: Path
):
    folder = tmp_path / "out"
    export(command, folder)
    program = "from nextmv.cli.main import main; main()"
    words = ("local", "run", "list", "--app-src", str(folder))
    done = vendor(folder, "-c", program, *words)
    assert done.returncode == 0, done.stderr
    assert all(run_id in done.stdout for run_id in ids.values())
    words = (
        "local",
        "run",
        "logs",
        "--app-src",
        str(folder),
        "--run-id",
        ids["failed"],
    )
    done = vendor(folder, "-c", program, *words)
    assert "second" in done.stdout + done.stderr
