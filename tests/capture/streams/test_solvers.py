"""What real solvers print is in the log of the run, wherever they are called."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.capture.streams.programs import PATIENCE_S, logs_in, surroundings
from tests.capture.streams.solving import LIBRARIES, WORDS

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="needs POSIX"),
    pytest.mark.timeout(2 * PATIENCE_S),
]

PROGRAM = Path(__file__).with_name("solving.py")

ALL = "10_000_000"

here = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            importlib.util.find_spec(library) is None, reason=f"needs {library}"
        ),
    )
    for name, library in LIBRARIES.items()
]


def printed_by(home: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
        cwd=home,
        env=surroundings(home, NEXTMV_AUTOTRACK_MAX_LOG=ALL),
    )
    assert (done.returncode, done.stderr.replace(b"stderr\n", b"")) == (0, b""), done
    return done.stdout.decode()


def without_numbers(text: str) -> list[list[str]]:
    """What is printed on one day and on another: times, memory and ids differ."""
    return [
        re.sub(r"/\S+|[\d.,:+-]+e?", "", line).split() for line in text.splitlines()
    ]


@pytest.mark.parametrize("solver", here)
def test_what_a_solver_prints_is_its_log_and_is_shown_as_before(solver, tmp_path):
    shown = printed_by(tmp_path, str(PROGRAM), solver, "fd")
    (lines,) = logs_in(tmp_path)
    assert "".join(f"{line}\n" for line in lines) + "end\n" == shown
    word, size = WORDS[solver]
    assert word in shown
    assert len(shown) > size


@pytest.mark.parametrize("solver", [one for one in here if one.values[0] != "cpsat"])
def test_a_solver_prints_the_same_with_and_without(solver, tmp_path):
    off, on = (printed_by(tmp_path, str(PROGRAM), solver, m) for m in ("off", "fd"))
    assert without_numbers(on) == without_numbers(off)


TESTED = """
import ctypes, sys
from nextmv_autotrack import track_run
from tests.capture.streams.solving import highs
from tests.capture.streams.test_solvers import without_numbers
c = ctypes.CDLL(None)

def everything():
    print("python")
    c.puts(b"from C"); c.fflush(None)
    print("python again")
    print("stderr", file=sys.stderr)
    highs()
    print("python at last")

def test_as_users_write_them():
    with track_run(streams="fd"):
        everything()
"""

SEEN = (
    TESTED
    + """
def test_what_pytest_has_captured_is_the_same(capfd):
    highs()  # says only once who it is
    capfd.readouterr()
    everything()
    before = capfd.readouterr()
    with track_run(streams="fd"):
        everything()
    during = capfd.readouterr()
    assert without_numbers(during.out) == without_numbers(before.out)
    assert during.err == before.err == "stderr\\n"

def test_what_is_captured_of_python_only_stays_there(capsys):
    with track_run(streams="fd"):
        print("python")
        c.puts(b"from C")
    assert capsys.readouterr().out == "python\\n"
"""
)


@pytest.mark.parametrize("words", [["-s"], ["--capture=fd"], ["--capture=sys"]])
def test_under_pytest_all_of_it_is_in_the_log_in_order(words, tmp_path):
    (tmp_path / "test_it.py").write_text(TESTED)
    printed_by(tmp_path, "-m", "pytest", "-q", *words, "test_it.py")
    (lines,) = logs_in(tmp_path)
    assert lines[:4] == ["python", "from C", "python again", "stderr"]
    assert any("LP iterations" in line for line in lines)
    assert lines[-1] == "python at last"


def test_under_pytest_what_it_captures_is_the_same(tmp_path):
    (tmp_path / "test_it.py").write_text(SEEN)
    printed_by(tmp_path, "-m", "pytest", "-q", "test_it.py")
    assert len(logs_in(tmp_path)) == 3


POOL = """
from concurrent.futures import ThreadPoolExecutor
from nextmv_autotrack import tracked
from tests.capture.streams.solving import highs

@tracked(streams="fd")
def solve(number):
    highs()

with ThreadPoolExecutor(3) as pool:
    list(pool.map(solve, range(6)))
"""


def test_in_a_thread_pool_every_solve_is_in_the_log_of_its_run(tmp_path):
    shown = printed_by(tmp_path, "-c", POOL)
    assert shown.count("LP iterations") == 6
    logs = logs_in(tmp_path)
    assert len(logs) == 6
    for lines in logs:
        for words in ("Presolving model", "Solving report", "LP iterations"):
            assert any(words in line for line in lines)


# What C prints reaches a notebook by a thread of the kernel, in the order of printing.
UNTIL_C_IS_SHOWN = """
import os, sys, threading
shown, write = threading.Event(), sys.stdout.write
def watched(text):
    done = write(text)
    if "the end of C" in text:
        shown.set()
    return done
sys.stdout.write = watched
os.write(1, b"the end of C\\n")
assert shown.wait(60)
sys.stdout.write = write
sys.stdout.flush()
"""

NOTEBOOK = """
import ctypes, logging, sys
from nextmv_autotrack import track_run
from tests.capture.streams.solving import {solver}
c = ctypes.CDLL(None)
with track_run(streams="fd"):
    print("python")
    print("stderr", file=sys.stderr)
    {solver}()
    print("python again")
    logging.warning("a record")
"""


@pytest.mark.parametrize("solver", here)
def test_in_a_notebook_all_of_it_is_in_the_log_and_shown_once(
    solver, tmp_path, monkeypatch
):
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    nbformat = pytest.importorskip("nbformat")
    # Under pytest, kernels do not show what C code prints.
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    for name, value in surroundings(tmp_path, NEXTMV_AUTOTRACK_MAX_LOG=ALL).items():
        monkeypatch.setenv(name, value)
    cells = [
        nbformat.v4.new_code_cell(NOTEBOOK.format(solver=solver)),
        nbformat.v4.new_code_cell(UNTIL_C_IS_SHOWN),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(
        notebook, timeout=PATIENCE_S, kernel_name="python3"
    ).execute()
    shown = "".join(
        out["text"] for cell in cells for out in cell.outputs if "text" in out
    )
    (lines,) = logs_in(tmp_path)
    word, _ = WORDS[solver]
    for text in ("python", "stderr", "python again"):
        assert lines.count(text) == 1
        # Pieces of what C code prints may come in between: a thread of the kernel's.
        assert shown.count(f"{text}\n") == 1
    assert sum(word in line for line in lines) == shown.count(word) == 1
    assert sum("a record" in line for line in lines) == 1
    assert lines[0] == "python"
