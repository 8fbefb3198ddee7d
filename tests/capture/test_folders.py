"""Folders as input and output: what is in them then, and a note when that cannot be."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
from pathlib import Path

import pytest

from nextmv_autotrack import SettingsError, current_run, track_run, tracked
from nextmv_autotrack.capture.folders import MAX_PACK_S
from nextmv_autotrack.encode import folder as folders
from nextmv_autotrack.encode import is_summary
from nextmv_autotrack.encode.inside import Inside

FIGURE = {"name": "map", "content": [1], "content_type": "json"}


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def stops(tmp_path) -> Path:
    folder = tmp_path / "stops"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.csv").write_text("a,b\n")
    (folder / "deep" / "b.csv").write_text("c,d\n")
    return folder


FILES = {"a.csv": b"a,b\n", "deep/b.csv": b"c,d\n"}


def test_the_input_is_what_is_in_the_folder_when_the_call_begins(written, stops):
    @tracked(input_dir=lambda folder: folder)
    def solve(folder):
        (folder / "a.csv").write_text("changed")
        shutil.rmtree(folder / "deep")

    solve(stops)
    assert written.run.input == FILES
    assert written.run.status == "succeeded"


def test_the_output_is_what_is_in_the_folder_when_the_call_has_ended(written, tmp_path):
    @tracked(output_dir=tmp_path / "plan")
    def solve(data):
        (tmp_path / "plan").mkdir()
        (tmp_path / "plan" / "routes.csv").write_text("1,2\n")

    solve([1])
    assert written.run.input == [1]
    assert written.run.output == {"routes.csv": b"1,2\n"}


def test_of_the_result_metrics_and_assets_stand_beside_the_files(written, stops):
    @tracked(output_dir="stops", metrics=lambda result: {"count": 3})
    def solve():
        return {"solution": 1, "metrics": {"value": 2}, "assets": [FIGURE]}

    assert solve()["solution"] == 1
    assert written.run.output == FILES
    assert (written.run.metrics, written.run.assets) == (
        {"value": 2, "count": 3},
        [FIGURE],
    )
    assert written.run.is_document is False


def test_what_of_the_result_does_not_stand_beside_the_files_is_named(
    written, as_for_users, stops
):
    @tracked(output_dir=stops)
    def solve():
        return {"statistics": {"result": {"value": 3}}, "metrics": [1], "assets": None}

    solve()
    assert [line.split(":")[0] for line in written.run.logs] == [
        "the result's 'statistics' are left out",
        "the result's 'metrics' are left out",
    ]


def test_a_path_is_looked_for_where_the_call_is_made(
    written, stops, tmp_path, monkeypatch
):
    @tracked(input_dir="stops")
    def solve():
        pass

    (tmp_path / "elsewhere" / "stops").mkdir(parents=True)
    (tmp_path / "elsewhere" / "stops" / "c.csv").write_text("e")
    solve()
    monkeypatch.chdir(tmp_path / "elsewhere")
    solve()
    assert [run.input for run in written.runs] == [FILES, {"c.csv": b"e"}]


def test_options_are_taken_from_the_arguments_all_the_same(written, stops):
    @tracked(input_dir=lambda folder, limit: folder, options="limit")
    def solve(folder, limit):
        pass

    solve(stops, limit=3)
    assert written.run.input == FILES
    assert written.run.end["options"] == {"limit": "3"}


def test_a_method_is_given_its_object_too(written, stops):
    class Model:
        folder = stops

        @tracked(input_dir=lambda self, n: self.folder)
        def solve(self, n):
            return n

    assert Model().solve(2) == 2
    assert written.run.input == FILES


def test_a_block_has_folders_too_and_they_can_be_set_later(written, stops):
    with track_run(input_dir=stops, output_dir=str(stops)) as run:
        assert (run.input_dir, run.output_dir) == (stops, stops)
        (stops / "a.csv").unlink()
    with track_run() as run:
        run.input_dir = stops
        run.output_dir = "stops"
        (stops / "deep" / "b.csv").write_text("new")
    first, second = written.runs
    assert (first.input, first.output) == (FILES, {"deep/b.csv": b"c,d\n"})
    assert (second.input, second.output) == (
        {"deep/b.csv": b"c,d\n"},
        {"deep/b.csv": b"new"},
    )


def test_a_tracked_function_can_say_where_it_writes(written, stops):
    @tracked
    def solve():
        current_run().output_dir = stops
        return {"metrics": {"value": 1}}

    solve()
    assert (written.run.output, written.run.metrics) == (FILES, {"value": 1})


def test_what_is_set_last_is_the_input(written, stops):
    with track_run() as run:
        run.input_dir = stops
        run.input = 5
    assert written.run.input == 5


def test_generators_and_coroutines_have_folders(written, stops):
    @tracked(input_dir="stops", output_dir="stops")
    def items():
        yield 1

    @tracked(input_dir="stops", output_dir="stops")
    async def later():
        return 1

    assert list(items()) == [1]
    assert asyncio.run(later()) == 1
    assert [(run.input, run.output) for run in written.runs] == [(FILES, FILES)] * 2


def test_a_large_folder_comes_whole(written, tmp_path):
    noise = os.urandom(300_000)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "noise").write_bytes(noise)
    with track_run(input_dir="in", output_dir="in"):
        pass
    assert written.run.input == written.run.output == {"noise": noise}


def test_the_time_it_takes_to_pack_is_not_the_models(written, stops, monkeypatch):
    usual = folders.pack

    def pack(*args, **kwargs):
        written.now += 60
        return usual(*args, **kwargs)

    monkeypatch.setattr("nextmv_autotrack.capture.folders.pack", pack)
    began_s = written.now
    tracked(input_dir="stops", output_dir="stops")(lambda: None)()
    assert written.now == pytest.approx(began_s + 120)  # both
    assert written.run.duration == 0


def note_of(value: object) -> str:
    assert isinstance(value, dict)
    assert (value["truncated"], value["type"]) == (True, "folder")
    return str(value["reason"])


def made(tmp_path: Path, kind: str) -> object:
    path = tmp_path / "given"
    if kind == "a file":
        path.touch()
    elif kind in {"empty", "only a folder"}:
        path.mkdir()
        if kind == "only a folder":
            (path / "deep").mkdir()
    elif kind == "only links":
        path.mkdir()
        (path / "out").symlink_to("/etc/passwd")
    elif kind == "not a path":
        return "a\0b"
    elif kind == "no text at all":
        return ""
    return path


NOT_PACKED = {
    "gone": "there is no such folder",
    "a file": "it is no folder",
    "empty": "it has no files",
    "only a folder": "it has no files",
    "only links": "it has no files",
    "not a path": "it is no path: ",
    "no text at all": "it is empty",
}


@pytest.mark.parametrize("kind", NOT_PACKED)
def test_what_cannot_be_packed_is_a_note_and_the_solve_goes_on(
    written, tmp_path, caplog, kind
):
    given = made(tmp_path, kind)

    @tracked(input_dir=lambda folder: folder, output_dir=lambda folder: folder)
    def solve(folder):
        return {"metrics": {"value": 1}}

    assert solve(given) == {"metrics": {"value": 1}}
    run = written.run
    assert (run.status, run.metrics) == ("succeeded", {"value": 1})
    for value in (run.input, run.output):
        assert note_of(value).startswith(NOT_PACKED[kind])
    assert is_summary(written.frames[-1][2])
    assert any("the run says so" in message for message in caplog.messages)


class Hostile:
    """Nothing can be done with it."""

    def __fspath__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__ = __bool__ = __fspath__  # type: ignore[assignment]  # they raise


def test_a_path_that_raises_is_a_note(written):
    with track_run() as run:
        run.input_dir = run.output_dir = Hostile()
    for value in (written.run.input, written.run.output):
        assert note_of(value) == "it is no path: no"


def test_a_folder_that_is_too_large_is_a_note(written, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "noise").write_bytes(os.urandom(5000))
    with (tmp_path / "in" / "hole").open("wb") as file:
        file.truncate(2**40)
    with track_run(input_dir="in", max_payload=2000):
        pass
    assert note_of(written.run.input) == (
        "its files have 1,099,511,632,776 bytes, more than 20 times 2,000 bytes "
        "(max_payload)"
    )
    (tmp_path / "in" / "hole").unlink()
    with track_run(input_dir="in", max_payload=4000):
        pass
    assert note_of(written.runs[-1].input) == (
        "packed, it has more than 4,000 bytes (max_payload); its files have 5,000"
    )


def test_a_folder_of_too_many_files_is_a_note(written, stops, monkeypatch):
    monkeypatch.setattr(folders, "MAX_FILES", 1)
    with track_run(input_dir=stops):
        pass
    assert note_of(written.run.input) == (
        "it has more than 1 files; 2 were found before the search was given up"
    )


def test_a_folder_that_takes_too_long_is_a_note(written, stops, monkeypatch):
    usual = Inside.file

    def file(self, parts):
        written.now += MAX_PACK_S + 1
        return usual(self, parts)

    monkeypatch.setattr(Inside, "file", file)
    with track_run(input_dir=stops):
        pass
    assert note_of(written.run.input) == (
        f"to pack it takes more than {MAX_PACK_S} seconds"
    )


@pytest.mark.parametrize("given", ["", b""], ids=repr)
def test_an_empty_path_is_not_the_folder_of_the_program(written, tmp_path, given):
    (tmp_path / ".env").write_text("hunter2")
    with track_run() as run:
        run.input_dir = run.output_dir = given
    for value in (written.run.input, written.run.output):
        assert note_of(value) == "it is empty"


def test_a_file_that_is_written_to_meanwhile_is_said_in_the_logs(
    written, stops, monkeypatch
):
    class WrittenTo(io.BufferedReader):
        def read(self, size: int | None = -1) -> bytes:
            with (stops / "a.csv").open("a") as file:
                file.write("more")
            return super().read(size)

    usual = Inside.file

    def file(self, parts):
        found = usual(self, parts)
        return WrittenTo(found.detach()) if parts == ("a.csv",) else found

    monkeypatch.setattr(Inside, "file", file)
    with track_run(input_dir=stops):
        pass
    assert written.run.input == FILES
    assert written.run.logs == [
        (
            "nextmv-autotrack: input_dir: 1 files are not as they were: 'a.csv' "
            "(changed while it was packed)"
        )
    ]


def test_a_folder_that_vanishes_while_it_is_packed_is_a_note(
    written, stops, monkeypatch
):
    usual = Inside.__init__

    def init(self, folder):
        shutil.rmtree(stops, ignore_errors=True)
        usual(self, folder)

    monkeypatch.setattr(Inside, "__init__", init)
    with track_run(input_dir=stops):
        pass
    assert note_of(written.run.input) == "there is no such folder"


def test_what_is_left_out_is_said_in_the_logs(written, stops, caplog):
    (stops / "secret").symlink_to("/etc/passwd")
    with track_run(input_dir=stops):
        pass
    assert written.run.input == FILES
    (line,) = written.run.logs
    assert line == (
        "nextmv-autotrack: input_dir: 1 files are left out: 'secret' "
        f"({folders.IS_LINK})"
    )
    assert any("1 files are left out: 'secret'" in text for text in caplog.messages)


def test_a_callable_that_fails_leaves_the_arguments_as_the_input(written, caplog):
    @tracked(input_dir=lambda n: 1 / 0, output_dir=lambda n: 5)
    def solve(n):
        return n + 1

    assert solve(1) == 2
    assert (written.run.input, written.run.output) == (1, 2)
    assert [message.partition(": ")[2] for message in caplog.messages] == [
        "the input_dir of a run: ZeroDivisionError: division by zero",
        (
            "the output_dir of a run: TypeError: expected str, bytes or os.PathLike "
            "object, not int"
        ),
    ]


def test_a_callable_that_returns_none_means_no_folder(written):
    tracked(input_dir=lambda n: None, output_dir=lambda n: None)(lambda n: n)(4)
    assert (written.run.input, written.run.output) == (4, 4)


@pytest.mark.parametrize("given", [5, b"stops", object(), ["stops"]], ids=repr)
def test_what_is_set_on_a_run_never_raises(written, stops, given):
    with track_run() as run:
        run.input_dir = given
        run.output_dir = given
    assert written.run.status == "succeeded"
    if given != b"stops":
        assert "it is no path" in note_of(written.run.input)


def test_a_run_that_has_failed_keeps_what_it_had_written(written, stops, tmp_path):
    @tracked(output_dir=lambda folder: folder)
    def solve(folder):
        raise ValueError("no vehicles")

    for folder in (stops, tmp_path / "gone"):
        with pytest.raises(ValueError, match="no vehicles"):
            solve(folder)
    assert [run.output for run in written.runs] == [FILES, None]


def test_an_interrupt_while_a_folder_is_packed_ends_the_run(written, monkeypatch):
    def pack(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("nextmv_autotrack.capture.folders.pack", pack)
    with pytest.raises(KeyboardInterrupt):
        tracked(input_dir="stops")(lambda: None)()
    assert (written.run.status, written.run.error) == ("failed", "KeyboardInterrupt")
    assert current_run() is None


def test_a_sampled_run_that_fails_has_its_files(written, tmp_path):
    noise = os.urandom(100_000)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "noise").write_bytes(noise)
    with track_run(input_dir="in", output_dir="in", sample=0):
        pass
    assert written.runs == []
    with track_run(input_dir="in", output_dir="in", sample=0) as run:
        run.fail("no vehicles")
    assert written.run.input == written.run.output == {"noise": noise}


def test_what_a_function_says_of_its_values_goes_before_a_folder_for_all(
    written, stops
):
    written.sources.configure(input_dir=stops, output_dir=stops)
    tracked(lambda a, b: 1)(1, 2)
    tracked(input="b", output=lambda result: result + 1)(lambda a, b: 1)(1, 2)
    with track_run(input=3):
        pass
    first, second, third = written.runs
    assert (first.input, first.output) == (FILES, FILES)
    assert (second.input, second.output) == (2, 2)
    assert (third.input, third.output) == (3, FILES)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"input_dir": 5}, "setting 'input_dir' must be the path of a folder, or a"),
        ({"output_dir": ""}, "setting 'output_dir' must be the path of a folder, or a"),
        ({"input_dir": "a", "input": "n"}, "settings 'input' and 'input_dir' cannot"),
        (
            {"output_dir": "a", "output": str},
            "settings 'output' and 'output_dir' cannot",
        ),
    ],
    ids=str,
)
def test_a_wrong_setting_is_an_error_at_the_decorator(given, words):
    with pytest.raises(SettingsError, match=words):
        tracked(**given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"input_dir": len}, "setting 'input_dir' of a block must be the path of a fo"),
        (
            {"output_dir": len},
            "setting 'output_dir' of a block must be the path of a f",
        ),
        (
            {"input": 1, "input_dir": "a"},
            "settings 'input' and 'input_dir' cannot both",
        ),
    ],
    ids=str,
)
def test_a_wrong_setting_is_an_error_at_the_block(given, words):
    with pytest.raises(SettingsError, match=words):
        track_run(**given)


def test_nothing_of_the_result_but_the_files_can_be_recorded(written, stops):
    tracked(output=False, output_dir="stops")(lambda: {"metrics": {"a": 1}})()
    assert (written.run.output, written.run.metrics) == (FILES, {})
