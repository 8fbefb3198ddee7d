"""A run in progress, as the recorder sees it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from functools import lru_cache
from typing import Protocol

from nextmv_autotrack import safely
from nextmv_autotrack.capture.outcome import Outcome
from nextmv_autotrack.capture.plan import Plan
from nextmv_autotrack.encode import to_json
from nextmv_autotrack.journal import LOG, PART
from nextmv_autotrack.run import Run

Append = Callable[[int, bytes, bytes], None]
"""Where frames go: the journal of the process, or a list in tests."""


class Recorder(Protocol):
    """What opened the run and will close it."""

    def close(
        self, opened: OpenRun, outcome: Outcome, error: BaseException | None
    ) -> None:
        """Write down how it ended."""


# Shared: it is replaced, never changed.
_NONE_YET: dict[str, str] = {}


class OpenRun:
    """What the recorder keeps of a run until it has ended."""

    __slots__ = (
        "append",
        "cpu_start_s",
        "generation",
        "held",
        "is_open",
        "lines_left_out",
        "log_room",
        "options",
        "parent",
        "plan",
        "recorder",
        "run",
        "start_s",
        "subject",
        "token",
    )

    def __init__(
        self, run: Run, parent: OpenRun | None, subject: object, plan: Plan
    ) -> None:
        self.run = run
        self.parent = parent
        self.subject = subject
        """What is tracked: a call of it inside itself is not another run."""
        self.plan = plan
        self.is_open = True
        self.held: list[tuple[int, bytes, bytes]] | None = None
        """The frames of a run that is only kept if it fails."""
        self.lines_left_out = 0
        self.log_room = plan.settings.max_log
        self.options: dict[str, str] = _NONE_YET
        self.token: Token[OpenRun | None] | None = None
        self.append: Append
        self.recorder: Recorder
        self.start_s: float
        self.cpu_start_s: float
        self.generation: int
        """Of the recorder when it began."""

    def hold(self, kind: int, meta: bytes, payload: bytes) -> None:
        """Keep a frame in memory, for as long as it is open whether it is wanted."""
        if self.held is not None:
            self.held.append((kind, meta, payload))

    def set_input(self, value: object) -> None:
        """Write down the input of a block."""
        try:
            body = to_json(value, max_bytes=self.plan.max_payload)
            self.add_part("input", body)
        except Exception as error:  # noqa: BLE001 -- the boundary
            safely.failed("recording an input", error)

    def add_part(self, part: str, body: bytes) -> None:
        """Write down a part that did not come with the begin or the end."""
        meta = f'{{"id":"{self.run.id}","part":"{part}"}}'
        self.append(PART, meta.encode(), body)

    def add_log(self, text: object) -> None:
        """Write down log lines of the user's."""
        try:
            self.add_lines(as_line(str(text)))
        except Exception as error:  # noqa: BLE001 -- the boundary
            safely.failed("recording a log line", error)

    def add_lines(self, body: bytes) -> None:
        """Write down lines while there is room for them, or count them."""
        size = len(body)
        if size > self.log_room:
            self.lines_left_out += body.count(b"\n")
            return
        self.log_room -= size
        self.append(LOG, _meta(self.run.id), body)

    def add_last_lines(self, text: str) -> None:
        """Write down what must not be missing, room or not."""
        self.append(LOG, _meta(self.run.id), as_line(text))

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
