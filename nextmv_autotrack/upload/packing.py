"""From a run in the store to what is sent of it."""

from __future__ import annotations

from nextmv_autotrack.nextmv_api import Blob
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.upload.document import output_document
from nextmv_autotrack.upload.submission import Waiting
from nextmv_autotrack.upload.told_environment import with_environment

# What the platform gets in place of an input that had to go.
_TRIMMED = Blob.of(b'{"truncated":true,"reason":"the disk bound was reached"}')


def pack(store: Store, run: StoredRun) -> Waiting:
    """Return what is sent of `run`; large payloads stay files until they are sent.

    Raises:
        StoreError: A payload is not in the store, or damaged.
        DamagedStoreError: So may be the whole store.
    """
    logs = store.log_text(run.id)
    has_lost_input = run.is_trimmed and run.input is None
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
        input=_TRIMMED if has_lost_input else _blob(store, run.input),
        output=output_document(
            _blob(store, run.output),
            is_document=run.output_is_document,
            metrics=run.metrics,
            assets=with_environment(_blob(store, run.assets), store.environment(run)),
        ),
        logs=Blob.of(logs.encode()) if logs else None,
    )


def _blob(store: Store, digest: str | None) -> Blob | None:
    if digest is None:
        return None
    found = store.whole_payload(digest)
    return Blob.of(found.path if found.path is not None else found.content or b"")
