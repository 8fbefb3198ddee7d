"""A run in progress, as the recorder sees it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from functools import lru_cache
from typing import Protocol

from orjson import dumps

from nextmv_autotrack import nextmv_objects, safely
from nextmv_autotrack.capture.log_tail import LogTail, head_of
from nextmv_autotrack.capture.plan import Plan
from nextmv_autotrack.capture.resources.timeline import Timeline
from nextmv_autotrack.capture.resources.usage import (
    ChildrenUsage,
    Usage,
    resident_kib,
    usage,
)
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.encode.option_texts import option_texts
from nextmv_autotrack.journal import LOG, PART, Body
from nextmv_autotrack.run import Notes

Append = Callable[[int, bytes, Body], None]
"""Where frames go: the journal of the process, or a list in tests."""


# To ask for the memory in use takes some microseconds.
_RESIDENT_FROM_NS = 10_000_000


class Printed(Protocol):
    """What a run has printed so far."""

    by_descriptor: bool

    @property
    def is_begun_here(self) -> bool:
        """Whether the run began in this thread."""

    def catch_up(self) -> None:
        """Take in what C code has printed by now."""

    def add(self, stream: str, piece: bytes) -> None:
        """Take in what was printed to one stream."""

    def end(self) -> None:
        """Write down what has no end of line yet."""


class Recorder(Protocol):
    """What opened the run and will close it."""

    append: Append
    clock: Clock
    generation: int
    timeline: Timeline

    @property
    def beside(self) -> str | None:
        """What the names of files begin with that outlive the process."""

    def interrupted(self, opened: OpenRun, interrupt: BaseException) -> None:
        """Write down that it was interrupted before its function began."""

    def close(self, opened: OpenRun, body: Body, error: BaseException | None) -> None:
        """Write down how it ended."""


class OpenRun(Notes):
    """The notes of a run that is written down, and what the recorder keeps of it."""

    # On the class what most runs do not have.
    is_open = True
    has_ended = False
    """Whether its end has been written down."""
    held: list[tuple[int, bytes, Body]] | None = None
    """The frames of a run that is only kept if it fails."""
    log_bytes = 0
    log_tail: LogTail | None = None
    """The last lines, once there are more than the head of the log holds."""
    printed: Printed | None = None
    """What it has printed, when that is recorded."""
    call_options: dict[str, str] | None = None
    """The arguments that are options, as texts."""
    is_document = False
    """The output is a document of its own, not a solution to be put into one."""
    has_flat_metrics = False
    """The metrics have been brought into the form in which they are written down."""
    sink: Append
    """The journal it has begun in."""
    token: Token[OpenRun | None] | None = None
    start_ns = 0
    usage_start: Usage = ()
    usage_end: Usage = ()
    resident_kib = 0
    """The memory in use at its end, if it was long enough to ask."""
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

    def stop(self) -> None:
        """Take the time, and what was used: all that follows is done for us."""
        duration_ns = self.recorder.clock.steady_ns() - self.start_ns
        if self.plan.resources:
            self.usage_end = usage()
            if duration_ns >= _RESIDENT_FROM_NS:
                self.resident_kib = resident_kib()
        # Last: whether it is there tells, after Ctrl-C, whether all is.
        self.duration_ns = max(0, duration_ns)

    def append(self, kind: int, meta: bytes, payload: Body) -> None:
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
            if nextmv_objects.is_input(value):
                self._add_options(nextmv_objects.input_options(value))
                value = nextmv_objects.input_data(value)
            body = self.as_json("input", value)
            self._add_input(body, nextmv_objects.managed_input_id(value))
        except Exception as error:  # noqa: BLE001 -- the boundary
            safely.failed("recording an input", error)

    def write_managed_input(self, input_id: str) -> None:
        """Write down that the input of a call is one that the platform has already."""
        try:
            self._add_input(b"", input_id)
        except Exception as error:  # noqa: BLE001 -- the boundary
            safely.failed("recording an input", error)

    def _add_input(self, body: bytes, input_id: str | None) -> None:
        known = "" if input_id is None else f',"input_id":{dumps(input_id).decode()}'
        told = self.plan.redact_told
        meta = f'{{"id":"{self.id}","part":"input"{known}{told}}}'
        self.append(PART, meta.encode(), body)

    def _add_options(self, options: object) -> None:
        """Take the options that come with an input; what is set goes before them."""
        if nextmv_objects.is_options(options):
            values = nextmv_objects.options_of(options)
            if values is None:
                self.unparsed_options = [*(self.unparsed_options or ()), options]
        else:
            values = options if isinstance(options, dict) else None
        if values:
            notes: list[str] = []
            texts = option_texts(self.plan.discreet.members(values), notes)
            for note in notes:
                self.add_last_lines(note)
            self.call_options = {**(self.call_options or {}), **texts}

    def write_input_dir(self) -> None:
        """Write down the files of the input folder of a block."""
        # Few runs have folders, and what packs them takes milliseconds to import.
        from nextmv_autotrack.capture.folders import record_input  # noqa: PLC0415 -- see above

        record_input(self)

    def write_lines(self, text: object) -> None:
        """Write down log lines of the user's."""
        try:
            self.add_lines(as_line(str(text)))
        except BaseException as error:
            if not safely.is_meant_for_us(error):
                raise
            safely.failed("recording a log line", error)

    def add_part(self, part: str, body: Body) -> None:
        """Write down a part that did not come with the begin or the end."""
        told = self.plan.redact_told
        self.append(PART, f'{{"id":"{self.id}","part":"{part}"{told}}}'.encode(), body)

    def add_lines(self, body: bytes) -> None:
        """Write down lines, behind what was printed before them."""
        if self.printed is not None:
            self.printed.catch_up()
        self.add_printed(body)

    def add_printed(self, body: bytes) -> None:
        """Write down lines while there is room in the head of the log, or keep them."""
        log_bytes = self.log_bytes + len(body)
        if log_bytes > self.plan.max_log_head or self.log_tail is not None:
            self._add_to_tail(body)
            return
        self.log_bytes = log_bytes
        self.append(LOG, _meta(self.id, self.plan.redact_told), body)

    def _add_to_tail(self, body: bytes) -> None:
        room = self.plan.max_log_head
        if self.log_tail is None:
            head = head_of(body, room - self.log_bytes)
            if head:
                self.append(LOG, _meta(self.id, self.plan.redact_told), head)
                body = body[len(head) :]
            self.log_bytes = room
            self.log_tail = LogTail(self.plan.max_log - room)
        self.log_tail.add(body)

    def leave_out_lines(self, count: int) -> None:
        """Note that so many lines in the middle were never there to be written."""
        if self.log_tail is None:
            self.log_tail = LogTail(self.plan.max_log - self.plan.max_log_head)
        self.log_tail.lines_left_out += count

    def add_log_tail(self) -> None:
        """Write down the last lines of a log that was too long for its head."""
        tail, self.log_tail = self.log_tail, None
        if tail is None:
            return
        if tail.lines_left_out:
            self.add_last_lines(
                f"... {tail.lines_left_out} log lines were left out here, since there "
                f"were more than {self.plan.max_log} bytes (max_log)\n"
            )
        self.append(LOG, _meta(self.id, self.plan.redact_told), tail.lines())

    def add_last_lines(self, text: str) -> None:
        """Write down what must not be missing, room or not."""
        self.append(LOG, _meta(self.id, self.plan.redact_told), as_line(text))

    def as_json(self, part: str, value: object) -> bytes:
        """Return what is kept of a value; lines of the run say what is not."""
        losses: list[str] = []
        body = self.plan.json(value, losses)
        if losses:
            self.tell_losses(part, losses)
        return body

    def tell_losses(self, part: str, losses: list[str]) -> None:
        """Write lines that say what is not kept of a part."""
        for loss in losses:
            self.add_last_lines(f"... the {part} {loss}")

    def is_inside(self, subject: object) -> bool:
        """Whether this run, or one around it, is a call of `subject`."""
        around: OpenRun | None = self
        while around is not None:
            if around.subject is subject and around.is_open:
                return True
            around = around.parent
        return False


@lru_cache(maxsize=64)
def _meta(run_id: str, redact_told: str) -> bytes:
    """The frame's account of a log line; made once for the lines of a run."""
    return f'{{"id":"{run_id}"{redact_told}}}'.encode()


def as_line(text: str) -> bytes:
    """Return one or more lines as they are written down: UTF-8, each with its end."""
    body = text.encode("utf-8", "backslashreplace")
    return body if body.endswith(b"\n") else body + b"\n"
