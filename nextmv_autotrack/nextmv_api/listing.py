"""The runs that the platform lists, page by page."""

from __future__ import annotations

import json
from datetime import datetime
from typing import NamedTuple

from nextmv_autotrack.errors import UnreachableError
from nextmv_autotrack.nextmv_api.answers import Answer


class ListedRun(NamedTuple):
    """What a list says of a run."""

    id: str
    description: str
    created_at: float | None
    """Seconds since 1970, by the platform's clock; None when it does not say."""


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
        id=str(run["id"]),
        description=str(run.get("description") or ""),
        created_at=_seconds(run.get("created_at")),
    )


def _seconds(moment: object) -> float | None:
    try:
        text = str(moment).replace("Z", "+00:00")
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        # Python 3.10 reads no fractions of other than three or six digits.
        head, _, tail = str(moment).partition(".")
        zone = tail.lstrip("0123456789")
        if not tail:
            return None
        return _seconds(head + zone)
