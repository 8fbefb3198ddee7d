"""A sink for tests: the frames of tracked calls, put together again as runs."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from nextmv_autotrack.capture.recorder import Recorder
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.journal import Kind
from nextmv_autotrack.settings import Sources

STARTED_AT = 1_790_000_000.0


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
    def status(self) -> str:
        return str(self.end.get("status", "running"))

    @property
    def error(self) -> str | None:
        return self.end.get("error")

    @property
    def metrics(self) -> dict[str, Any]:
        """The user's metrics: ours change from run to run."""
        ours = {"cpu_s", "peak_memory_mib"}
        return {k: v for k, v in self.end["metrics"].items() if k not in ours}


class Written:
    """Everything that tracked calls have written, in order."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.now = 100.0
        """The steady clock; a test moves it on."""
        self.frames: list[tuple[Kind, dict[str, Any], bytes]] = []
        self.settled: list[float] = []
        numbers = itertools.count(1)
        self.recorder = Recorder(
            append=self._append,
            clock=Clock(wall=lambda: STARTED_AT, steady=lambda: self.now),
            new_id=lambda: f"{next(numbers):032x}",
            sources=sources,
            settle=self.settled.append,
        )

    def _append(self, kind: int, meta: bytes, payload: bytes) -> None:
        self.frames.append((Kind(kind), json.loads(meta), payload))

    @property
    def runs(self) -> list[WrittenRun]:
        """The runs in the order in which they began."""
        runs: dict[str, WrittenRun] = {}
        for kind, meta, payload in self.frames:
            if kind is Kind.BEGIN:
                runs[meta["id"]] = WrittenRun(meta)
            run = runs[meta["id"]]
            if kind is Kind.BEGIN and payload:
                run.input = json.loads(payload)
            elif kind is Kind.LOG:
                run.logs += payload.decode().splitlines()
            elif kind is Kind.PART:
                setattr(run, meta["part"], json.loads(payload))
            elif kind is Kind.END:
                run.end = meta
                run.output = json.loads(payload) if payload else None
        return list(runs.values())

    @property
    def run(self) -> WrittenRun:
        """The one run there is."""
        (run,) = self.runs
        return run
