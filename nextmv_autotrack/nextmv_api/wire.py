"""The create call's body: what is known of a run, in the platform's terms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from nextmv_autotrack.run import Status

# Where the platform's own client cuts them.
MAX_NAME_CHARS = 128
MAX_DESCRIPTION_CHARS = 256

# The longest label of a host name; leaves room for a description beside the marker.
MAX_HOST_CHARS = 63

# The platform takes a short, plain text; where exactly it stops is not documented.
MAX_ERROR_CHARS = 300

# Beyond it a number in JSON is not exact everywhere; 285,000 years.
MAX_DURATION_MS = 2**53 - 1

# The last second that RFC 3339 can write.
_LAST_SECOND = 253_402_300_799.0

_SEPARATOR = " | "
_CUT = "..."


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


def create_body(
    facts: Facts,
    *,
    input_id: str,
    output_id: str | None = None,
    logs_id: str | None = None,
) -> dict[str, Any]:
    """Return the body that creates the run from what has been uploaded.

    Args:
        facts: What is known of the run, which has ended.
        input_id: Upload id of the input.
        output_id: Upload id of the output document, when there is one.
        logs_id: Upload id of the logs, when there are any.

    Raises:
        ValueError: The run has not ended.
    """
    body: dict[str, Any] = {
        "upload_id": input_id,
        "description": described(facts),
        "configuration": {
            "format": {"input": {"type": "json"}, "output": {"type": "json"}},
            "run_type": {"type": "external"},
        },
        "result": _result(facts, output_id, logs_id),
    }
    if name := _shortened(_one_line(facts.name), MAX_NAME_CHARS):
        body["name"] = name
    if facts.options:
        body["options"] = {
            _encodable(name): _encodable(value) for name, value in facts.options.items()
        }
    return body


def _result(facts: Facts, output_id: str | None, logs_id: str | None) -> dict[str, Any]:
    if facts.status is Status.RUNNING:
        msg = f"run {facts.id} has not ended"
        raise ValueError(msg)
    result: dict[str, Any] = {
        "status": facts.status.value,
        "execution_duration": duration_ms(facts.duration),
    }
    if output_id is not None:
        result["output_upload_id"] = output_id
    if logs_id is not None:
        # The platform's word for the logs, of runs that succeeded too.
        result["error_upload_id"] = logs_id
    if facts.status is Status.FAILED:
        result["error_message"] = error_message(facts.error)
    return result


def marker(run_id: str) -> str:
    """Return what tells the run among those of the platform."""
    return f"autotrack:{run_id}"


def described(facts: Facts) -> str:
    """Return the description: the user's text, cut for the whole marker to fit."""
    host = _shortened(_one_line(facts.host), MAX_HOST_CHARS)
    ours = f"{marker(facts.id)} started {moment(facts.started_at)} on {host}"
    room = MAX_DESCRIPTION_CHARS - len(ours) - len(_SEPARATOR)
    text = _shortened(_one_line(facts.description or ""), room)
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
