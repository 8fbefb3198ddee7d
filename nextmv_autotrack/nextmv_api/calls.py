"""What can be asked of the platform, and how each answer is read: no wire in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import quote

from nextmv_autotrack.errors import UnreachableError
from nextmv_autotrack.nextmv_api.address import app_path, origin
from nextmv_autotrack.nextmv_api.answers import Answer, id_field, text_field
from nextmv_autotrack.nextmv_api.blob import Blob
from nextmv_autotrack.nextmv_api.documents import (
    Outcome,
    RunInformation,
    read_document,
    read_information,
    read_outcome,
)
from nextmv_autotrack.nextmv_api.listing import Page, read_page

# Most answers are a few hundred bytes; a page of a hotel's network is more.
MAX_ANSWER_BYTES = 1024 * 1024

# The most that the platform lets its best customers download.
MAX_DOWNLOAD_BYTES = 700 * 1024 * 1024

# What is known of a run has all of its metrics, which are uploaded like an output.
MAX_INFORMATION_BYTES = MAX_DOWNLOAD_BYTES

# Fifty runs to a page, each with its metrics; of a single document, the platform gives
# at most 5 MiB without a detour by its storage.
MAX_PAGE_BYTES = 50 * 5 * 1024 * 1024

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Call(Generic[_Read]):
    """One request, and what its answer becomes."""

    doing: str
    """For messages: what is done by it."""
    method: str
    place: str = field(repr=False)
    """A path of the API, or an address of the storage, which is signed."""
    read: Callable[[Answer], _Read] = field(repr=False)
    """Raises an `UnreachableError` when the answer is not the platform's."""
    content: Blob = field(default_factory=Blob.of)
    is_of_storage: bool = False
    """Whether it goes to the storage, without the key."""
    max_answer_bytes: int = MAX_ANSWER_BYTES


@dataclass(frozen=True)
class Upload:
    """Where one blob goes, and its id for the create call; valid for 15 minutes."""

    id: str
    url: str = field(repr=False)
    """Signed: who has it may write there."""


class Greeting(NamedTuple):
    """What is said to somebody who only asks whether anybody is there."""

    sent_at_s: float | None
    """By the other side's clock; None when it does not say."""
    is_the_platforms: bool
    """Whether it is what the platform says: web servers say all kinds of things."""


def new_upload(app_id: str) -> Call[Upload]:
    """Ask for a place to upload one blob to."""
    doing = "asking for an upload URL"

    def read(answer: Answer) -> Upload:
        return Upload(
            id=text_field(answer, "upload_id", doing),
            url=text_field(answer, "upload_url", doing),
        )

    return Call(doing, "POST", f"{app_path(app_id)}/runs/uploadurl", read)


def put(url: str, content: Blob) -> Call[None]:
    """Upload a blob; the API key is not sent along."""
    return Call("uploading", "PUT", url, _nothing, content, is_of_storage=True)


def reach_storage(url: str) -> Call[None]:
    """Ask the host of an address of the storage for nothing; a refusal is an answer.

    The rest of the address, which is signed, stays here.
    """
    place = f"{origin(url)}/"
    return Call("reaching the storage", "HEAD", place, _nothing, is_of_storage=True)


def create_run(
    app_id: str, instance_id: str | None, body: Mapping[str, Any]
) -> Call[str]:
    """Create a run from what has been uploaded; the answer is its platform run id."""
    doing = "creating the run"
    path = f"{app_path(app_id)}/runs"
    if instance_id:
        path += f"?instance_id={_quoted(instance_id)}"
    read = partial(id_field, name="run_id", doing=doing)
    return Call(doing, "POST", path, read, _json(body))


def page(app_id: str, token: str | None = None) -> Call[Page]:
    """List runs of an application, the first ones or later ones."""
    doing = "listing the runs"
    query = f"&pagetoken={_quoted(token)}" if token else ""
    path = f"{app_path(app_id)}/runs?pagereturn=true{query}"
    read = partial(read_page, doing=doing)
    return Call(doing, "GET", path, read, max_answer_bytes=MAX_PAGE_BYTES)


