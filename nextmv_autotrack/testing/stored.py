"""The runs that a process has left in a folder, recovered and read back for a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nextmv_autotrack.journal import Home
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.store.selection import Selection
from nextmv_autotrack.store.sweep import Sweep
from nextmv_autotrack.testing.read_back import read_back
from nextmv_autotrack.testing.recorded_run import RecordedRun, RecordedRuns


def recovered(folder: Path) -> RecordedRuns:
    """Do what the next program would with what a dead one has left; return its runs."""
    with Store.open(folder) as store:
        for problem in Sweep(store, Home(folder)).others():
            raise problem
        found = sorted(store.each(Selection()), key=lambda run: run.id)
        runs = [_as_recorded(store, run) for run in found]
    return RecordedRuns(lambda: runs)


def _as_recorded(store: Store, run: StoredRun) -> RecordedRun:
    return RecordedRun(
        id=run.id,
        name=run.name,
        description=run.description,
        status=run.status,
        input=_read(store, run.input),
        output=_read(store, run.output),
        metrics=run.metrics,
        options=run.options,
        assets=_read(store, run.assets) or [],
        logs=store.log_text(run.id).splitlines(),
        error=run.error,
        duration=run.duration,
        parent_id=run.parent_id,
        app_id=run.app_id,
        instance_id=run.instance_id,
    )


def _read(store: Store, digest: str | None) -> Any:
    return None if digest is None else read_back(store.payload(digest))
