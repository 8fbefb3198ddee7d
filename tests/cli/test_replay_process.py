"""A model runs in a process of its own: what it does to that is said, and no more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nextmv_autotrack import track_run, tracked
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command
from tests.project.paths import python

REPLAY = ("-m", "nextmv_autotrack", "replay")

posix = pytest.mark.skipif(sys.platform == "win32", reason="it needs signals")


def test_a_run_that_ends_the_process_has_failed_and_the_rest_goes_on(
    command: Command, plans: list[str]
):
    said = command("replay", *reversed(plans), "--with", "amodel:leaving", "--json")
    first, second = json.loads(said.out)
    assert said.code == 1
    assert (first["verdict"], first["new"]["error"]) == (
        "failed",
        "the process ended with exit code 7",
    )
    assert (first["old"]["objective"], first["output_changed"]) == (8, None)
    assert (second["verdict"], second["new"]["error"]) == ("same", None)


def test_an_exit_code_of_0_is_no_success(command: Command, plans: list[str]):
    said = command("replay", *plans, "--with", "amodel:slipping")
    assert said.code == 1
    assert said.out.count("the process ended with exit code 0") == 2


@posix
def test_the_signal_that_ends_it_is_named(command: Command, plans: list[str]):
    said = command("replay", plans[0], "--with", "amodel:crashing")
    assert said.code == 1
    assert "the process ended by signal SIGSEGV" in said.out


def test_a_module_that_ends_the_process_is_said(
    command: Command, plans: list[str], models: Path
):
    (models / "ending.py").write_text("import os\nos._exit(0)")
    said = command("replay", plans[0], "--with", "ending:solve")
    assert (said.code, said.out) == (1, "")
    assert "importing it ended the process with exit code 0" in said.err


def test_an_end_behind_the_last_call_is_a_warning(
    command: Command, plans: list[str], models: Path
):
    (models / "late.py").write_text(
        "import atexit, os\nfrom amodel import solve\natexit.register(os._exit, 5)\n"
    )
    said = command("replay", plans[0], "--with", "late:solve")
    assert (said.code, said.lines[1].split()[0]) == (0, "same")
    assert "after its last call, the process ended with exit code 5" in said.err


def test_the_model_has_nothing_to_read(plans: list[str]):
    done = subprocess.run(
        [sys.executable, *REPLAY, plans[0], "--with", "amodel:reading"],
        input=b"of somebody else",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_its_children_may_outlive_it(command: Command, plans: list[str], models: Path):
    if not hasattr(os, "fork"):
        pytest.skip("it needs fork")
    gate = models / "gate"
    os.mkfifo(gate)
    (models / "forking.py").write_text(
        "import os\n"
        "def solve(demand):\n"
        "    if not os.fork():\n"
        f"        open({str(gate)!r}).read()\n"
        "        os._exit(0)\n"
        "    os._exit(3)\n"
    )
    said = command("replay", plans[0], "--with", "forking:solve")
    assert "the process ended with exit code 3" in said.out
    gate.write_text("go")


def test_it_finds_modules_where_the_command_does(plans: list[str], tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "remote.py").write_text("from amodel import solve")
    program = (
        f"import sys; sys.path.append({str(elsewhere)!r})\n"
        "from nextmv_autotrack.cli import main\n"
        f"sys.exit(main(['replay', {plans[0]!r}, '--with', 'remote:solve']))"
    )
    assert python("-c", program).returncode == 0


@posix
@pytest.mark.parametrize(
    ("sign", "is_for_all", "code"),
    [
        (signal.SIGINT, True, 130),
        (signal.SIGINT, False, 130),
        (signal.SIGTERM, False, 143),
    ],
)
def test_an_end_from_outside_leaves_no_process_behind(
    plans: list[str],
    models: Path,
    sign: signal.Signals,
    is_for_all: bool,  # noqa: FBT001 -- a case of the test
    code: int,
):
    (models / "endless.py").write_text(
        "import os, threading\n"
        "def solve(demand):\n"
        "    print(os.getpid(), flush=True)\n"
        "    threading.Event().wait()\n"
    )
    with subprocess.Popen(
        [sys.executable, *REPLAY, *plans, "--with", "endless:solve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        child = int(process.stderr.readline())
        if is_for_all:
            os.killpg(process.pid, sign)
        else:
            process.send_signal(sign)
        _, errors = process.communicate()
    assert (process.returncode, errors) == (code, b"")
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_an_interrupt_of_the_models_own_ends_it_all(
    command: Command, plans: list[str], models: Path
):
    (models / "stopping.py").write_text(
        "def solve(demand):\n    raise KeyboardInterrupt\n"
    )
    said = command("replay", *plans, "--with", "stopping:solve")
    assert (said.code, len(said.lines)) == (130, 1)


def test_an_input_of_many_megabytes_comes_through(
    command: Command, models: Path, tracker: Tracker
):
    @tracked(name="plan")
    def plan(demand: dict[str, int]) -> dict[str, object]:
        return {"solution": sorted(demand), "metrics": {"value": len(demand)}}

    plan({f"town {number}": 1 for number in range(100_000)})
    said = command("replay", "--last", "1", "--with", "amodel:solve")
    assert said.code == 0, said.out


def test_a_run_whose_objective_is_in_its_output_keeps_it_when_the_process_ends(
    command: Command, models: Path, tracker: Tracker
):
    with track_run("plan", input={"bonn": 1}) as run:
        run.output = {"statistics": {"result": {"value": 3}}}
    said = command("replay", run.id, "--with", "amodel:slipping", "--json")
    assert json.loads(said.out)[0]["old"]["objective"] == 3
