"""Journals for tests: frames of runs, written by a real writer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from nextmv_autotrack.journal import Home, Kind, Segment, Writer
from nextmv_autotrack.store import Store

PROJECT = Path(__file__).parents[2]

ENDPOINT = "https://platform.example"

BEGIN: dict[str, Any] = {
    "name": "solve",
    "description": None,
    "parent_id": None,
    "started_ns": 1_790_000_000_250_000_000,
    "host": "here",
    "delivery": "local",
    "app_id": None,
    "instance_id": None,
    "endpoint": ENDPOINT,
}
END: dict[str, Any] = {
    "status": "succeeded",
    "duration_ns": 1_500_000_000,
    "error": None,
    "metrics": {},
    "options": {},
    "is_document": False,
}


def run_id(number: int) -> str:
    """Return the id of a run; a higher number is a later run."""
    return f"01990000-0000-7000-8000-{number:012x}"


class Journal:
    """The journal of one owner, as a tracked process would write it."""

    def __init__(
        self, directory: Path, owner: str = "1-a", *, segment_bytes: int = 2**24
    ) -> None:
        self.owner = owner
        self.home = Home(directory)
        self.writer = Writer(self.home, owner, segment_bytes=segment_bytes)

    def __enter__(self) -> Journal:  # noqa: PYI034 -- Self came with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()

    @property
    def segments(self) -> list[Segment]:
        return [found for found in self.home.segments() if found.owner == self.owner]

    @property
    def segment(self) -> Segment:
        """The one segment there is."""
        (segment,) = self.segments
        return segment

    def begin(self, number: int, payload: bytes = b"", **told: Any) -> None:
        self._append(Kind.BEGIN, {"id": run_id(number), **BEGIN, **told}, payload)

    def log(self, number: int, payload: bytes) -> None:
        self._append(Kind.LOG, {"id": run_id(number)}, payload)

    def part(self, number: int, part: str, payload: bytes) -> None:
        self._append(Kind.PART, {"id": run_id(number), "part": part}, payload)

    def end(self, number: int, payload: bytes = b"", **told: Any) -> None:
        self._append(Kind.END, {"id": run_id(number), **END, **told}, payload)

    def ended(self, number: int, **told: Any) -> None:
        """Write a whole run."""
        self.begin(number, **told)
        self.end(number)

    def raw(self, kind: Kind, meta: bytes, payload: bytes = b"") -> None:
        """Write a frame that may make no sense."""
        self.writer.append(kind, meta, payload)

    def move(self, store: Store, *, limit_bytes: int = 2**18) -> int:
        """Move all of it; return how many frames that were."""
        return sum(move(store, segment, limit_bytes) for segment in self.segments)

    def _append(self, kind: Kind, meta: dict[str, Any], payload: bytes) -> None:
        self.writer.append(kind, json.dumps(meta).encode(), payload)


def say(text: object) -> None:
    """Tell the process that started this one."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def move(store: Store, segment: Segment, limit_bytes: int = 2**18) -> int:
    """Move all of a segment; return how many frames that were."""
    frames = 0
    while True:
        moved = store.move(segment, limit_bytes=limit_bytes)
        frames += moved.frames
        if moved.finished:
            return frames


def start(module: str, *arguments: object) -> subprocess.Popen[str]:
    """Start `tests.store.<module>` in a process of its own."""
    paths = [str(PROJECT), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.store.{module}", *map(str, arguments)],
        cwd=PROJECT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, reversed(paths))),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
