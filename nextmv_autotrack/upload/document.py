"""The output as one JSON document: result, metrics and assets, joined as bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nextmv_autotrack.nextmv_api import Blob

# The document `{}`.
_EMPTY_OBJECT_BYTES = 2


def output_document(
    output: Blob | None,
    *,
    is_document: bool,
    metrics: Mapping[str, Any],
    assets: Blob | None,
) -> Blob | None:
    """Return the document to upload, or None when there is nothing to say.

    Nothing is parsed, and a file stays a file: metrics and assets are put in front of
    what the object already holds.

    Args:
        output: JSON without blanks around it.
        is_document: Whether it is an object that is the document itself, without
            `metrics` and `assets`. Anything else goes under `solution`.
        metrics: As they are to appear.
        assets: JSON of a list.
    """
    members = _members(metrics, assets)
    if output is None:
        return _joined(members) if members else None
    if not is_document or output.first() != b"{":
        solution = Blob.of(b'"solution":', output)
        return _joined([solution, *members])
    if not members:
        return output
    if output.size == _EMPTY_OBJECT_BYTES:
        return _joined(members)
    return Blob.of(b"{", _listed(members), b",", output.rest())


def _members(metrics: Mapping[str, Any], assets: Blob | None) -> list[Blob]:
    members = []
    if metrics:
        text = json.dumps(metrics, separators=(",", ":"), allow_nan=False)
        members.append(Blob.of(b'"metrics":', text.encode("ascii")))
    if assets is not None:
        members.append(Blob.of(b'"assets":', assets))
    return members


def _joined(members: list[Blob]) -> Blob:
    return Blob.of(b"{", _listed(members), b"}")


def _listed(members: list[Blob]) -> Blob:
    first, *others = members
    return Blob.of(first, *(Blob.of(b",", other) for other in others))
