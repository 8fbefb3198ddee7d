"""The runs that the platform lists, page by page."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple

from nextmv_autotrack.errors import UnreachableError
from nextmv_autotrack.nextmv_api.address import is_id
from nextmv_autotrack.nextmv_api.answers import Answer
from nextmv_autotrack.status import Status

# The platform's words for a run that has not begun.
_NOT_BEGUN = frozenset({"none", "queued"})


class ListedRun(NamedTuple):
    """What a list says of a run."""

    id: str
    description: str
    created_at: float | None
    """Seconds since 1970, by the platform's clock; None when it does not say."""
    name: str = ""
    status: Status = Status.RUNNING
    instance_id: str = ""
    metrics: dict[str, Any] = {}  # noqa: RUF012 -- nobody adds to it
    """By their names, as the list shows them."""


class Page(NamedTuple):
    """Some runs of an application."""

    runs: list[ListedRun]
    next_token: str | None
    """Asks for the page behind it; None at the end."""


def read_page(answer: Answer, doing: str) -> Page:
    """Return the page that an answer holds.

    Raises:
        UnreachableError: It holds none.
    """
    try:
        document = json.loads(answer.body)
        runs = [_listed(run) for run in document["runs"] or ()]
        token = document.get("next_page_token")
    except (
        ValueError,
        TypeError,
        LookupError,
        RecursionError,
        AttributeError,
    ) as error:
        msg = f"{doing} failed: the answer is no list of runs; is the endpoint right?"
        raise UnreachableError(msg) from error
    return Page(runs, token if isinstance(token, str) and token else None)


def _listed(run: dict[str, object]) -> ListedRun:
    return ListedRun(
        id=_id(run["id"]),
        description=str(run.get("description") or ""),
        created_at=moment_of(run.get("created_at")),
        name=str(run.get("name") or ""),
        status=status_of(run),
        instance_id=str(run.get("application_instance_id") or ""),
        metrics=_indicators(run.get("metrics")),
    )


def _id(found: object) -> str:
    if not is_id(str(found)):
        # It would lead elsewhere in an address, or do something to a terminal.
        raise ValueError("that is no id")
    return str(found)


def _indicators(metrics: object) -> dict[str, Any]:
    listed = metrics.get("indicators") if isinstance(metrics, dict) else None
    return {
        str(one["name"]): one.get("value")
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict) and "name" in one
    }


def status_of(fields: dict[str, Any]) -> Status:
    """Return how a run is doing; a state that is new to us is one of its progress."""
    said = str(fields.get("status_v2") or fields.get("status") or "")
    if said in _NOT_BEGUN:
        return Status.QUEUED
    try:
        return Status(said)
    except ValueError:
        return Status.RUNNING


def moment_of(said: object) -> float | None:
    """Return a time of the platform in seconds since 1970; None when it is none."""
    try:
        text = str(said).replace("Z", "+00:00")
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        # Python 3.10 reads no fractions of other than three or six digits.
        head, _, tail = str(said).partition(".")
        zone = tail.lstrip("0123456789")
        if not tail:
            return None
        return moment_of(head + zone)
