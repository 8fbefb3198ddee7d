"""The create call's body: what is known of a run, in the platform's terms."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from nextmv_autotrack.encode.formats import Format
from nextmv_autotrack.status import Status

# Where the platform's own client cuts them.
MAX_NAME_CHARS = 128
MAX_DESCRIPTION_CHARS = 256

# The longest label of a host name; leaves room for a description beside the marker.
MAX_HOST_CHARS = 63

# The platform takes a short, plain text; where exactly it stops is not documented.
MAX_ERROR_CHARS = 300

# What the platform takes an external run for.
_ENDED = (Status.SUCCEEDED, Status.FAILED)

_UPLOADS = {
    "output_id": "output_upload_id",
    # The platform's word for the logs, of runs that succeeded too.
    "logs_id": "error_upload_id",
    "metrics_id": "metrics_upload_id",
    "statistics_id": "statistics_upload_id",
    "assets_id": "assets_upload_id",
}

# Beyond it a number in JSON is not exact everywhere; 285,000 years.
MAX_DURATION_MS = 2**53 - 1

# The last second that RFC 3339 can write.
_LAST_SECOND = 253_402_300_799.0

_SEPARATOR = " | "
_CUT = "..."

_MARK = "autotrack:"
_MARKER = re.compile(rf"{_MARK}(\S+)")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the platform is told about a run, besides what is uploaded."""

    id: str
    name: str
    status: Status
    started_at: float
    """Seconds since 1970."""
    duration: float | None
    """Seconds."""
    host: str
    description: str | None = None
    error: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    batch_experiment_id: str | None = None
    managed_input_id: str | None = None
    """Of an input that the platform has already: none is uploaded then."""
    input_format: Format = "json"
    output_format: Format = "json"


def create_body(
    facts: Facts, *, input_id: str | None = None, **uploads: str | None
) -> dict[str, Any]:
    """Return the body that creates the run from what has been uploaded.

    Args:
        facts: What is known of the run, which has ended.
        input_id: Upload id of the input, if it was uploaded.
        uploads: Upload ids of what else there is, from `output_id` to `assets_id`.

    Raises:
        ValueError: The run has not ended.
    """
    body: dict[str, Any] = {
        **_input(facts, input_id),
        "description": described(facts),
        "configuration": {
            "format": {
                "input": {"type": facts.input_format},
                "output": {"type": facts.output_format},
            },
            "run_type": {"type": "external"},
        },
        "result": _result(facts, uploads),
    }
    if facts.batch_experiment_id:
        body["batch_experiment_id"] = _encodable(facts.batch_experiment_id)
    if name := shown_name(facts.name):
        body["name"] = name
    if facts.options:
        body["options"] = {
            _encodable(name): _encodable(value) for name, value in facts.options.items()
        }
    return body


def _input(facts: Facts, upload_id: str | None) -> dict[str, Any]:
    if facts.managed_input_id is not None:
        return {"input_id": _encodable(facts.managed_input_id)}
    return {"upload_id": upload_id}


def _result(facts: Facts, uploads: Mapping[str, str | None]) -> dict[str, Any]:
    if facts.status not in _ENDED:
        msg = f"run {facts.id} has not ended"
        raise ValueError(msg)
    result: dict[str, Any] = {
        "status": facts.status.value,
        "execution_duration": duration_ms(facts.duration),
    }
    for name, upload_id in uploads.items():
        if upload_id is not None:
            result[_UPLOADS[name]] = upload_id
    if facts.status is Status.FAILED:
        result["error_message"] = error_message(facts.error)
    return result


def marker(run_id: str) -> str:
    """Return what tells the run among those of the platform."""
    return f"{_MARK}{run_id}"


def shown_name(name: str) -> str:
    """Return the name as the platform takes it: one line, cut to its bound."""
    return _shortened(_one_line(name), MAX_NAME_CHARS)


def marked(description: str) -> list[str]:
    """Return the ids that a description of the platform tells."""
    return _MARKER.findall(description)


def described(facts: Facts) -> str:
    """Return the description: the user's text, cut for the whole marker to fit.

    A name that had to be cut is part of it, as far as it fits.
    """
    name = _one_line(facts.name)
    is_cut = len(name) > MAX_NAME_CHARS
    begun = f"{marker(facts.id)} started {moment(facts.started_at)}"
    ours = f"{begun} on {_shortened(_one_line(facts.host), MAX_HOST_CHARS)}"
    if is_cut and len(name) + len(_SEPARATOR) + len(ours) > MAX_DESCRIPTION_CHARS:
        ours = begun  # the rest of the name says more than where it ran
    said = [name if is_cut else "", _one_line(facts.description or "")]
    room = MAX_DESCRIPTION_CHARS - len(ours) - len(_SEPARATOR)
    text = _shortened(_SEPARATOR.join(filter(None, said)), room)
    return f"{text}{_SEPARATOR}{ours}" if text else ours


def moment(seconds: float) -> str:
    """Return a time in RFC 3339, to the millisecond, in UTC."""
    known = seconds if math.isfinite(seconds) else 0.0
    within = min(max(0.0, known), _LAST_SECOND)
    text = datetime.fromtimestamp(within, timezone.utc).isoformat(
        timespec="milliseconds"
    )
    return text.replace("+00:00", "Z")


def duration_ms(duration: float | None) -> int:
    """Return a duration as the platform counts it: whole milliseconds, never less."""
    if duration is None or not math.isfinite(duration):
        return 0
    # Bounded before it is rounded: a huge number times 1000 is infinite.
    return round(min(max(0.0, duration), MAX_DURATION_MS / 1000) * 1000)


def error_message(error: str | None) -> str:
    """Return an error as the platform takes it: one short line of plain ASCII."""
    text = _one_line((error or "")[: MAX_ERROR_CHARS * 8])
    plain = text.encode("ascii", "backslashreplace").decode("ascii")
    return _shortened(plain, MAX_ERROR_CHARS) or "the run failed"


def _one_line(text: str) -> str:
    words = _encodable(text).split()
    return "".join(c if c.isprintable() else "?" for c in " ".join(words))


def _encodable(text: str) -> str:
    """The text with `?` for what UTF-8 cannot write."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _shortened(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[: chars - len(_CUT)] + _CUT
