"""A sink for tests: the frames of tracked calls, put together again as runs."""

from __future__ import annotations

import io
import itertools
import json
import tarfile
from dataclasses import dataclass, field
from typing import IO, Any, cast

from nextmv_autotrack.capture.recorder import Recorder
from nextmv_autotrack.clock import NS_PER_S, Clock
from nextmv_autotrack.encode.formats import format_of
from nextmv_autotrack.journal import Body, Kind
from nextmv_autotrack.settings import Sources

STARTED_NS = 1_790_000_000 * NS_PER_S


@dataclass
class WrittenRun:
    """One run as its frames tell it."""

    begin: dict[str, Any]
    input: Any = None
    output: Any = None
    assets: Any = None
    logs: list[str] = field(default_factory=list)
    end: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.begin["id"])

    @property
    def name(self) -> str:
        return str(self.begin["name"])

    @property
    def parent_id(self) -> str | None:
        return self.begin.get("parent_id")

    @property
    def status(self) -> str:
        return str(self.end.get("status", "running"))

    @property
    def error(self) -> str | None:
        return self.end.get("error")

    @property
    def duration(self) -> float | None:
        """Seconds, once it has ended."""
        ns = self.end.get("duration_ns")
        return None if ns is None else ns / NS_PER_S

    @property
    def is_document(self) -> bool:
        return bool(self.end.get("is_document"))

    @property
    def metrics(self) -> dict[str, Any]:
        """The user's metrics; what was measured is beside them."""
        found = self.end.get("metrics", {})
        assert isinstance(found, dict)
        return found


def value_of(payload: bytes) -> Any:
    """Return what a payload says; of the files of a folder, their contents by name."""
    if format_of(payload) != "multi-file":
        return json.loads(payload)
    with tarfile.open(fileobj=io.BytesIO(payload)) as tar:
        return {one.name: cast("IO[bytes]", tar.extractfile(one)).read() for one in tar}


class Written:
    """Everything that tracked calls have written, in order."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.now = 100.0
        """The steady clock in seconds; a test moves it on."""
        self.frames: list[tuple[Kind, dict[str, Any], bytes]] = []
        self.settled: list[float] = []
        numbers = itertools.count(1)
        self.recorder = Recorder(
            append=self._append,
            clock=Clock(lambda: STARTED_NS, lambda: int(self.now * NS_PER_S)),
            new_id=lambda now_ns: f"{next(numbers):032x}",
            sources=sources,
            settle=self.settled.append,
        )

    def _append(self, kind: int, meta: bytes, payload: Body) -> None:
        body = payload if isinstance(payload, bytes) else payload.read()
        self.frames.append((Kind(kind), json.loads(meta), body))

    @property
    def runs(self) -> list[WrittenRun]:
        """The runs in the order in which they began."""
        runs: dict[str, WrittenRun] = {}
        for kind, meta, payload in self.frames:
            if kind is Kind.BEGIN:
                runs[meta["id"]] = WrittenRun(meta)
            run = runs[meta["id"]]
            if kind is Kind.BEGIN and payload:
                run.input = value_of(payload)
            elif kind is Kind.LOG:
                run.logs += payload.decode().splitlines()
            elif kind is Kind.PART:
                setattr(run, meta["part"], value_of(payload))
            elif kind is Kind.END:
                run.end = meta
                run.output = value_of(payload) if payload else None
        return list(runs.values())

    @property
    def run(self) -> WrittenRun:
        """The one run there is."""
        (run,) = self.runs
        return run
