"""A reader that has seen enough and Ctrl-C end every command without a word."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.cli import main
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command
from tests.project.paths import python

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="closed pipes and signals are POSIX"
)


@pytest.fixture
def run_id(tracker: Tracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run, and a model that never ends to replay it with."""
    with track_run("quick", input={"stops": 3}) as run:
        run.log("line\n" * 10)
    assert tracker.flush(10)
    (tmp_path / "amodel.py").write_text(
        "import sys, threading\n"
        "def solve(data): return data\n"
        "def forever(data):\n"
        "    print('begun', file=sys.stderr, flush=True)\n"
        "    threading.Event().wait()\n"
    )
    monkeypatch.chdir(tmp_path)
    return run.id


@pytest.mark.parametrize(
    "words",
    [
        ["list", "--status", "succeeded"],
        ["list", "-f"],
        ["list", "-f", "--json"],
        ["logs", "-f", "ID"],
        ["compare", "ID", "ID"],
        ["config"],
        ["doctor"],
        ["export", "DIR", "--format", "json"],
        ["open", "--print", "ID"],
        ["replay", "ID", "--with", "amodel:solve"],
        ["replay", "ID", "--with", "amodel:solve", "--json"],
        ["sync", "--local", "--dry-run"],
        ["completion", "bash"],
    ],
    ids=" ".join,
)
def test_a_closed_pipe_is_quiet(run_id: str, tmp_path: Path, words: list[str]):
    given = [{"ID": run_id, "DIR": str(tmp_path / "out")}.get(w, w) for w in words]
    program = (
        "import os, sys\n"
        "from nextmv_autotrack.cli import main\n"
        "reading, writing = os.pipe()\n"
        "os.close(reading)\n"
        "os.dup2(writing, 1)\n"
        f"sys.exit(main({given}))\n"
    )
    done = python("-c", program)
    if words[0] == "open":  # a local run has no page
        assert done.returncode == 1
    else:
        assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(
    "words", [["--track"], ["--json"], []], ids=["track", "json", ""]
)
def test_ctrl_c_in_a_replayed_model_is_quiet(
    run_id: str, command: Command, words: list[str]
):
    given = ["replay", run_id, "--with", "amodel:forever", *words]
    with subprocess.Popen(
        [sys.executable, "-m", "nextmv_autotrack", *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"begun\n"
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate()
    assert (process.returncode, complaints) == (130, b"")
    assert len(command("list", "--json").json) == (2 if words == ["--track"] else 1)


@pytest.mark.parametrize(
    "words",
    [
        ["compare", "a", "b"],
        ["config"],
        ["doctor"],
        ["export", "out", "--format", "json"],
        ["logs", "-f", "a"],
        ["list", "-f"],
        ["open", "a"],
        ["replay", "a", "--with", "m:f"],
    ],
    ids=" ".join,
)
def test_a_bug_of_ours_is_one_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
):
    def break_down(*_: object) -> None:
        raise RuntimeError("a bug\nof ours")

    for name in ("directory", "complain", "from_environment"):
        monkeypatch.setattr(f"nextmv_autotrack.cli.home.{name}", break_down)
    monkeypatch.setattr(
        "nextmv_autotrack.cli.doctor.doctor.from_environment", break_down
    )
    monkeypatch.setattr(
        "nextmv_autotrack.cli.settings_shown.from_environment", break_down
    )
    assert main(words) == 1
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 1
    assert "Traceback" not in said.err
