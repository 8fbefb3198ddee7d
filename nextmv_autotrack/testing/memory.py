"""Runs recorded in memory: what tracked calls write is kept in a list, and read there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import orjson

from nextmv_autotrack.clock import NS_PER_S
from nextmv_autotrack.errors import NotDeliveredError
from nextmv_autotrack.journal import Body, Frame, Kind
from nextmv_autotrack.redact import DEFAULT_RULES
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.status import Delivery, Status
from nextmv_autotrack.store.redacting import Redactor
from nextmv_autotrack.testing.apart import LocalTracker
from nextmv_autotrack.testing.read_back import read_back
from nextmv_autotrack.testing.recorded_run import RecordedRun
from nextmv_autotrack.whereabouts import Place

_WHY_NOT = (
    "was recorded in memory, by a test: put a FakePlatform in place to have it sent"
)


class MemoryTracker(LocalTracker):
    """Tracks a process without a folder, a thread, or a connection."""

    def __init__(self, sources: Sources) -> None:
        self._frames: dict[str, list[Frame]] = {}
        self._known: dict[str, tuple[int, RecordedRun]] = {}
        super().__init__(sources)
        self.handle = _NeverSent()

    def _append_first(self, kind: int, meta: bytes, payload: Body) -> None:
        # In single steps, so that no lock is needed: a fork might find it taken.
        frame = Frame(Kind(kind), meta, _bytes(payload), 0)
        self._frames.setdefault(orjson.loads(meta)["id"], []).append(frame)

    def runs(self) -> list[RecordedRun]:
        """Return the runs so far, in the order in which they began."""
        return [self._run(*one) for one in tuple(self._frames.items())]

    def _run(self, run_id: str, frames: list[Frame]) -> RecordedRun:
        # Read once: a test may look at each of thousands, by its number.
        count, run = self._known.get(run_id, (0, None))
        if run is None or count != len(frames):
            told = tuple(frames)
            run = _run(told)
            self._known[run_id] = len(told), run
        return run


def _run(frames: tuple[Frame, ...]) -> RecordedRun:
    """Read a run as the store does: what is secret stays behind."""
    redactor = Redactor((), lambda _: b"")
    redactor.begin(frames)
    told: dict[str, Any] = {}
    lines, rules = b"", DEFAULT_RULES
    for frame in frames:
        meta, rules = redactor.meta(frame)
        if frame.kind is Kind.LOG:
            lines += frame.payload
        elif frame.kind in _READERS:
            body = redactor.payload(frame, rules)
            told.update(_READERS[frame.kind](meta, body))
    text = redactor.lines(told["id"], lines, rules).decode("utf-8", "replace")
    return RecordedRun(**told, logs=text.splitlines())


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
    return {what: read_back(payload)} if payload else {}


def _bytes(payload: Body) -> bytes:
    return payload if isinstance(payload, bytes) else payload.read()


_READERS: dict[Kind, Callable[[dict[str, Any], bytes], dict[str, Any]]] = {
    Kind.BEGIN: _begun,
    Kind.PART: _added,
    Kind.END: _ended,
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
