"""What the platform says of one run: its state, and what came out of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from nextmv_autotrack.errors import UnreachableError
from nextmv_autotrack.nextmv_api.address import is_id
from nextmv_autotrack.nextmv_api.answers import Answer, number_of
from nextmv_autotrack.nextmv_api.listing import moment_of, status_of
from nextmv_autotrack.status import Status


@dataclass(frozen=True, kw_only=True)
class RunInformation:
    """What is known of a run, but for what went in and what came out."""

    id: str
    name: str
    description: str
    instance_id: str
    status: Status
    created_at: float | None
    """Seconds since 1970."""
    duration: float | None
    """Seconds."""
    error: str | None
    metrics: dict[str, Any]
    options: dict[str, str]
    input_format: str
    output_format: str
    input_bytes: float
    output_bytes: float


class Outcome(NamedTuple):
    """What came out of a run."""

    output: Any
    error: str | None


def read_document(answer: Answer, doing: str) -> Any:
    """Return the JSON of an answer.

    Raises:
        UnreachableError: It is none.
    """
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        msg = f"{doing} failed: the answer is not JSON; is the endpoint the platform's?"
        raise UnreachableError(msg) from error


def read_information(answer: Answer, doing: str) -> RunInformation:
    """Return what an answer says of a run.

    Raises:
        UnreachableError: It says nothing of one.
    """
    document = _object(read_document(answer, doing))
    metadata = _object(document.get("metadata"))
    if not metadata or not is_id(str(document.get("id", ""))):
        msg = f"{doing} failed: the answer tells of no run; is the endpoint right?"
        raise UnreachableError(msg)
    formats = _object(metadata.get("format"))
    return RunInformation(
        id=str(document["id"]),
        name=str(document.get("name") or ""),
        description=str(document.get("description") or ""),
        instance_id=str(metadata.get("application_instance_id") or ""),
        status=status_of(metadata),
        created_at=moment_of(metadata.get("created_at")),
        duration=_seconds(metadata),
        error=str(metadata.get("error") or "") or None,
        metrics=_object(metadata.get("metrics")),
        options=_options(metadata),
        input_format=_format(formats.get("input")),
        output_format=_format(formats.get("output")),
        input_bytes=number_of(metadata.get("input_size")) or 0.0,
        output_bytes=number_of(metadata.get("output_size")) or 0.0,
    )


def read_outcome(answer: Answer, doing: str) -> Outcome:
    """Return what an answer says came out of a run.

    Raises:
        UnreachableError: It is no answer of the platform.
    """
    document = read_document(answer, doing)
    if not isinstance(document, dict):
        msg = f"{doing} failed: the answer tells of no run; is the endpoint right?"
        raise UnreachableError(msg)
    log = _object(document.get("error_log"))
    output = document.get("output")
    if output is None and isinstance(log.get("stdout"), str):
        # Of a run that failed, the output comes as what it had printed.
        output = _parsed(log["stdout"])
    error = log.get("error")
    return Outcome(output, error if isinstance(error, str) and error else None)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text or None


def _options(metadata: dict[str, Any]) -> dict[str, str]:
    options = _object(metadata.get("options"))
    requested = _object(options.get("request_options"))
    return {str(name): str(value) for name, value in requested.items()}


def _seconds(metadata: dict[str, Any]) -> float | None:
    ms = number_of(metadata.get("execution_duration"))
    if ms is None:
        ms = number_of(metadata.get("duration"))
    return None if ms is None else ms / 1000


def _format(half: object) -> str:
    return str(_object(half).get("type") or "json")


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
