"""`list -f` and `logs -f`, each in a process of its own that is waited for, not timed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.tracker import Tracker
from tests.cli.conftest import Command

pty = pytest.importorskip("pty", reason="pseudo-terminals and signals are POSIX")


class Following:
    """The command while it runs."""

    def __init__(self, process: subprocess.Popen[bytes], page: IO[bytes]) -> None:
        self._process = process
        self._page = page

    def line(self) -> str:
        """Wait for the next line; empty at the end."""
        try:
            return self._page.readline().decode().rstrip()
        except OSError:  # what Linux says when a terminal has been closed
            return ""

    def interrupt(self) -> int:
        """Do what Ctrl-C does, and return the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait()

    def end(self) -> int:
        return self._process.wait()

    @property
    def complaints(self) -> str:
        assert self._process.stderr is not None
        return self._process.stderr.read().decode()


@contextmanager
def following(
    *words: str, on_a_terminal: bool = False, columns: int = 80
) -> Iterator[Following]:
    main, other = pty.openpty() if on_a_terminal else os.pipe()
    environ = {"TERM": "xterm-256color", "COLUMNS": str(columns), "NO_COLOR": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "nextmv_autotrack", *words],
        stdout=other,
        stderr=subprocess.PIPE,
        env={**os.environ, **environ},
    ) as process:
        os.close(other)
        with os.fdopen(main, "rb") as page:
            try:
                yield Following(process, page)
            finally:
                process.kill()


@pytest.mark.usefixtures("three_runs")
def test_list_goes_on_with_runs_that_begin_and_end(tracker: Tracker):
    with following("list", "-f", "--json", "--limit", "2") as seen:
        before = [json.loads(seen.line()) for _ in range(2)]
        assert before[0]["name"] == "talkative"
        with track_run("slow") as run:
            begun = json.loads(seen.line())
            assert (begun["id"], begun["status"]) == (run.id, "running")
            run.fail("no vehicles")
        ended = json.loads(seen.line())
        assert (ended["id"], ended["status"]) == (run.id, "failed")
        assert (seen.interrupt(), seen.complaints) == (130, "")


@pytest.mark.usefixtures("three_runs")
def test_list_goes_on_with_the_chosen_runs_only(tracker: Tracker):
    words = ("--json", "--status", "failed", "--where", "value>1", "--limit", "1")
    with following("list", "-f", *words) as seen:
        with track_run("another"):
            pass
        with track_run("worse") as run:
            run.metrics["value"] = 2
            run.fail("no vehicles")
        assert json.loads(seen.line())["name"] == "worse"
        assert seen.interrupt() == 130


def test_list_waits_for_the_first_run_there_ever_is(tracker: Tracker):
    with following("list", "-f", on_a_terminal=True) as seen:
        with track_run("first"):
            pass
        assert seen.line().split() == [
            "ID",
            "STARTED",
            "STATUS",
            "DURATION",
            "NAME",
            "RESULT",
        ]
        line = seen.line()
        while "succeeded" not in line:
            line = seen.line()
        assert "first" in line
        assert "\x1b" not in line
        assert (seen.interrupt(), seen.complaints) == (130, "")


@pytest.mark.parametrize("page", ["terminal", "pipe"])
def test_logs_go_on_with_lines_as_they_are_written(tracker: Tracker, page: str):
    on_a_terminal = page == "terminal"
    with track_run("slow") as run:
        run.log("begun")
        with following("logs", "-f", run.id, on_a_terminal=on_a_terminal) as seen:
            assert seen.line() == "begun"
            run.log("half of it\n\x1b[2Jis done" if on_a_terminal else "half of it")
            assert seen.line() == "half of it"
            if on_a_terminal:
                assert seen.line() == " [2Jis done"
            run.log("last words")
            assert seen.line() == "last words"
            assert seen.interrupt() == 130


def test_logs_end_with_the_run(tracker: Tracker):
    block = track_run("slow")
    run = block.__enter__()
    run.log("begun")
    with following("logs", "-f", "--json", run.id) as seen:
        assert json.loads(seen.line()) == "begun"
        run.log("done")
        block.__exit__(None, None, None)
        assert json.loads(seen.line()) == "done"
        assert seen.line() == ""
        assert (seen.end(), seen.complaints) == (0, "")


@pytest.mark.usefixtures("three_runs")
def test_logs_of_a_run_that_has_ended_are_printed_and_that_is_all(command: Command):
    (talkative,) = command("list", "--json", "--name", "talkative").json
    said = command("logs", "-f", talkative["id"])
    assert (said.code, said.lines[0], len(said.lines)) == (0, "line 0", 30)


def test_what_comes_over_time_is_not_sorted(command: Command):
    for words in (["--sort", "value"], ["--reverse"]):
        said = command("list", "-f", *words)
        assert (said.code, said.out) == (1, "")
        assert "leave out --sort" in said.err


@pytest.mark.usefixtures("three_runs")
@pytest.mark.parametrize(("columns", "heads"), [(60, 4), (70, 5), (80, 6)])
def test_a_narrow_terminal_does_without_some_columns(
    tracker: Tracker, columns: int, heads: int
):
    assert tracker.flush(10)
    with following("list", "-f", on_a_terminal=True, columns=columns) as seen:
        lines = [seen.line() for _ in range(4)]
        assert seen.interrupt() == 130
    assert len(lines[0].split()) == heads
    assert max(map(len, lines)) <= columns
    assert "value=7.5" in lines[1]
