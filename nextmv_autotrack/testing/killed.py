"""What becomes of the runs of a process that is killed."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nextmv_autotrack.testing.child import ENDED, STARTED, Job
from nextmv_autotrack.testing.recorded_run import RecordedRuns
from nextmv_autotrack.testing.stored import recovered

# What a model takes to load, and to reach the point, on a machine that is busy.
TIMEOUT_S = 60.0

_OUTPUT = "output.txt"

# The last of what a process has printed: a traceback with what led to it.
_SHOWN_CHARS = 4000

# Before anything of ours can be imported, it has to be known where it is.
_PROGRAM = """
import pickle, sys
with open(sys.argv[1], "rb") as file:
    sys.path[:] = pickle.load(file)
    from nextmv_autotrack.testing.child import main
    job = pickle.load(file)
main(job)
"""


def killed(
    what: Callable[..., Any] | str | os.PathLike[str],
    *args: Any,
    at_line: str | None = None,
    timeout: float = TIMEOUT_S,
    **kwargs: Any,
) -> RecordedRuns:
    """Run a function or a script in a process that is killed, and return what is left.

    It ends as by a power cut, or by what kills processes when memory runs out: where it
    calls `die_here`, or with the first log line of a run that has `at_line` in it.
    Then its runs are recovered, as the next program that tracks would do it. That
    happens in a folder of its own, and nothing is sent.

    Example:
        >>> from nextmv_autotrack.testing import killed
        >>> def test_a_solve_that_is_killed_is_a_failed_run():
        ...     runs = killed("model.py", "--seed", "3", at_line="iteration 10")
        ...     assert runs[0].status == "failed"
        ...     assert runs[0].error.startswith("process ended before the run did")
        ...     assert runs[0].input == {"stops": 3}

    Args:
        what: A function of a module, tracked or not, or the path of a script.
        args: Arguments by position, which can be pickled; of a script, texts.
        at_line: A part of a log line of a tracked run.
        timeout: Seconds that it has to get there.
        kwargs: Arguments of the function by name.

    Raises:
        AssertionError: It was not killed, or not in time; with what it has printed.
        ValueError: The function cannot be found from another process.
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        job = _job(what, args, kwargs, Path(folder), at_line)
        _run_to_its_death(job, timeout)
        return recovered(job.home)


def _job(
    what: Callable[..., Any] | str | os.PathLike[str],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    folder: Path,
    at_line: str | None,
) -> Job:
    if callable(what):
        module, path = _place(what)
        file = getattr(module, "__file__", None)
        given = pickle.dumps((args, kwargs))
        return Job(folder, at_line, None, module.__name__, file, path, given)
    given = pickle.dumps([str(arg) for arg in args])
    return Job(folder, at_line, os.fspath(what), arguments=given)


def _place(function: Callable[..., Any]) -> tuple[Any, str]:
    """Return the module of a function, and where in it the function is."""
    name = getattr(function, "__module__", None)
    path = getattr(function, "__qualname__", None)
    module = sys.modules.get(name or "")
    found: Any = module
    for part in (path or "").split("."):
        found = getattr(found, part, None)
    if module is None or path is None or found is not function:
        raise ValueError(
            f"{path or function!r} cannot be found from another process: give a function "
            "of a module, none that is made in another one, and no method of an object"
        )
    return module, path


def _run_to_its_death(job: Job, timeout_s: float) -> None:
    order = job.folder / "job.pickle"
    order.write_bytes(pickle.dumps(sys.path) + pickle.dumps(job))
    with (job.folder / _OUTPUT).open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 -- this Python, and a file of ours
            [sys.executable, "-c", _PROGRAM, str(order)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(_said(job, f"not killed in {timeout_s:g} s")) from None
        finally:
            process.kill()
            process.wait()
            _end_those_it_has_started(process.pid)
    if not (job.folder / STARTED).exists():
        raise AssertionError(_said(job, "not even begun"))
    if (job.folder / ENDED).exists():
        raise AssertionError(_said(job, "not killed"))


def _end_those_it_has_started(session: int) -> None:
    """Let its children die with it, as they do with a machine; not on Windows."""
    if sys.platform != "win32":
        # A group whose leader is gone may have no member left, or none of ours.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(session, signal.SIGKILL)


def _said(job: Job, what: str) -> str:
    subject = job.script or f"{job.module}.{job.function}"
    text = (job.folder / _OUTPUT).read_text("utf-8", "replace")[-_SHOWN_CHARS:].strip()
    until = f"; no line of a run had {job.at_line!r} in it" if job.at_line else ""
    return f"{subject} was {what}{until}" + (f"; it said:\n{text}" if text else "")
