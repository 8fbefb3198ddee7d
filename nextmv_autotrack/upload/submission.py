"""The three things done to deliver a run: look for it, upload its parts, create it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from nextmv_autotrack.encode.formats import Format
from nextmv_autotrack.nextmv_api import Blob, Client
from nextmv_autotrack.nextmv_api.wire import Facts, create_body
from nextmv_autotrack.upload.crew import Crew, side_by_side
from nextmv_autotrack.upload.search import search

# The platform wants an input, and a run may have none.
_NO_INPUT = Blob.of(b"{}")


@dataclass(frozen=True, kw_only=True)
class Waiting(Facts):
    """A run that waits for the platform, with all that is sent of it."""

    app_id: str
    instance_id: str | None = None
    input: Blob | None = None
    """As its format says."""
    output: Blob | None = None
    """As its format says; JSON is the output document, with all that came out."""
    metrics: Blob | None = None
    """What the platform takes apart from the output when that is no JSON."""
    assets: Blob | None = None
    logs: Blob | None = None
    """Text."""


class Uploads(NamedTuple):
    """How far the uploads of a run have come."""

    ids: dict[str, str]
    """The upload id of each part that the platform has."""
    problem: Exception | None
    """Why it does not have all of them."""


def look_for(
    client: Client, waiting: Waiting, begun_at: float, now: float
) -> str | None:
    """Return the platform run id of a run that may be there already, or None.

    It carries our id in its description.

    Args:
        client: Lists the runs.
        waiting: The run.
        begun_at: When the platform was asked to create it, by our clock.
        now: What our clock says.

    Raises:
        PlatformError: The platform did not list its runs.
        AutotrackError: There are more of them than can be looked at.
    """
    pages = search(waiting.app_id, waiting.id, begun_at, now)
    token = next(pages)
    try:
        while True:
            token = pages.send(client.runs(waiting.app_id, token))
    except StopIteration as end:
        found: str | None = end.value
        return found


def upload(
    client: Client, waiting: Waiting, known: Mapping[str, str], crew: Crew
) -> Uploads:
    """Upload the parts of a run that the platform does not have yet.

    They go side by side as far as the crew has threads, and one after another in this
    thread when it has none. What is there when one fails is told, too.

    Args:
        client: Sends them.
        waiting: The run.
        known: The upload ids of the parts it has already.
        crew: Helps.
    """
    given: dict[str, Blob | None] = {
        "input": None,
        "output": _something(waiting.output, waiting.output_format),
        "logs": _something(waiting.logs),
        "metrics": waiting.metrics,
        "assets": waiting.assets,
    }
    if waiting.managed_input_id is None:
        given["input"] = _something(waiting.input, waiting.input_format) or _NO_INPUT
    parts = {part: blob for part, blob in given.items() if blob is not None}
    jobs = {
        part: partial(_upload_one, client, waiting.app_id, blob)
        for part, blob in parts.items()
        if part not in known
    }
    done, problem = side_by_side(jobs, crew)
    ids = {part: known.get(part) or done.get(part) for part in parts}
    return Uploads({part: id_ for part, id_ in ids.items() if id_}, problem)


def create(client: Client, waiting: Waiting, ids: Mapping[str, str]) -> str:
    """Create a run from its uploads; return its platform run id.

    Raises:
        PlatformError: The platform did not create it, or its answer is lost.
    """
    named = {f"{part}_id": upload_id for part, upload_id in ids.items()}
    body = create_body(waiting, **named)
    return client.create_run(waiting.app_id, waiting.instance_id, body)


def _something(blob: Blob | None, kind: Format = "json") -> Blob | None:
    # A text may be empty, and is one all the same.
    return blob if blob is not None and (blob.size or kind == "text") else None


def _upload_one(client: Client, app_id: str, blob: Blob) -> str:
    place = client.new_upload(app_id)
    client.put(place.url, blob)
    return place.id
