"""The process that `killed` starts: calls a function, or runs a script, and may die of it."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import pickle
import runpy
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from nextmv_autotrack.capture.open_run import Append
from nextmv_autotrack.journal import LOG, Body
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.testing import death
from nextmv_autotrack.testing.apart import (
    LocalTracker,
    NothingLeaves,
    set_apart,
    tracking_by,
)

STARTED, ENDED = "started", "ended"
"""Files that say how far it has come."""


@dataclass(frozen=True)
class Job:
    """What the process is to do."""

    folder: Path
    """Its own, for the length of a test."""
    at_line: str | None
    """It dies with the first log line that has this in it."""
    script: str | None = None
    module: str = ""
    file: str | None = None
    """Where the module is: it may be on no path, as a module of tests."""
    function: str = ""
    arguments: bytes = b""
    """Of the function, by position and by name; of the script, a list of texts."""

    @property
    def home(self) -> Path:
        """Where its runs are."""
        return self.folder / "home"


def main(job: Job) -> None:
    """Do what there is to do; say so if nobody has died of it."""
    death.is_expected = True
    chosen = {"directory": job.home}
    with (
        set_apart(NothingLeaves(), chosen=chosen) as sources,
        tracking_by(_Watched(sources, job.at_line)),
    ):
        try:
            _do(job)
        finally:
            # Whatever it has raised: it is alive.
            (job.folder / ENDED).touch()


def _do(job: Job) -> None:
    if job.script is not None:
        sys.argv = [job.script, *pickle.loads(job.arguments)]  # noqa: S301 -- ours
        sys.path.insert(0, str(Path(job.script).parent))
        (job.folder / STARTED).touch()
        runpy.run_path(job.script, run_name="__main__")
    else:
        function = _found(_loaded(job), job.function)
        args, kwargs = pickle.loads(job.arguments)  # noqa: S301 -- ours
        (job.folder / STARTED).touch()
        _to_its_end(function(*args, **kwargs))


def _loaded(job: Job) -> ModuleType:
    if job.file is None:
        return importlib.import_module(job.module)
    # What is pickled of a program refers to `__main__`, which is another one here.
    is_program = job.module == "__main__"
    name = "__mp_main__" if is_program else job.module
    spec = importlib.util.spec_from_file_location(name, job.file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{job.file} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if is_program:
        sys.modules["__main__"] = module
    spec.loader.exec_module(module)
    return module


def _found(module: ModuleType, path: str) -> Any:
    value: Any = module
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _to_its_end(result: Any) -> None:
    if inspect.iscoroutine(result):
        asyncio.run(result)
    elif inspect.isgenerator(result):
        for _ in result:
            pass


class _Watched(LocalTracker):
    """Tracks the process until a certain line is logged, and kills it then."""

    def __init__(self, sources: Sources, at_line: str | None) -> None:
        self._at_line = None if at_line is None else at_line.encode()
        super().__init__(sources)

    def _append_first(self, kind: int, meta: bytes, payload: Body) -> None:
        super()._append_first(kind, meta, payload)
        self.recorder.append = self._watched(self.recorder.append)

    def _watched(self, append: Append) -> Append:
        at_line = self._at_line

        def watched(kind: int, meta: bytes, payload: Body) -> None:
            append(kind, meta, payload)
            if (
                at_line
                and isinstance(payload, bytes)
                and kind == LOG
                and at_line in payload
            ):
                death.die_here()

        return watched
