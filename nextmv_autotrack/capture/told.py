"""What the frames of a run say of it: how it began, and how it has ended."""

from __future__ import annotations

from orjson import dumps

from nextmv_autotrack import safely
from nextmv_autotrack.capture.failures import error_line, is_success, plain_line
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.plan import described
from nextmv_autotrack.capture.resources import usage
from nextmv_autotrack.encode import to_json
from nextmv_autotrack.encode.option_texts import option_texts
from nextmv_autotrack.run import Notes
from nextmv_autotrack.status import Status

# Metrics are numbers and short texts; this many bytes hold tens of thousands.
MAX_METRICS_BYTES = 1_000_000

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
        cpu_end_ns, peak_kib = usage()
        cpu_ns = cpu_end_ns - opened.cpu_start_ns
        told = f'{told},"cpu_ns":{cpu_ns},"peak_kib":{peak_kib}'
    if opened.is_document:
        told += ',"is_document":true'
    if opened.metrics:
        shown = opened.plan.discreet.members(opened.metrics)
        metrics = to_json(shown, max_bytes=MAX_METRICS_BYTES).decode()
        told = f'{told},"metrics":{metrics}'
    if opened.call_options or opened.options:
        set_later = option_texts(opened.plan.discreet.members(opened.options or {}))
        options = dumps({**(opened.call_options or {}), **set_later}).decode()
        told = f'{told},"options":{options}'
    told += opened.plan.redact_told
    return f'{{"id":"{opened.id}","duration_ns":{opened.duration_ns},{told}}}'.encode()


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
