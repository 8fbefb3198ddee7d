"""The three things done to deliver a run: look for it, upload its parts, create it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from nextmv_autotrack.errors import AutotrackError
from nextmv_autotrack.nextmv_api import Blob, Client
from nextmv_autotrack.nextmv_api.wire import Facts, create_body, marker
from nextmv_autotrack.upload.crew import Crew

# The platform wants an input, and a run may have none.
_NO_INPUT = Blob.of(b"{}")

# Clocks drift and are set, and the list may hold what came late.
LOOK_BACK_S = 3600.0

# 25,000 runs, where a list is not sorted by time and all of it has to be looked at.
MAX_PAGES = 500


@dataclass(frozen=True, kw_only=True)
class Waiting(Facts):
    """A run that waits for the platform, with all that is sent of it."""

    app_id: str
    instance_id: str | None = None
    input: Blob | None = None
    """JSON."""
    output: Blob | None = None
    """The output document."""
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
    wanted, token = marker(waiting.id), None
    times: list[float | None] = []
    for _ in range(MAX_PAGES):
        page = client.runs(waiting.app_id, token)
        for run in page.runs:
            if wanted in run.description:
                return run.id
        times += [run.created_at for run in page.runs]
        token = page.next_token
        if token is None or _all_later_ones_are_older(times, begun_at, now):
            return None
    msg = f"application {waiting.app_id!r} has too many runs to look for one of them"
    raise AutotrackError(msg)


def _all_later_ones_are_older(
    times: list[float | None], begun_at: float, now: float
) -> bool:
    """Whether the list is sorted, newest first, and goes on before the create call."""
    known = [time for time in times if time is not None]
    is_sorted = len(known) == len(times) > 1 and known == sorted(known)[::-1]
    if not is_sorted or begun_at > now:
        return False  # if our clock was set back, nobody knows how long ago it was
    # Our clock may be years ahead of the platform's; then its newest run tells the time.
    now_there = min(now, known[0])
    return known[-1] < now_there - (now - begun_at) - LOOK_BACK_S


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
    parts = {"input": _something(waiting.input) or _NO_INPUT}
    if output := _something(waiting.output):
        parts["output"] = output
    if logs := _something(waiting.logs):
        parts["logs"] = logs
    jobs = {
        part: partial(_upload_one, client, waiting.app_id, blob)
        for part, blob in parts.items()
        if part not in known
    }
    done, problem = _side_by_side(jobs, crew)
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


def _something(blob: Blob | None) -> Blob | None:
    return blob if blob is not None and blob.size else None


def _upload_one(client: Client, app_id: str, blob: Blob) -> str:
    place = client.new_upload(app_id)
    client.put(place.url, blob)
    return place.id


def _side_by_side(
    jobs: Mapping[str, Callable[[], str]], crew: Crew
) -> tuple[dict[str, str], Exception | None]:
    """Do all jobs, with the crew's help; return what is done, and the first problem."""
    if not jobs:
        return {}, None
    (first, own), *others = jobs.items()
    offered = {name: crew.submit(job) for name, job in others}
    futures = {first: _done_here(own)}
    for name, job in others:
        # Taken back before any is waited for: nobody may ever have time for it.
        if offered[name].cancel():
            is_hopeless = any(future.exception() for future in futures.values())
            if not is_hopeless:
                futures[name] = _done_here(job)
    begun = {name: one for name, one in offered.items() if not one.cancelled()}
    # Nothing of an attempt goes on behind it: the next one, or the end of the
    # connections, may follow at once.
    wait(begun.values())
    return _results({**futures, **begun})


def _done_here(job: Callable[[], str]) -> Future[str]:
    future: Future[str] = Future()
    try:
        future.set_result(job())
    except Exception as problem:  # noqa: BLE001 -- told with the others
        future.set_exception(problem)
    return future


def _results(
    futures: Mapping[str, Future[str]],
) -> tuple[dict[str, str], Exception | None]:
    done: dict[str, str] = {}
    problems: list[Exception] = []
    for name, future in futures.items():
        problem = future.exception()
        if isinstance(problem, Exception):
            problems.append(problem)
        else:
            done[name] = future.result()
    return done, problems[0] if problems else None
