"""Opening and closing a run: the frames it becomes, and the state in between."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from orjson import dumps, loads

from nextmv_autotrack import safely
from nextmv_autotrack.capture import logs, resources
from nextmv_autotrack.capture.context import open_roots
from nextmv_autotrack.capture.failures import (
    error_line,
    is_success,
    plain_line,
    traceback_text,
)
from nextmv_autotrack.capture.open_run import Append, OpenRun
from nextmv_autotrack.capture.outcome import Outcome, option_texts
from nextmv_autotrack.capture.plan import Plan, described
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.encode import to_json
from nextmv_autotrack.journal import BEGIN, END
from nextmv_autotrack.run import Run, Status
from nextmv_autotrack.settings import Sources

# Metrics are numbers and short texts; this many bytes hold tens of thousands.
MAX_METRICS_BYTES = 1_000_000

NO_INPUT = object()
"""Stands for the input of a block that is given later, or never."""

# Looking up a member of an enum takes longer than a call.
_SUCCEEDED, _FAILED = Status.SUCCEEDED, Status.FAILED


class Recorder:
    """Turns calls into frames.

    What it needs of the world is handed in: where frames go, the clock, the source of
    ids, the settings, and how to wait until a run is where it belongs.
    """

    def __init__(
        self,
        *,
        append: Append,
        clock: Clock,
        new_id: Callable[[], str],
        sources: Sources,
        settle: Callable[[float], object],
    ) -> None:
        self.append = append
        self.clock = clock
        self.new_id = new_id
        self.sources = sources
        self.settle = settle
        # Its own: the global generator may be seeded by the model, and is the model's.
        self._chance = random.Random().random  # noqa: S311
        self.generation = 0
        """Grows in a forked child: what was open then belongs to the parent."""

    def plan(self, own: Mapping[str, Any], name: str) -> Plan:
        """Return the settings that hold now, made ready."""
        plan = Plan(self.sources.resolve(own), self.sources.version, name)
        if plan.log_level < logs.NO_LOGS:
            logs.listen()
        return plan

    def open(  # noqa: PLR0913, PLR0917 -- what a begin record says
        self,
        plan: Plan,
        subject: object,
        parent: OpenRun | None,
        name: str,
        description: str | None,
        given: object,
    ) -> OpenRun:
        """Write down that a run has begun with the input `given`; it is open now."""
        body = (
            to_json(given, max_bytes=plan.max_payload) if given is not NO_INPUT else b""
        )
        parent_id = parent.run.id if parent is not None else None
        run = Run(self.new_id(), name, description, parent_id, self.clock.wall())
        opened = OpenRun(run, parent, subject, plan)
        opened.recorder, opened.generation = self, self.generation
        opened.append = self.append
        if plan.sample < 1.0 and self._chance() >= plan.sample:
            opened.held, opened.append = [], opened.hold
        opened.append(BEGIN, _begin_meta(run, plan), body)
        run._notes = opened
        if given is not NO_INPUT:
            run._input = given
        if parent is None:
            open_roots[run.id] = opened
        opened.cpu_start_s = resources.cpu_time_s() if plan.resources else 0.0
        opened.start_s = self.clock.steady()
        return opened

    def close(
        self, opened: OpenRun, outcome: Outcome, error: BaseException | None
    ) -> None:
        """Write down how a run has ended; nothing is added to it any more."""
        run = opened.run
        run.duration = round(max(0.0, self.clock.steady() - opened.start_s), 9)
        opened.is_open = False
        run._notes = None
        if opened.generation != self.generation:
            # A forked child came out of a block that its parent had entered: the run
            # is the parent's, which ends it too.
            return
        settle_status(run, error)
        if run.status is _FAILED and opened.held is not None:
            self._keep(opened)
        if opened.lines_left_out:
            opened.add_last_lines(
                f"... {opened.lines_left_out} log lines were left out: more than "
                f"{opened.plan.settings.max_log} bytes (max_log)\n"
            )
        if error is not None and run.status is _FAILED:
            opened.add_last_lines(traceback_text(error, error.__traceback__))
        if outcome.assets:
            opened.add_part("assets", outcome.assets)
        opened.append(END, _end_meta(opened, outcome), outcome.body)
        if opened.plan.settings.sync:
            self.settle(opened.plan.settings.flush_timeout)

    def _keep(self, opened: OpenRun) -> None:
        """Write a run that was not in the sample after all: it has failed."""
        held, opened.held, opened.append = opened.held or [], None, self.append
        for frame in held:
            self.append(*frame)


def _begin_meta(run: Run, plan: Plan) -> bytes:
    parent = f'"{run.parent_id}"' if run.parent_id is not None else "null"
    if run.name is plan.name and run.description is None:
        named = plan.named
    else:
        named = described(run.name, run.description)
    return (
        f'{{"id":"{run.id}","started_at":{run.started_at!r},"parent_id":{parent},'
        f"{plan.about},{named}}}"
    ).encode()


def _end_meta(opened: OpenRun, outcome: Outcome) -> bytes:
    # Put together as text: the same by way of a dict takes twice as long.
    run, metrics = opened.run, "{}"
    if opened.plan.resources:
        metrics = resources.used_since(opened.cpu_start_s)
    if outcome.metrics:
        metrics = _with_metrics(outcome.metrics, metrics)
    options = "{}"
    if opened.options or run._options:
        set_later = option_texts(run._options or {})
        options = dumps({**opened.options, **set_later}).decode()
    failed = run.error is not None
    return (
        f'{{"id":"{run.id}","status":"{"failed" if failed else "succeeded"}",'
        f'"duration":{run.duration!r},'
        f'"error":{dumps(run.error).decode() if failed else "null"},'
        f'"output_is_document":{"true" if outcome.is_document else "false"},'
        f'"metrics":{metrics},"options":{options}}}'
    ).encode()


def _with_metrics(given: dict[str, Any], ours: str) -> str:
    """Return the metrics of a run with ours, which give way to equal names."""
    both = {**loads(ours), **given}
    return to_json(both, max_bytes=MAX_METRICS_BYTES).decode()


def settle_status(run: Run, error: BaseException | None) -> None:
    """Set the status that follows from how a call or block has ended."""
    reason = run._reason
    if error is not None and not is_success(error):
        run.error = error_line(error)
    elif reason is not None:
        try:
            run.error = plain_line(str(reason)) or "failed"
        except Exception as broken:  # noqa: BLE001 -- a __str__ of the user's
            run.error = "failed"
            safely.failed("reading the reason of a failure", broken)
    run.status = _FAILED if run.error is not None else _SUCCEEDED