def information(app_id: str, run_id: str) -> Call[RunInformation]:
    """Ask what is known of a run, but for what went in and what came out."""
    doing = "asking about the run"
    path = f"{_run_path(app_id, run_id)}/metadata"
    read = partial(read_information, doing=doing)
    return Call(doing, "GET", path, read, max_answer_bytes=MAX_INFORMATION_BYTES)


def outcome(app_id: str, run_id: str) -> Call[Outcome]:
    """Ask what came out of a run, where that is a small JSON document."""
    doing = "reading the output"
    return Call(
        doing,
        "GET",
        _run_path(app_id, run_id),
        partial(read_outcome, doing=doing),
        max_answer_bytes=MAX_DOWNLOAD_BYTES,
    )


def input_document(app_id: str, run_id: str) -> Call[Any]:
    """Ask for the input of a run, where that is a small JSON document."""
    doing = "reading the input"
    return Call(
        doing,
        "GET",
        f"{_run_path(app_id, run_id)}/input",
        partial(read_document, doing=doing),
        max_answer_bytes=MAX_DOWNLOAD_BYTES,
    )


def url_of(part: str, app_id: str, run_id: str) -> Call[str]:
    """Ask where the `input` or the `output` of a run can be downloaded."""
    doing = f"asking where the {part} is"
    path = f"{_run_path(app_id, run_id)}/{part}?format=url"
    return Call(doing, "GET", path, partial(text_field, name="url", doing=doing))


def download(url: str) -> Call[bytes]:
    """Download from the storage; the API key is not sent along."""
    return Call(
        "downloading",
        "GET",
        url,
        lambda answer: answer.body,
        is_of_storage=True,
        max_answer_bytes=MAX_DOWNLOAD_BYTES,
    )


def logs(app_id: str, run_id: str) -> Call[str]:
    """Ask for the logs of a run."""
    doing = "reading the logs"

    def read(answer: Answer) -> str:
        document = read_document(answer, doing)
        text = document.get("log") if isinstance(document, dict) else None
        return text if isinstance(text, str) else ""

    path = f"{_run_path(app_id, run_id)}/logs"
    return Call(doing, "GET", path, read, max_answer_bytes=MAX_DOWNLOAD_BYTES)


def application(app_id: str) -> Call[None]:
    """Ask whether an application is there; a refusal with 404 says that it is not."""
    return Call("asking for the application", "GET", app_path(app_id), _nothing)


def greet(app_id: str | None) -> Call[Greeting]:
    """Ask for what only a valid key gets: an application's runs, or what there is."""
    path, is_right = "/v1/applications", _is_list
    if app_id is not None:
        path, is_right = f"{app_path(app_id)}/runs?pagereturn=true", _is_page

    def read(answer: Answer) -> Greeting:
        return Greeting(answer.sent_at_s, is_right(answer))

    return Call(
        "asking the platform", "GET", path, read, max_answer_bytes=MAX_PAGE_BYTES
    )


def _is_page(answer: Answer) -> bool:
    try:
        read_page(answer, "")
    except UnreachableError:
        return False
    return True


def _is_list(answer: Answer) -> bool:
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    # Where there is nothing to list, some servers write null.
    return document is None or isinstance(document, list)


def create_application(
    app_id: str, name: str, description: str | None = None
) -> Call[None]:
    """Create an application."""
    app_path(app_id)  # an id that no path could name would be of no use
    body = {"id": app_id.strip(), "name": name}
    if description is not None:
        body["description"] = description
    doing = "creating the application"
    return Call(doing, "POST", "/v1/applications", _nothing, _json(body))


def _run_path(app_id: str, run_id: str) -> str:
    return f"{app_path(app_id)}/runs/{_quoted(run_id)}"


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _json(body: Mapping[str, Any]) -> Blob:
    return Blob.of(json.dumps(body).encode("ascii"))


def _nothing(answer: Answer) -> None:
    """Whatever a success says, it is one."""
