"""The delivery of one run: its uploads side by side, then one call that creates it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from functools import partial

from nextmv_autotrack.nextmv_api import Blob, Client
from nextmv_autotrack.nextmv_api.wire import Facts, create_body
from nextmv_autotrack.upload.crew import Crew

# The platform wants an input, and a run may have none.
_NO_INPUT = Blob.of(b"{}")


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


def deliver(client: Client, waiting: Waiting, crew: Crew) -> str:
    """Send one run to the platform; return its platform run id.

    Its uploads go side by side as far as the crew has threads, and one after another
    in this thread when it has none.

    Raises:
        PlatformError: The platform did not take one of the requests.
        StoreError: A payload cannot be read.
    """
    upload = partial(_upload, client, waiting.app_id)
    jobs = {"input_id": partial(upload, _something(waiting.input) or _NO_INPUT)}
    if output := _something(waiting.output):
        jobs["output_id"] = partial(upload, output)
    if logs := _something(waiting.logs):
        jobs["logs_id"] = partial(upload, logs)
    ids = dict(zip(jobs, _side_by_side([*jobs.values()], crew), strict=True))
    body = create_body(waiting, **ids)
    return client.create_run(waiting.app_id, waiting.instance_id, body)


def _something(blob: Blob | None) -> Blob | None:
    return blob if blob is not None and blob.size else None


def _upload(client: Client, app_id: str, blob: Blob) -> str:
    place = client.new_upload(app_id)
    client.put(place.url, blob)
    return place.id


def _side_by_side(jobs: Sequence[Callable[[], str]], crew: Crew) -> list[str]:
    """Do all jobs, with the crew's help; the first problem ends it."""
    own, *others = jobs
    offered = [crew.submit(job) for job in others]
    try:
        mine = own()
        # Taken back before any is waited for: nobody may ever have time for it.
        taken = [
            job() if future.cancel() else None
            for job, future in zip(others, offered, strict=True)
        ]
        theirs = [
            future.result() if done is None else done
            for done, future in zip(taken, offered, strict=True)
        ]
    except BaseException as problem:
        begun = [future for future in offered if not future.cancel()]
        # Nothing of an attempt goes on behind it: the next one, or the end of the
        # connections, may follow at once. Only somebody's Ctrl-C is more urgent.
        if isinstance(problem, Exception):
            wait(begun)
        raise
    return [mine, *theirs]
