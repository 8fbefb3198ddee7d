"""Shells are told what the words that somebody types may become."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command


def completed(command: Command, *words: str) -> list[str]:
    said = command("_complete", *words)
    assert (said.code, said.err) == (0, "")
    return said.lines


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], ["--help"]),
        (["li"], ["list"]),
        (["re"], ["replay", "retry"]),
        (["--v"], ["--version"]),
        (["nothing", ""], []),
        (["list", "--st"], ["--status"]),
        (["list", "--status", ""], ["failed", "running", "succeeded"]),
        (["list", "--delivery", "re"], ["rejected"]),
        (["list", "--sort", "st"], ["started"]),
        (["list", "--json", "--sinc"], ["--since"]),
        (["sync", "--"], ["--app", "--app-id", "--create", "--dry-run", "--help"]),
        (["sync", "--local", "--status", "f"], ["failed"]),
        (["export", "--format", ""], ["json", "nextmv-local"]),
        (["completion", ""], ["bash", "fish", "zsh"]),
        (["show", ""], []),
        (["list", "--limit", ""], []),
    ],
)
def test_words_become(command: Command, words: list[str], found: list[str]):
    assert completed(command, *words)[: len(found) or None] == found


@pytest.mark.usefixtures("three_runs")
def test_ids_are_those_of_the_newest_runs_as_short_as_they_may_be(command: Command):
    runs = command("list", "--json").json
    found = completed(command, "show", "")
    assert len(found) == 3
    assert {command("show", short, "--json").json["id"] for short in found} == {
        run["id"] for run in runs
    }
    assert completed(command, "compare", found[0], found[1]) == [found[1]]


def test_applications_are_those_of_the_newest_runs(command: Command, tracker: Tracker):
    for app_id in ("routing", "packing", None, "routing"):
        with track_run(app_id=app_id) if app_id else track_run():
            pass
    command("list")
    found = ["packing", "routing"]
    assert completed(command, "list", "--app", "") == found
    assert completed(command, "sync", "--local", "--app-id", "") == found


def test_a_store_that_cannot_be_read_completes_nothing(command: Command, home: Path):
    (home / "store.sqlite3").mkdir(parents=True)
    assert completed(command, "show", "") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(command: Command, shell: str):
    said = command("completion", shell)
    assert (said.code, said.err) == (0, "")
    assert "nextmv-autotrack _complete" in said.out
    if shutil.which(shell):
        done = subprocess.run(
            [shell, "-n"], input=said.out.encode(), capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")


def test_a_shell_that_is_not_known_is_refused(command: Command):
    said = command("completion", "powershell")
    assert said.code == 2
    assert "'zsh'" in said.err


BASH = """
COMP_WORDS=(nextmv-autotrack list --status s)
COMP_CWORD=3
_nextmv_autotrack
echo "${COMPREPLY[*]}"
COMP_WORDS=(nextmv-autotrack show "")
COMP_CWORD=2
_nextmv_autotrack
echo "${#COMPREPLY[@]}"
"""

# Not as it types, which takes a terminal: with what is offered printed instead.
ZSH = """
(( $+functions[compdef] )) || echo "there is no compdef"
compadd() { shift; asked+=("$*"); count=$#; }
words=(nextmv-autotrack list --status s)
CURRENT=4
_nextmv_autotrack
echo "$asked"
words=(nextmv-autotrack show "")
CURRENT=3
_nextmv_autotrack
echo "$count"
"""

FISH = """
complete -C 'nextmv-autotrack list --status s'
count (complete -C 'nextmv-autotrack show ')
"""


@pytest.mark.parametrize(
    ("shell", "asked"),
    [(["bash", "-c"], BASH), (["zsh", "-fc"], ZSH), (["fish", "-Nc"], FISH)],
    ids=["bash", "zsh", "fish"],
)
@pytest.mark.usefixtures("three_runs")
def test_shells_complete_words(
    command: Command, tracker: Tracker, tmp_path: Path, shell: list[str], asked: str
):
    if shutil.which(shell[0]) is None:
        pytest.skip(f"there is no {shell[0]}")
    assert tracker.flush(10)
    program = tmp_path / "nextmv-autotrack"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m nextmv_autotrack "$@"\n')
    program.chmod(0o700)
    script = command("completion", shell[0]).out
    done = subprocess.run(
        [*shell, script + asked],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["succeeded", "3"], "")
