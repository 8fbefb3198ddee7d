"""Runs recorded in memory: what tracked calls write is kept in a list, and read there."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from typing import Any, NoReturn

import orjson

from nextmv_autotrack.clock import NS_PER_S
from nextmv_autotrack.encode.formats import format_of
from nextmv_autotrack.errors import NotDeliveredError
from nextmv_autotrack.journal import BEGIN, END, LOG, PART, Body
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.status import Delivery, Status
from nextmv_autotrack.testing.apart import LocalTracker
from nextmv_autotrack.testing.recorded_run import RecordedRun
from nextmv_autotrack.whereabouts import Place

_WHY_NOT = (
    "was recorded in memory, by a test: put a FakePlatform in place to have it sent"
)


class MemoryTracker(LocalTracker):
    """Tracks a process without a folder, a thread, or a connection."""

    def __init__(self, sources: Sources) -> None:
        self._frames: dict[str, list[_Frame]] = {}
        self._known: dict[str, tuple[int, RecordedRun]] = {}
        super().__init__(sources)
        self.handle = _NeverSent()

    def _append_first(self, kind: int, meta: bytes, payload: Body) -> None:
        # In single steps, so that no lock is needed: a fork might find it taken.
        told, body = orjson.loads(meta), _bytes(payload)
        self._frames.setdefault(told["id"], []).append((kind, told, body))

    def runs(self) -> list[RecordedRun]:
        """Return the runs so far, in the order in which they began."""
        return [self._run(*one) for one in tuple(self._frames.items())]

    def _run(self, run_id: str, frames: list[_Frame]) -> RecordedRun:
        # Read once: a test may look at each of thousands, by its number.
        count, run = self._known.get(run_id, (0, None))
        if run is None or count != len(frames):
            told = tuple(frames)
            run = _run(told)
            self._known[run_id] = len(told), run
        return run


_Frame = tuple[int, dict[str, Any], bytes]


def _run(frames: tuple[_Frame, ...]) -> RecordedRun:
    told: dict[str, Any] = {"logs": []}
    for kind, meta, payload in frames:
        if kind == LOG:
            told["logs"] += payload.decode("utf-8", "replace").splitlines()
        elif kind in _READERS:
            told.update(_READERS[kind](meta, payload))
    return RecordedRun(**told)


def _begun(meta: dict[str, Any], payload: bytes) -> dict[str, Any]:
    names = ("id", "name", "description", "parent_id", "app_id", "instance_id")
    return {name: meta.get(name) for name in names} | _read("input", payload)


def _ended(meta: dict[str, Any], payload: bytes) -> dict[str, Any]:
    return {
        "status": Status(meta["status"]),
        "error": meta.get("error"),
        "duration": meta["duration_ns"] / NS_PER_S,
        "metrics": meta.get("metrics") or {},
        "options": meta.get("options") or {},
        **_read("output", payload),
    }


def _added(meta: dict[str, Any], payload: bytes) -> dict[str, Any]:
    part = str(meta["part"])
    return _read(part, payload) if part in {"input", "assets"} else {}


def _read(what: str, payload: bytes) -> dict[str, Any]:
    if not payload:
        return {}
    if format_of(payload) == "multi-file":
        return {what: _files(payload)}
    return {what: orjson.loads(payload)}


def _files(archive: bytes) -> dict[str, bytes]:
    """Return what is in the files of a folder, by their names in it."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        opened = ((one.name, files.extractfile(one)) for one in files)
        return {name: file.read() for name, file in opened if file is not None}


def _bytes(payload: Body) -> bytes:
    return payload if isinstance(payload, bytes) else payload.read()


_READERS: dict[int, Callable[[dict[str, Any], bytes], dict[str, Any]]] = {
    BEGIN: _begun,
    PART: _added,
    END: _ended,
}


class _NeverSent:
    """Says of each run at once that it does not arrive."""

    def find(self, run_id: str) -> Place | None:  # noqa: ARG002 -- as others say more
        """Return that it is kept here."""
        return Place(Delivery.LOCAL, None, "", None, None, _WHY_NOT)

    def wait(self, run_id: str, timeout_s: float) -> NoReturn:  # noqa: ARG002 -- as above
        """Do not wait."""
        raise NotDeliveredError(f"run {run_id} {_WHY_NOT}", run_id=run_id)

    async def wait_async(self, run_id: str, timeout_s: float) -> NoReturn:
        """Do not wait."""
        self.wait(run_id, timeout_s)

    def result(self, run_id: str, timeout_s: float) -> NoReturn:
        """Do not wait."""
        self.wait(run_id, timeout_s)

    async def result_async(self, run_id: str, timeout_s: float) -> NoReturn:
        """Do not wait."""
        self.wait(run_id, timeout_s)
