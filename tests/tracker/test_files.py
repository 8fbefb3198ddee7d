"""Texts and files on their whole way: from a call to the platform, and read back."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from nextmv_autotrack import last_run, track_run, tracked
from nextmv_autotrack.encode import folder as folders
from nextmv_autotrack.journal import Home
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.sweep import Sweep
from tests.platform_server.handle import Platform, PlatformRun

PATIENCE_S = 20

FIGURE = {"name": "map", "content": {"a": 1}, "content_type": "json"}


def files_of(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}


def formats(run: PlatformRun) -> tuple[str, str]:
    said = run.body["configuration"]["format"]
    return said["input"]["type"], said["output"]["type"]


def arrived(to_platform, platform: Platform) -> PlatformRun:
    assert to_platform.flush(PATIENCE_S)
    return platform.runs()[-1]


@pytest.fixture(autouse=True)
def _nothing_of_where_it_was_made(to_platform):
    """Nothing but what the run is given and gives is sent of it."""
    to_platform.configure({"environment": "none"})


@pytest.fixture
def stops(tmp_path) -> Path:
    folder = tmp_path / "stops"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.csv").write_text("a,b\n")
    (folder / "deep" / "b.csv").write_text("c,d\n")
    return folder


FILES = {"a.csv": b"a,b\n", "deep/b.csv": b"c,d\n"}


@pytest.mark.parametrize(
    "text",
    ["NAME model\nROWS\n", "größe \U0001f69a", 'a "quote" \\ {', "", "\0", "[1]"],
)
def test_a_text_arrives_as_a_text_and_comes_back_as_one(to_platform, platform, text):
    @tracked
    def solve(model: str) -> str:
        return model

    assert solve(text) == text
    run = arrived(to_platform, platform)
    assert formats(run) == ("text", "text")
    assert run.input == run.output == text.encode()
    assert last_run().result(PATIENCE_S).output == text


def test_half_a_letter_does_not_keep_a_text_from_arriving(to_platform, platform):
    tracked(lambda text: text)("\udce9")
    run = arrived(to_platform, platform)
    assert (run.input, run.output) == (b"\\udce9", b"\\udce9")


@pytest.mark.parametrize(
    "more", [{"metrics": {"value": 1}}, {"assets": [FIGURE]}], ids=str
)
def test_a_text_that_more_is_said_of_arrives_in_a_document(to_platform, platform, more):
    with track_run(input={"a": 1}) as run:
        run.output = "a text"
        run.metrics = more.get("metrics")
        run.assets = more.get("assets")
    seen = arrived(to_platform, platform)
    assert formats(seen) == ("json", "json")
    assert seen.document["solution"] == "a text"
    assert {name: seen.document[name] for name in more if name == "assets"} == {
        name: value for name, value in more.items() if name == "assets"
    }
    assert seen.document["metrics"].items() >= more.get("metrics", {}).items()


def test_a_text_that_was_cut_is_a_document(to_platform, platform):
    with track_run(input="x" * 5000, max_payload=1024) as run:
        run.output = "y" * 5000
    seen = arrived(to_platform, platform)
    assert formats(seen) == ("json", "json")
    assert json.loads(seen.input)["truncated"] is True
    assert seen.document["solution"]["length"] == 5000


def test_files_arrive_as_archives_with_metrics_and_assets_beside_them(
    to_platform, platform, stops
):
    @tracked(
        input_dir=lambda given, wanted: given, output_dir=lambda given, wanted: wanted
    )
    def solve(given, wanted):
        (given / "a.csv").write_text("changed")
        wanted.mkdir()
        (wanted / "routes.csv").write_text("1,2\n")
        return {"metrics": {"value": 7}, "assets": [FIGURE]}

    solve(stops, stops.parent / "plan")
    run = arrived(to_platform, platform)
    assert formats(run) == ("multi-file", "multi-file")
    assert files_of(run.input) == FILES
    assert files_of(run.output) == {"routes.csv": b"1,2\n"}
    assert json.loads(run.metrics).items() >= {"value": 7}.items()
    assert json.loads(run.assets) == {"assets": [FIGURE]}
    assert files_of(last_run().result(PATIENCE_S).output) == {"routes.csv": b"1,2\n"}


def test_files_may_be_the_input_only_or_the_output_only(to_platform, platform, stops):
    tracked(input_dir=stops)(lambda: {"solution": 1})()
    run = arrived(to_platform, platform)
    assert formats(run) == ("multi-file", "json")
    assert (run.document["solution"], run.metrics) == (1, b"")
    tracked(output_dir=stops, resources=False)(lambda n: None)({"n": 1})
    run = arrived(to_platform, platform)
    assert formats(run) == ("json", "multi-file")
    assert (files_of(run.output), run.metrics, run.assets) == (FILES, b"", b"")


def test_the_same_files_arrive_as_the_same_bytes_and_are_kept_once(
    to_platform, platform, stops
):
    (stops / "noise").write_bytes(os.urandom(300_000))
    for _ in range(2):
        with track_run(input_dir=stops):
            pass
        for path in stops.rglob("*"):
            os.utime(path, (1, 1))
    assert to_platform.flush(PATIENCE_S)
    first, second = platform.runs()
    assert first.input == second.input
    with Store.open(to_platform.sources.resolve().directory) as store:
        one, another = store.runs(limit=2)
        assert one.input == another.input
        assert store.open_payload(one.input).size == len(first.input)


def test_a_folder_that_is_not_there_arrives_as_a_note(to_platform, platform, tmp_path):
    @tracked(input_dir=tmp_path / "in", output_dir=tmp_path / "out")
    def solve():
        return {"metrics": {"value": 1}}

    solve()
    run = arrived(to_platform, platform)
    assert formats(run) == ("json", "json")
    assert run.given["reason"] == "there is no such folder"
    assert run.document["solution"]["path"] == str(tmp_path / "out")
    assert run.document["metrics"]["value"] == 1
    assert run.result["status"] == "succeeded"


def test_links_and_pipes_are_left_out_and_the_logs_say_so(to_platform, platform, stops):
    (stops / "secret").symlink_to("/etc/passwd")
    if hasattr(os, "mkfifo"):
        os.mkfifo(stops / "pipe")
    with track_run(input_dir=stops):
        pass
    run = arrived(to_platform, platform)
    assert files_of(run.input) == FILES
    assert f"'secret' ({folders.IS_LINK})".encode() in run.logs


PROGRAM = """
import os, signal, sys
from pathlib import Path
from nextmv_autotrack import tracked
from nextmv_autotrack.capture import folders

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "packing":
    folders.pack = die

@tracked(input_dir="in", output_dir="out")
def solve(end):
    Path("out").mkdir()
    Path("out", "noise").write_bytes(Path("in", "noise").read_bytes())
    if end == "inside":
        die()

solve(sys.argv[1])
die()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal there")
@pytest.mark.parametrize("end", ["packing", "inside", "after"])
def test_a_process_that_is_killed_has_lost_no_files(tmp_path, sources, end):
    noise = os.urandom(1_000_000)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "noise").write_bytes(noise)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, end], cwd=tmp_path, check=False
    )
    assert done.returncode == -signal.SIGKILL
    home = sources.resolve().directory
    with Store.open(home) as store:
        Sweep(store, Home(home)).others()
        (run,) = store.runs(limit=10)
        found = [
            files_of(store.payload(digest)) if digest else None
            for digest in (run.input, run.output)
        ]
    files = {"noise": noise}
    assert (run.status.value, *found) == {
        "packing": ("failed", None, None),
        "inside": ("failed", files, None),
        "after": ("succeeded", files, files),
    }[end]
