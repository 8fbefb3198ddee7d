"""Opening and closing a run: the frames it becomes, and the state in between."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from logging import WARNING
from os import getpid
from sys import modules
from typing import Any

from nextmv_autotrack import safely
from nextmv_autotrack.capture import logs, nextmv_log, streams, warned
from nextmv_autotrack.capture.context import open_roots
from nextmv_autotrack.capture.failures import traceback_text
from nextmv_autotrack.capture.open_run import Append, OpenRun
from nextmv_autotrack.capture.parts import assets_json
from nextmv_autotrack.capture.plan import Plan
from nextmv_autotrack.capture.resources.timeline import Timeline
from nextmv_autotrack.capture.resources.usage import CHILDREN, usage
from nextmv_autotrack.capture.resources.visual import VISUAL_FROM_NS, with_visual
from nextmv_autotrack.capture.told import begin_meta, end_meta, settle_status
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.ids import NewId
from nextmv_autotrack.journal import BEGIN, END, Body
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.status import Status

# Some 300 bytes each. A disk that is full for that many calls is full for a while.
MAX_LATE_ENDS = 10_000

NO_INPUT = object()
"""Stands for the input of a block that is given later, or never."""

# Looking up a member of an enum takes longer than a call.
_FAILED = Status.FAILED


class Recorder:
    """Turns calls into frames.

    What it needs of the world is handed in: where frames go, the clock, the source of
    ids, the settings, and how to wait until a run is where it belongs.
    """

    def __init__(  # noqa: PLR0913 -- handed in by name
        self,
        *,
        append: Append,
        clock: Clock,
        new_id: NewId,
        sources: Sources,
        settle: Callable[[float], object],
        forked: Callable[[], object] = lambda: None,
        beside: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.append = append
        self.clock = clock
        self.new_id = new_id
        self.sources = sources
        self.settle = settle
        self._forked = forked
        self._beside = beside
        self._pid = getpid()
        # Its own: the global generator may be seeded by the model, and is the model's.
        self._chance = random.Random().random  # noqa: S311 -- no secret
        self.timeline = Timeline()
        """What the process was seen using while runs were in progress."""
        self._late: list[tuple[Append, bytes]] = []
        self.has_functions = False
        """Whether any function of this process is tracked, called or not."""
        self.generation = 0
        """Grows in a forked child: what was open then belongs to the parent."""

    @property
    def beside(self) -> str | None:
        """What the names of files begin with that outlive the process; None: none do."""
        return self._beside()

    def begin_anew(self, append: Append, new_id: NewId) -> None:
        """Forget, in a forked child, what was in progress in the parent."""
        self.append, self.new_id = append, new_id
        self._late.clear()
        self.timeline = Timeline()
        CHILDREN.begin_anew()
        self.generation += 1
        self._pid = getpid()

    def plan(self, own: Mapping[str, Any], name: str) -> Plan:
        """Return the settings that hold now, made ready."""
        sources = self.sources
        plan = Plan(sources.resolve(own), sources.version, name, sources.access)
        if plan.log_level < logs.NO_LOGS:
            logs.listen()
        if plan.log_level <= WARNING:
            warned.listen()
        return plan

    def open(  # noqa: C901, PLR0913, PLR0917 -- what a begin record says, at no call more
        self,
        plan: Plan,
        subject: object,
        parent: OpenRun | None,
        name: str,
        description: str | None,
        given: object,
    ) -> OpenRun:
        """Write down that a run has begun with the input `given`; it is open now."""
        if self._late or getpid() != self._pid:
            self._catch_up()
        if nextmv_log.awaited in modules:
            nextmv_log.listen()
        now_ns = self.clock.wall_ns()
        opened = OpenRun(self, plan, subject, parent, name, self.new_id(now_ns), now_ns)
        if description is not None:
            opened.description = description
        if parent is not None:
            opened.parent_id = parent.id
        if plan.sample < 1.0 or parent is not None:
            self._draw(opened)
        try:
            body = b""
            losses: list[str] = []
            if given is not NO_INPUT:
                opened.input = given
                body = plan.json(given, losses)
            append = self.append if opened.held is None else opened.append
            append(BEGIN, begin_meta(opened), body)
            # Where it has begun it ends, too, whatever is configured in between.
            opened.sink = self.append
            if losses:
                opened.tell_losses("input", losses)
            if parent is None or parent.generation != self.generation:
                open_roots[opened.id] = opened
            if plan.streams is not None:
                streams.begin(opened)
            if plan.resources:
                counted = CHILDREN.now() if CHILDREN.are_counted else None
                opened.children_start = counted
                opened.usage_start = usage()
            opened.start_ns = self.clock.steady_ns()
        except BaseException as interrupt:
            if safely.is_meant_for_us(interrupt):
                open_roots.pop(opened.id, None)
                raise
            self.interrupted(opened, interrupt)
            raise
        return opened

    def _catch_up(self) -> None:
        if getpid() != self._pid:
            # A server written in C may have forked without any of Python's hooks.
            self._forked()
        self.write_late()

    def interrupted(self, opened: OpenRun, interrupt: BaseException) -> None:
        """Write down that a run was interrupted, by Ctrl-C, before its function began.

        Whether anything of it was written is not known: what comes twice counts once.
        """
        opened.is_open = False
        open_roots.pop(opened.id, None)
        opened.start_ns = opened.start_ns or self.clock.steady_ns()
        opened.usage_start = opened.usage_start or usage()
        with suppress(Exception):  # somebody wants it to end now
            append = self.append if opened.held is None else opened.append
            append(BEGIN, begin_meta(opened), b"")
            opened.sink = self.append
            self.close(opened, b"", interrupt)

    def close(self, opened: OpenRun, body: Body, error: BaseException | None) -> None:
        """Write down how a run has ended; nothing is added to it any more."""
        if opened.duration_ns is None:
            opened.stop()
        if opened.printed is not None:
            streams.end(opened)
        opened.is_open = False
        if opened.generation != self.generation:
            # A forked child came out of a block that its parent had entered: the run
            # is the parent's, which ends it too.
            return
        settle_status(opened, error)
        if opened.status is _FAILED:
            self._keep(opened)
        if opened.log_tail is not None:
            opened.add_log_tail()
        if error is not None and opened.status is _FAILED:
            opened.add_last_lines(traceback_text(error))
        if opened.assets is not None or (opened.duration_ns or 0) >= VISUAL_FROM_NS:
            _write_assets(opened)
        append = opened.sink if opened.held is None else opened.append
        meta = end_meta(opened)
        try:
            append(END, meta, body)
        except OSError:
            self._append_late(append, meta)
            raise
        opened.has_ended = True
        if opened.plan.sync:
            self.settle(opened.plan.settings.flush_timeout)

    def _append_late(self, append: Append, meta: bytes) -> None:
        # The disk is full: how a run has ended takes less room than its output, and can
        # still be said when there is some.
        if len(self._late) < MAX_LATE_ENDS:
            self._late.append((append, meta))
        self.write_late()

    def write_late(self) -> None:
        """Write down ends that there was no room for."""
        while self._late:
            append, meta = self._late[0]
            try:
                append(END, meta, b"")
            except OSError:
                return
            del self._late[0]

    def _draw(self, opened: OpenRun) -> None:
        """Leave a run out if chance does not choose it, or the one around it."""
        parent = opened.parent
        if (parent is not None and parent.held is not None) or (
            self._chance() >= opened.plan.sample
        ):
            opened.held = []

    def _keep(self, opened: OpenRun) -> None:
        """Write a run that chance had left out and that failed, and those around it."""
        left_out = []
        around: OpenRun | None = opened
        while around is not None and around.held is not None:
            left_out.append(around)
            around = around.parent
        for one in reversed(left_out):
            held, one.held = one.held or [], None
            for frame in held:
                one.sink(*frame)


def _write_assets(opened: OpenRun) -> None:
    # A document that says that it has none says so on the platform, too.
    is_told = opened.assets or (opened.is_document and opened.assets is not None)
    assets = assets_json(opened) if is_told else b""
    if opened.plan.resources and (opened.duration_ns or 0) >= VISUAL_FROM_NS:
        assets = with_visual(assets, opened)
    if assets:
        opened.add_part("assets", assets)
