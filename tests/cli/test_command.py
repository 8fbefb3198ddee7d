from __future__ import annotations

import io
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

from nextmv_autotrack.cli import main
from tests.cli.conftest import Command
from tests.project.paths import python

COMMANDS = (
    "list",
    "show",
    "logs",
    "compare",
    "status",
    "sync",
    "retry",
    "purge",
    "export",
    "replay",
    "config",
    "doctor",
    "open",
    "completion",
    "demo",
)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_an_example(command: Command, name: str):
    said = command(name, "--help")
    assert said.code == 0
    assert re.search(rf"examples?:\n  .*nextmv-autotrack {name}", said.out)


def test_no_command_prints_the_help_that_names_them_all(command: Command):
    said = command()
    assert (said.code, said.err) == (0, "")
    assert all(f"    {name} " in said.out for name in COMMANDS)
    assert said.out == command("--help").out


@pytest.mark.usefixtures("three_runs")
def test_ids_may_stand_before_options_and_behind_them(command: Command):
    ids = [run["id"] for run in command("list", "--json").json]
    told = command("compare", ids[0], "--json", *ids[1:]).json
    assert [run["id"] for run in told["runs"]] == ids
    for words in (["show", ids[0], ids[1]], ["compare", ids[0], ids[1], "--jsn"]):
        said = command(*words)
        assert (said.code, said.out) == (2, "")
        assert words[-1] in said.err


def test_the_help_tells_the_exit_codes(command: Command):
    (told,) = re.findall(r"Exit codes: .*", command("--help").out, re.DOTALL)
    codes = {"0", "1", "2", "130", "141"}
    assert codes == set(re.findall(r"\d+", told))


def test_the_help_fits_a_terminal(command: Command):
    for words in ([], *([name] for name in COMMANDS)):
        said = command(*words, "--help")
        assert max(map(len, said.lines)) <= 90


def test_the_version_is_that_of_the_package(command: Command):
    said = command("--version")
    assert (said.code, said.out) == (
        0,
        f"nextmv-autotrack {version('nextmv-autotrack')}\n",
    )


def test_an_unknown_command_is_exit_code_2_and_names_those_there_are(command: Command):
    said = command("lst")
    assert said.code == 2
    assert all(name in said.err for name in COMMANDS)


def test_an_interrupt_is_quiet(command: Command, monkeypatch: pytest.MonkeyPatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nextmv_autotrack.cli.home.directory", interrupt)
    said = command("list")
    assert (said.code, said.out, said.err) == (130, "", "")


def test_no_traceback_reaches_the_user(
    command: Command, monkeypatch: pytest.MonkeyPatch
):
    def break_down(*_: object) -> None:
        raise RuntimeError("a bug\nof ours")

    monkeypatch.setattr("nextmv_autotrack.cli.home.directory", break_down)
    said = command("list")
    assert (said.code, said.err) == (
        1,
        "nextmv-autotrack: RuntimeError: a bug of ours\n",
    )


def test_it_prints_to_whatever_stands_for_the_output(monkeypatch: pytest.MonkeyPatch):
    page = io.StringIO()
    monkeypatch.setattr(sys, "stdout", page)
    assert main(["list", "--json"]) == 0
    assert page.getvalue() == "[]\n"


def test_it_is_a_module_as_well_as_a_script():
    done = python("-m", "nextmv_autotrack", "list", "--json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    script = subprocess.run(
        [sys.executable.rpartition("/")[0] + "/nextmv-autotrack", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert script.returncode == 0


def test_what_the_terminal_cannot_print_becomes_an_escape(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    program = "import nextmv_autotrack as it\nwith it.track_run(name='Größe'): pass"
    python("-c", program)
    done = python("-m", "nextmv_autotrack", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert r"Gr\xf6\xdfe" in done.stdout
