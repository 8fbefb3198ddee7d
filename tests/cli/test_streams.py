"""Closed and full outputs: the command does its work, and its exit code is honest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.tracker import Tracker

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="a shell closes the streams"
)

full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")


@pytest.fixture
def run_id(tracker: Tracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    with track_run("quick", input={"stops": 3}) as run:
        run.output = {"stops": 3}
    assert tracker.flush(10)
    (tmp_path / "amodel.py").write_text("def solve(data): return data\n")
    monkeypatch.chdir(tmp_path)
    return run.id


def done(words: str, streams: str, *, unbuffered: str = "") -> tuple[int, str, str]:
    environ = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    it = subprocess.run(
        [
            "/bin/sh",
            "-c",
            f"exec '{sys.executable}' -m nextmv_autotrack {words} {streams}",
        ],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
    )
    return it.returncode, it.stdout, it.stderr


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("list", 0),
        ("list --json", 0),
        ("show {id}", 0),
        ("status", 0),
        ("config", 0),
        ("replay {id} --with amodel:solve", 0),
        ("--help", 0),
        ("list --help", 0),
        ("--version", 0),
        ("show ffff", 1),
        ("nosuch", 2),
    ],
)
def test_a_closed_stream_changes_no_exit_code(
    run_id: str, words: str, code: int, streams: str
):
    found, out, err = done(words.format(id=run_id), streams)
    assert found == code
    assert "Error" not in err
    assert (code == 0 and streams == "2>&-") == (out != "")


@pytest.mark.usefixtures("run_id")
def test_the_store_does_not_take_the_place_of_a_closed_stream():
    assert done("replay --last 1 --track --with amodel:solve", ">&- 2>&- <&-")[0] == 0
    assert done("list --json", "")[1].count('"id"') == 2


@full
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(
    "words", ["list", "list --json", "show {id}", "--help", "list -h", "--version", ""]
)
def test_a_full_device_is_exit_code_1_and_one_line(
    run_id: str, words: str, unbuffered: str
):
    code, _, err = done(words.format(id=run_id), ">/dev/full", unbuffered=unbuffered)
    assert code == 1
    assert err.count("\n") == 1
    assert "No space left on device" in err


@full
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(
    ("words", "code"), [("list", 0), ("show ffff", 1), ("nosuch", 2)]
)
def test_complaints_that_cannot_be_written_change_no_exit_code(
    run_id: str,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    code: int,
    unbuffered: str,
):
    monkeypatch.setenv("NEXTMV_AUTOTRACK_SAMPLE", "often")  # worth a warning
    found, out, _ = done(words, "2>/dev/full", unbuffered=unbuffered)
    assert found == code
    assert ("quick" in out) == (words == "list")
