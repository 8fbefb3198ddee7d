"""Runs of files and of texts, as the command shows, compares, exports and replays them."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from nextmv_autotrack import ReplayError, replay, track_run, tracked
from nextmv_autotrack.store import Store
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command
from tests.cli.test_export import has_nextmv, vendor

FILES = {"a.csv": "a,b\n", "deep/b.csv": "c,d\n"}
FIGURE = {"name": "map", "content": {"a": [1]}, "content_type": "json"}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def read(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def stops(tmp_path: Path) -> Path:
    return write(tmp_path / "stops", FILES)


@pytest.fixture
def solved(tracker: Tracker, stops: Path, tmp_path: Path) -> str:
    """The id of a run of files."""

    @tracked(input_dir=lambda folder: folder, output_dir=tmp_path / "plan")
    def solve(folder: Path):
        write(tmp_path / "plan", {"routes.csv": (folder / "a.csv").read_text().upper()})
        return {"metrics": {"value": 7}, "assets": [FIGURE]}

    solve(stops)
    return newest(tracker)


@pytest.fixture
def text(tracker: Tracker) -> str:
    """The id of a run of texts."""
    tracked(name="upper")(lambda model: model.upper())("rows\ncolumns")
    return newest(tracker)


def newest(tracker: Tracker) -> str:
    assert tracker.flush(10)
    with Store.open(tracker.sources.resolve().directory) as store:
        return store.runs(limit=1)[0].id


def test_show_lists_the_files_with_their_sizes(command: Command, solved: str):
    lines = command("show", solved).lines
    at = next(n for n, line in enumerate(lines) if line.startswith("Input ("))
    assert lines[at].endswith(", packed)")
    assert [line.split() for line in lines[at + 1 : at + 3]] == [
        ["4", "bytes", "a.csv"],
        ["4", "bytes", "deep/b.csv"],
    ]
    told = command("show", solved, "--json").json
    assert told["input"] == {
        "files": [{"name": "a.csv", "size": 4}, {"name": "deep/b.csv", "size": 4}]
    }
    assert told["output"] == {"files": [{"name": "routes.csv", "size": 4}]}


def test_show_prints_a_text_as_its_lines(command: Command, text: str):
    assert "  ROWS" in command("show", text).lines
    told = command("show", text, "--json").json
    assert (told["input"], told["output"]) == ("rows\ncolumns", "ROWS\nCOLUMNS")


def test_show_says_why_there_are_no_files(command: Command, tracker: Tracker):
    with track_run(input_dir="nowhere"):
        pass
    said = command("show", newest(tracker))
    assert "there is no such folder" in said.out


def test_compare_tells_which_files_differ(
    command: Command, tracker: Tracker, solved: str, stops: Path
):
    (stops / "a.csv").write_text("x,y\n")
    with track_run(input_dir=stops):
        pass
    told = command("compare", solved, newest(tracker), "--json").json
    assert told["input"]["same"] == [True, False]
    (differs,) = told["input"]["differences"]
    assert "a.csv" in differs


def test_export_as_json_puts_archives_beside_it(
    command: Command, solved: str, text: str, tmp_path: Path
):
    folder = tmp_path / "exported"
    assert command("export", "--format", "json", str(folder)).code == 0
    assert {path.name for path in folder.iterdir()} == {
        f"{solved}.json",
        f"{solved}.input.tar.gz",
        f"{solved}.output.tar.gz",
        f"{text}.json",
    }
    with tarfile.open(folder / f"{solved}.input.tar.gz") as tar:
        assert tar.getnames() == [*FILES]


def test_export_puts_files_where_the_vendors_tools_have_theirs(
    command: Command, solved: str, text: str, tmp_path: Path
):
    folder = tmp_path / "exported"
    for _ in range(2):
        said = command("export", "--format", "nextmv-local", str(folder))
        assert (said.code, said.err) == (0, "")
    assert "2 already there" in said.out
    runs = folder / ".nextmv" / "runs"
    place = runs / solved
    assert read(place / "inputs") == FILES
    assert read(place / "outputs" / "solutions") == {"routes.csv": "A,B\n"}
    metrics = json.loads((place / "outputs" / "metrics.json").read_bytes())
    assert metrics["metrics"]["value"] == 7
    told = json.loads((place / f"{solved}.json").read_bytes())["metadata"]
    assert told["format"] == {
        "input": {"type": "multi-file"},
        "output": {"type": "multi-file"},
    }
    assert (told["input_size"], told["output_size"]) == (8, 4)
    place = runs / text
    assert read(place / "inputs") == {"input": "rows\ncolumns"}
    output = json.loads(
        (place / "outputs" / "solutions" / "solution.json").read_bytes()
    )
    assert output["solution"] == "ROWS\nCOLUMNS"


def test_a_file_that_somebody_removed_is_written_anew(
    command: Command, solved: str, tmp_path: Path
):
    folder = tmp_path / "exported"
    command("export", "--format", "nextmv-local", str(folder))
    place = folder / ".nextmv" / "runs" / solved
    (place / "inputs" / "a.csv").unlink()
    said = command("export", "--format", "nextmv-local", str(folder), "--json").json
    assert said["mended"] == 1
    assert read(place / "inputs") == FILES


READS = """
import sys, nextmv.local
app = nextmv.local.Application(src=sys.argv[1])
files, text, target = sys.argv[2:]
print(app.run_input(text, output_dir_path=target))
app.run_input(files, output_dir_path=target + "/in")
result = app.run_result(files, output_dir_path=target + "/out")
print(result.metadata.metrics["value"], result.metadata.format.format_input.input_type.value)
print(app.run_result(text).output["solution"])
"""


@has_nextmv
@pytest.mark.timeout(120)
def test_the_vendors_own_package_reads_files_and_texts(
    command: Command, solved: str, text: str, tmp_path: Path
):
    folder = tmp_path / "exported"
    command("export", "--format", "nextmv-local", str(folder))
    done = vendor(folder, "-c", READS, str(folder), solved, text, f"{tmp_path}/read")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "rows\ncolumns\n7 multi-file\nROWS\nCOLUMNS\n"
    assert read(tmp_path / "read" / "in") == FILES
    assert read(tmp_path / "read" / "out") == {"routes.csv": "A,B\n"}


def test_a_replay_is_given_the_files_in_a_folder_of_their_own(solved: str, stops: Path):
    seen = []

    def cheaper(folder):
        seen.append((folder, read(folder)))
        (folder / "a.csv").write_text("changed")
        return {"metrics": {"value": 5}}

    (stops / "a.csv").write_text("not this")
    found = replay(solved, cheaper)
    ((folder, files),) = seen
    assert files == FILES
    assert not folder.exists()
    assert (found.old.objective, found.new.objective) == (7.0, 5.0)
    # It has no setting that says where its files are.
    assert found.output_changed is None


def test_a_replay_says_whether_the_files_that_are_written_differ(
    solved: str, tmp_path: Path
):
    @tracked(output_dir=tmp_path / "plan")
    def same(folder: str):
        assert type(folder) is str
        upper = Path(folder, "a.csv").read_text().upper()
        write(tmp_path / "plan", {"routes.csv": upper})

    @tracked(output_dir=tmp_path / "other")
    def different(folder: str):
        write(tmp_path / "other", {"routes.csv": "else"})

    assert replay(solved, same).output_changed is False
    assert replay(solved, different).output_changed is True


def test_a_function_that_reads_a_fixed_folder_cannot_be_given_another(
    tracker: Tracker, stops: Path
):
    @tracked(input_dir=stops)
    def fixed():
        pass

    @tracked(input_dir=stops)
    def fixed_all_the_same(limit):
        pass

    fixed()
    run_id = newest(tracker)
    with pytest.raises(ReplayError, match=r"does not fit .*fixed\(\)"):
        replay(run_id, fixed)
    with pytest.raises(ReplayError, match=r"fixed_all_the_same reads those of .*stops"):
        replay(run_id, fixed_all_the_same)


def test_a_method_that_computes_its_folder_from_its_arguments_is_replayed(
    tracker: Tracker, stops: Path
):
    class Model:
        @tracked(input_dir=lambda self, folder: folder)
        def solve(self, folder: Path):
            return read(folder)

    Model().solve(stops)
    assert replay(newest(tracker), Model().solve).output_changed is False


def test_a_run_without_its_files_is_not_replayed(tracker: Tracker):
    with track_run(input_dir="nowhere"):
        pass
    with pytest.raises(ReplayError, match="there is no such folder"):
        replay(newest(tracker), lambda folder: None)


def test_a_text_is_replayed_as_a_text(text: str):
    assert replay(text, lambda model: model.upper()).output_changed is False
    assert replay(text, lambda model: model.lower()).output_changed is True


def test_the_command_replays_files_too(
    command: Command, solved: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "afile_model.py").write_text(
        "def solve(folder):\n"
        "    return {'metrics': {'value': len((folder / 'a.csv').read_text())}}\n"
    )
    monkeypatch.chdir(tmp_path)
    (found,) = command("replay", solved, "--with", "afile_model:solve", "--json").json
    assert (found["verdict"], found["new"]["objective"]) == ("better", 4)
