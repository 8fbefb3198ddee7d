"""From a run in the store to what is sent of it."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from nextmv_autotrack.encode.formats import Format
from nextmv_autotrack.nextmv_api import Blob
from nextmv_autotrack.store import MEASURED, Payload, Store, StoredRun
from nextmv_autotrack.upload.document import output_document
from nextmv_autotrack.upload.submission import Waiting
from nextmv_autotrack.upload.told_environment import with_environment

# What the platform gets in place of an input that had to go.
_TRIMMED = Blob.of(b'{"truncated":true,"reason":"the disk bound was reached"}')


class _Outcome(NamedTuple):
    """What came out of a run, as the platform takes it."""

    format: Format
    output: Blob | None
    metrics: Blob | None = None
    assets: Blob | None = None


def pack(store: Store, run: StoredRun, *, takes_text: bool = True) -> Waiting:
    """Return what is sent of `run`; large payloads stay files until they are sent.

    Args:
        store: Has it.
        run: Which run.
        takes_text: Whether output may be a text, and not only in a document.

    Raises:
        StoreError: A payload is not in the store, or damaged.
        DamagedStoreError: So may be the whole store.
    """
    logs = store.log_text(run.id)
    input_format, given = _input(store, run)
    outcome = _outcome(store, run, takes_text=takes_text)
    return Waiting(
        id=run.id,
        name=run.name,
        description=run.description,
        status=run.status,
        started_at=run.started_at,
        duration=run.duration,
        host=run.host or "",
        error=run.error,
        options=run.options,
        app_id=run.app_id or "",
        instance_id=run.instance_id,
        managed_input_id=run.managed_input,
        input_format=input_format,
        output_format=outcome.format,
        input=given,
        output=outcome.output,
        metrics=outcome.metrics,
        assets=outcome.assets,
        logs=Blob.of(logs.encode()) if logs else None,
    )


def _input(store: Store, run: StoredRun) -> tuple[Format, Blob | None]:
    if run.input is None:
        return "json", _TRIMMED if run.is_trimmed else None
    found = store.whole_payload(run.input)
    if found.format == "text":
        return "text", _as_text(found)
    return found.format, _blob(found)


def _outcome(store: Store, run: StoredRun, *, takes_text: bool) -> _Outcome:
    found = None if run.output is None else store.whole_payload(run.output)
    own = None if run.assets is None else _blob(store.whole_payload(run.assets))
    assets = with_environment(own, store.environment(run))
    if found is not None and found.format == "multi-file":
        return _Outcome(
            "multi-file",
            _blob(found),
            # The platform wants one of them as it is, and the other under its name.
            Blob.of(orjson.dumps(run.metrics)) if run.metrics else None,
            None if assets is None else Blob.of(b'{"assets":', assets, b"}"),
        )
    # Beside a text the platform takes neither metrics nor assets: they are looked for in
    # a document, and what is uploaded apart from it is ignored. So a text with some goes
    # into a document, under `solution`. What we have measured, and where, is not worth
    # that: a text that nobody has said more of stays what it is.
    is_bare = takes_text and own is None and run.metrics.keys() <= MEASURED
    if is_bare and found is not None and found.format == "text":
        return _Outcome("text", _as_text(found))
    document = output_document(
        None if found is None else _blob(found),
        is_document=run.output_is_document,
        metrics=run.metrics,
        assets=assets,
    )
    return _Outcome("json", document)


def _blob(found: Payload) -> Blob:
    return Blob.of(found.path if found.path is not None else found.content or b"")


def _as_text(found: Payload) -> Blob:
    """Return a text, which is kept as JSON, as itself."""
    with found.opened() as file:
        text: str = orjson.loads(file.read())
    return Blob.of(text.encode())
