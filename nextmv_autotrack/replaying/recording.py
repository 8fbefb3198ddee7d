"""A run as it was recorded, and whether it was recorded whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from nextmv_autotrack.capture.recorded import NO_INPUT
from nextmv_autotrack.encode import is_summary, mark_of_loss
from nextmv_autotrack.encode.formats import format_of
from nextmv_autotrack.encode.unpacking import document
from nextmv_autotrack.errors import ReplayError
from nextmv_autotrack.journal import LEFT_OUT
from nextmv_autotrack.redact import REDACTED
from nextmv_autotrack.replaying.files import Files
from nextmv_autotrack.status import Status

if TYPE_CHECKING:
    from nextmv_autotrack.store import Store, StoredRun


@dataclass(frozen=True)
class Recorded:
    """A run, with what a replay needs of it: no store is open while a model runs."""

    run: StoredRun
    input: Any
    output: Any
    has_output: bool
    """Whether what came out was recorded, and all of it."""
    has_files: bool
    """Whether that are the files of a folder."""
    is_redacted: bool = False
    """Whether it was given secrets, which were not recorded."""


def read(store: Store, run: StoredRun) -> Recorded:
    """Return a run with its documents.

    Raises:
        ReplayError: It has not ended, or its input is not there, or not all of it.
    """
    if run.status is Status.RUNNING:
        raise ReplayError("it has not ended")
    body = store.payload(run.output) if run.output else b""
    given = _input(store, run)
    return Recorded(
        run,
        given,
        document(body) if body else None,
        is_whole(body),
        format_of(body) == "multi-file",
        is_redacted=REDACTED in str(given) or REDACTED in str(run.options),
    )


def is_whole(body: bytes) -> bool:
    """Whether that is what was to be recorded, and neither nothing nor a summary."""
    return bool(body) and body != LEFT_OUT and not is_summary(body)


def _why_there_are_no_files(body: bytes) -> str | None:
    if not is_summary(body):
        return None
    reason = orjson.loads(body).get("reason")
    return reason if isinstance(reason, str) else None


def _input(store: Store, run: StoredRun) -> Any:
    if run.is_trimmed:
        raise ReplayError("its input had to go: the folder was over max_disk, or age")
    if run.managed_input is not None:
        raise ReplayError(
            f"its input is the managed input {run.managed_input}: the platform has it, "
            "and this machine has not"
        )
    if run.input is None:
        return NO_INPUT
    body = store.payload(run.input)
    if reason := _why_there_are_no_files(body):
        raise ReplayError(f"none of the files that were its input are there: {reason}")
    if not is_whole(body):
        raise ReplayError(
            "only a summary of its input was recorded: it was larger than max_payload, "
            "or than the disk had room for"
        )
    if format_of(body) == "multi-file":
        return Files(body)
    if mark := mark_of_loss(body):
        raise ReplayError(
            f"its input has {mark} in it, which stands for what was not recorded"
        )
    return orjson.loads(body)
