"""A run in progress, as the recorder sees it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from functools import lru_cache
from typing import Protocol

from nextmv_autotrack import safely
from nextmv_autotrack.capture.plan import Plan
from nextmv_autotrack.capture.resources import ChildrenUsage, Usage
from nextmv_autotrack.capture.timeline import Timeline
from nextmv_autotrack.encode import to_json
from nextmv_autotrack.journal import LOG, PART
from nextmv_autotrack.run import Notes

Append = Callable[[int, bytes, bytes], None]
"""Where frames go: the journal of the process, or a list in tests."""


class Recorder(Protocol):
    """What opened the run and will close it."""

    append: Append
    generation: int
    timeline: Timeline

    def interrupted(self, opened: OpenRun, interrupt: BaseException) -> None:
        """Write down that it was interrupted before its function began."""

    def close(self, opened: OpenRun, body: bytes, error: BaseException | None) -> None:
        """Write down how it ended."""


class OpenRun(Notes):
    """The notes of a run that is written down, and what the recorder keeps of it."""

    # On the class what most runs do not have.
    is_open = True
    has_ended = False
    """Whether its end has been written down."""
    held: list[tuple[int, bytes, bytes]] | None = None
    """The frames of a run that is only kept if it fails."""
    log_bytes = 0
    lines_left_out = 0
    call_options: dict[str, str] | None = None
    """The arguments that are options, as texts."""
    is_document = False
    """The output is a document of its own, not a solution to be put into one."""
    sink: Append
    """The journal it has begun in."""
    token: Token[OpenRun | None] | None = None
    start_ns = 0
    usage_start: Usage = ()
    children_start: ChildrenUsage | None = None

    def __init__(  # noqa: PLR0913, PLR0917 -- one store each: it is on every call's way
        self,
        recorder: Recorder,
        plan: Plan,
        subject: object,
        parent: OpenRun | None,
        name: str,
        run_id: str,
        started_ns: int,
    ) -> None:
        self.recorder = recorder
        self.generation = recorder.generation
        """Of the recorder when the run began."""
        self.plan = plan
        self.subject = subject
        """What is tracked: a call of it inside itself is not another run."""
        self.parent = parent
        self.name = name
        self.id = run_id
        self.started_ns = started_ns

    def append(self, kind: int, meta: bytes, payload: bytes) -> None:
        """Write a frame, or keep it in memory while it is open whether it is wanted."""
        if self.held is not None:
            self.held.append((kind, meta, payload))
        elif self.generation == self.recorder.generation:
            self.sink(kind, meta, payload)
        else:
            # A forked child has a journal of its own.
            self.recorder.append(kind, meta, payload)

    def write_input(self, value: object) -> None:
        """Write down the input of a block."""
        try:
            self.add_part("input", to_json(value, max_bytes=self.plan.max_payload))
        except Exception as error:  # noqa: BLE001 -- the boundary
            safely.failed("recording an input", error)

    def write_lines(self, text: object) -> None:
        """Write down log lines of the user's."""
        try:
            self.add_lines(as_line(str(text)))
        except Exception as error:  # noqa: BLE001 -- the boundary
            safely.failed("recording a log line", error)

    def add_part(self, part: str, body: bytes) -> None:
        """Write down a part that did not come with the begin or the end."""
        self.append(PART, f'{{"id":"{self.id}","part":"{part}"}}'.encode(), body)

    def add_lines(self, body: bytes) -> None:
        """Write down lines while there is room for them, or count them."""
        log_bytes = self.log_bytes + len(body)
        if log_bytes > self.plan.max_log:
            self.lines_left_out += body.count(b"\n")
            return
        self.log_bytes = log_bytes
        self.append(LOG, _meta(self.id), body)

    def add_last_lines(self, text: str) -> None:
        """Write down what must not be missing, room or not."""
        self.append(LOG, _meta(self.id), as_line(text))

    def is_inside(self, subject: object) -> bool:
        """Whether this run, or one around it, is a call of `subject`."""
        around: OpenRun | None = self
        while around is not None:
            if around.subject is subject and around.is_open:
                return True
            around = around.parent
        return False


@lru_cache(maxsize=64)
def _meta(run_id: str) -> bytes:
    """The frame's account of a log line; made once for the lines of a run."""
    return f'{{"id":"{run_id}"}}'.encode()


def as_line(text: str) -> bytes:
    """Return one or more lines as they are written down: UTF-8, each with its end."""
    body = text.encode("utf-8", "backslashreplace")
    return body if body.endswith(b"\n") else body + b"\n"
