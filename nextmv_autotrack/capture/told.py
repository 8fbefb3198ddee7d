"""What the frames of a run say of it: how it began, and how it has ended."""

from __future__ import annotations

from typing import Any

from orjson import dumps

from nextmv_autotrack import safely
from nextmv_autotrack.capture.failures import error_line, is_success, plain_line
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.parts import metrics_json
from nextmv_autotrack.capture.plan import described
from nextmv_autotrack.capture.resources.measured import ASKED_FROM_NS, measured
from nextmv_autotrack.capture.resources.usage import MARKS_A_KIB
from nextmv_autotrack.encode.option_texts import option_texts
from nextmv_autotrack.nextmv_objects import options_of
from nextmv_autotrack.run import Notes
from nextmv_autotrack.status import Status

# Looking up a member of an enum takes longer than a call.
_SUCCEEDED, _FAILED = Status.SUCCEEDED, Status.FAILED


# The two are put together as texts: the same by way of a dict takes twice as long.
def begin_meta(opened: OpenRun) -> bytes:
    """Return what the first frame of a run says of it."""
    plan, about = opened.plan, opened.plan.about_all
    if opened.name is not plan.name or opened.description is not None:
        about = f"{plan.about},{described(opened.name, opened.description)}"
    if opened.parent_id is not None:
        about = f'"parent_id":"{opened.parent_id}",{about}'
    return f'{{"id":"{opened.id}","started_ns":{opened.started_ns},{about}}}'.encode()


def end_meta(opened: OpenRun) -> bytes:
    """Return what the last frame of a run says of it."""
    told = '"status":"succeeded"'
    if opened.error is not None:
        told = f'"status":"failed","error":{dumps(opened.error).decode()}'
    if opened.plan.resources:
        start, used = opened.usage_start, opened.usage_end
        cpu_ns = int((used[0] + used[1] - start[0] - start[1]) * 1e9)
        told = f'{told},"cpu_ns":{cpu_ns}'
        if used[2] > start[2]:
            # The most that was ever used was used in this run.
            told = f'{told},"peak_kib":{int(used[2]) // MARKS_A_KIB}'
        if (opened.duration_ns or 0) >= ASKED_FROM_NS:
            told += measured(opened)
    if opened.is_document:
        told += ',"is_document":true'
    if opened.metrics:
        told = f'{told},"metrics":{metrics_json(opened)}'
    if opened.call_options or opened.options or opened.unparsed_options:
        told = f'{told},"options":{dumps(_options(opened)).decode()}'
    told += opened.plan.redact_told
    return f'{{"id":"{opened.id}","duration_ns":{opened.duration_ns},{told}}}'.encode()


def _options(opened: OpenRun) -> dict[str, str]:
    """Return the options as texts; those that were set go before all others."""
    asked_for: dict[str, Any] = {}
    for options in opened.unparsed_options or ():
        # What the model has not asked for either has no values.
        asked_for.update(options_of(options) or {})
    shown = opened.plan.discreet.members
    notes: list[str] = []
    found = {
        **option_texts(shown(asked_for), notes),
        **(opened.call_options or {}),
        **option_texts(shown(opened.options or {}), notes),
    }
    for note in notes:
        opened.add_last_lines(note)
    return found


def settle_status(notes: Notes, error: BaseException | None) -> None:
    """Set the status that follows from how a call or block has ended."""
    if error is not None and not is_success(error):
        notes.error = error_line(error)
    elif notes.reason is not None:
        try:
            notes.error = plain_line(str(notes.reason)) or "failed"
        except Exception as broken:  # noqa: BLE001 -- a __str__ of the user's
            notes.error = "failed"
            safely.failed("reading the reason of a failure", broken)
    notes.status = _FAILED if notes.error is not None else _SUCCEEDED
