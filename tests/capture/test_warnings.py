"""Warnings that pass the filters in a run are log lines, and go on as before."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from nextmv_autotrack import track_run, tracked
from nextmv_autotrack.store import Store

ROOT = Path(__file__).parents[2]


def test_a_warning_is_a_line_with_its_place(written):
    with track_run(), pytest.warns(UserWarning, match="slow"):
        warnings.warn("slow", UserWarning, stacklevel=1)
    (line,) = written.run.logs
    number = test_a_warning_is_a_line_with_its_place.__code__.co_firstlineno + 2
    assert " WARNING py.warnings: " in line
    assert line.endswith(f"{Path(__file__).name}:{number}: UserWarning: slow")


def test_who_collects_warnings_gets_the_same_message_and_there_is_a_line(written):
    with track_run(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("kept", ResourceWarning, stacklevel=1, source=written)
    (message,) = caught
    assert str(message.message) == "kept"
    assert message.source is written
    assert len(written.run.logs) == 1


def test_warnings_that_are_filtered_are_no_lines_and_errors_are_errors(written):
    with track_run(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.warn("unseen", UserWarning, stacklevel=1)
    with pytest.raises(UserWarning, match="raised"), track_run():
        warnings.warn("raised", UserWarning, stacklevel=1)
    assert written.runs[0].logs == []
    assert written.runs[1].status == "failed"


def test_filters_and_showwarning_stay_as_they_are(written):
    before = [*warnings.filters], warnings.showwarning, warnings.formatwarning
    with track_run():
        during = [*warnings.filters], warnings.showwarning, warnings.formatwarning
    assert during == before


def test_who_replaces_showwarning_is_called_and_the_line_is_there(written):
    seen = []
    with track_run(), warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda *args: seen.append(str(args[0]))
        warnings.warn("theirs", UserWarning, stacklevel=1)
    assert seen == ["theirs"]
    assert len(written.run.logs) == 1


def test_a_warning_that_is_logged_is_one_line(written):
    with track_run(), warnings.catch_warnings():
        warnings.simplefilter("always")
        # As logging.captureWarnings() does.
        warnings.showwarning = logging._showwarning
        warnings.warn("logged", UserWarning, stacklevel=1)
    assert sum("WARNING py.warnings" in line for line in written.run.logs) == 1


@pytest.mark.parametrize("logs", [False, "ERROR"])
def test_warnings_are_left_out_with_the_records_of_their_level(written, logs):
    with track_run(logs=logs), pytest.warns(UserWarning, match="slow"):
        warnings.warn("slow", UserWarning, stacklevel=1)
    assert written.run.logs == []


def test_outside_of_runs_warnings_are_nobodys(written):
    with track_run():
        pass
    with pytest.warns(UserWarning, match="outside"):
        warnings.warn("outside", UserWarning, stacklevel=1)
    assert written.run.logs == []


def test_a_warning_of_another_thread_belongs_to_the_only_run(written):
    @tracked
    def solve():
        thread = threading.Thread(target=warnings.warn, args=("late",))
        thread.start()
        thread.join()

    with pytest.warns(UserWarning, match="late"):
        solve()
    assert written.run.logs[0].endswith("UserWarning: late")


@pytest.mark.parametrize("streams", ["off", "python", "fd"])
def test_it_is_shown_once_and_is_one_line(tmp_path, streams):
    program = """
import sys, warnings
from nextmv_autotrack import last_run, track_run
with track_run(streams=sys.argv[1], destination="local"):
    warnings.warn("slow")
"""
    done = subprocess.run(
        [sys.executable, "-c", program, streams],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT), "NEXTMV_AUTOTRACK_DIRECTORY": str(tmp_path)},
    )
    assert done.stderr.count("UserWarning: slow") == 1
    with Store.open(tmp_path) as store:
        (run,) = store.runs(limit=5)
        assert store.log_text(run.id).count("UserWarning: slow") == 1
