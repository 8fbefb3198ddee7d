"""Metrics and assets as they are written down: brought into the platform's shape.

What they have to lose for that is said in the logs of the run, and once to the user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, ValuesView
from collections.abc import Set as AbstractSet
from typing import Any

from nextmv_autotrack import safely
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.encode import to_json
from nextmv_autotrack.encode.flat_metrics import FlatMetrics, finite, is_flat

# Metrics are numbers and short texts; this many bytes hold tens of thousands.
MAX_METRICS_BYTES = 1_000_000


def metrics_json(opened: OpenRun) -> str:
    """Return the metrics of a run that has some, one name each."""
    metrics = opened.metrics if opened.has_flat_metrics else flattened(opened)
    shown = opened.plan.discreet.metrics(metrics or {})
    losses: list[str] = []
    body = to_json(shown, max_bytes=MAX_METRICS_BYTES, losses=losses)
    if losses:
        # Not at the top: metrics of nearly all runs are short.
        from nextmv_autotrack.encode.fitting_metrics import fitting  # noqa: PLC0415 -- see above

        body, notes = fitting(shown, max_bytes=MAX_METRICS_BYTES)
        note(opened, notes, "metrics")
    return body.decode()


def flattened(opened: OpenRun) -> dict[str, Any]:
    """Return the metrics that were set on a run, one name each."""
    try:
        metrics = opened.metrics or {}
        if opened.has_flat_metrics or is_flat(metrics):
            return metrics
        flat = FlatMetrics(dict(metrics))
        opened.metrics, opened.has_flat_metrics = flat.found, True
        note(opened, flat.notes, "metrics")
    except BaseException as error:
        if not safely.is_meant_for_us(error):
            raise
        # Another thread may change them meanwhile: the end of the run must not be lost.
        safely.failed("recording the metrics of a run", error)
        return {}
    return flat.found


def take_metrics_of_document(opened: OpenRun, metrics: Mapping[Any, Any]) -> None:
    """Put the metrics of a document beside those of its run, which go before them.

    A document is the user's: metrics that hold others stay as they are there.
    """
    try:
        if not is_flat(metrics):
            metrics, notes = finite(dict(metrics))
            note(opened, notes, "metrics")
    except BaseException as error:
        if not safely.is_meant_for_us(error):
            raise
        safely.failed("recording the metrics of a run", error)
        metrics = {}
    if opened.metrics:
        metrics = {**metrics, **flattened(opened)}
    opened.metrics, opened.has_flat_metrics = {**metrics}, True


def assets_json(opened: OpenRun) -> bytes:
    """Return the assets of a run, as they are now."""
    # Not at the top: few runs have any.
    from nextmv_autotrack.encode.assets.assets import Assets  # noqa: PLC0415 -- see above

    try:
        assets = Assets([*(opened.assets or ())])
        body = assets.to_json(max_bytes=opened.plan.max_payload)
        note(opened, assets.notes, "assets")
    except BaseException as error:
        if not safely.is_meant_for_us(error):
            raise
        safely.failed("recording the assets of a run", error)
        return b""
    return body


def assets_of_document(value: Any) -> list[Any] | None:
    """Return the assets of a document as a list, None when they are something else.

    Nothing is used up by it: the document is the user's.
    """
    if value is None:
        return []
    if issubclass(type(value), (list, tuple, AbstractSet, ValuesView)):
        return [*value]
    # Not at the top: few documents have a single one.
    from nextmv_autotrack.encode.assets.assets import is_one_asset  # noqa: PLC0415 -- see above

    return [value] if is_one_asset(value) else None


def note(opened: OpenRun, notes: Iterable[str], topic: str) -> None:
    """Say in the logs of the run, and once to the user, what was changed or left out."""
    for one in notes:
        opened.add_last_lines(one)
        safely.warn(f"run {opened.id}: {one}", f"{topic} that were changed")
