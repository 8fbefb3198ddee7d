"""What came out of a run: the output document, its metrics and its assets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nextmv_autotrack import safely
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.encode import to_json


def of_result(opened: OpenRun, result: object) -> bytes:
    """Return the output to record when a call has returned `result`, as JSON.

    Metrics and assets that come with it are noted.
    """
    value = result if opened.plan.takes_result_itself else _chosen(opened, result)
    if opened.output is not None:
        value = opened.output
    return _taken_apart(opened, value)


def of_what_was_set(opened: OpenRun) -> bytes:
    """Return the output to record when there is no result to look at, as JSON."""
    return _taken_apart(opened, opened.output)


def _chosen(opened: OpenRun, result: object) -> object:
    """Return what the settings say of a result is recorded; note their metrics."""
    settings = opened.plan.settings
    if settings.metrics is not None:
        computed = _computed(settings.metrics, result, "the metrics of a run")
        if isinstance(computed, Mapping):
            opened.metrics = {**computed, **(opened.metrics or {})}
    if settings.output is False or opened.output is not None:
        return None
    if settings.output is None:
        return result
    return _computed(settings.output, result, "the output of a run")


def _taken_apart(opened: OpenRun, value: Any) -> bytes:
    """Take from an output document what the platform keeps apart."""
    if value is None:
        return b""
    # By its type: what it says of itself may be a lie, or raise.
    if issubclass(type(value), dict):
        if "metrics" in value or "assets" in value:
            value = _without_parts(opened, value)
        else:
            opened.is_document = True
    losses: list[str] = []
    body = to_json(value, max_bytes=opened.plan.max_payload, losses=losses)
    if losses:
        opened.tell_losses("output", losses)
    return body


def _without_parts(opened: OpenRun, value: dict[Any, Any]) -> dict[Any, Any]:
    metrics, assets = value.get("metrics"), value.get("assets")
    if not (_is_none_or(metrics, Mapping) and _is_none_or(assets, list)):
        # The platform would not understand it as a document of its own.
        return value
    opened.is_document = True
    opened.metrics = {**(metrics or {}), **(opened.metrics or {})}
    opened.assets = [*(assets or ()), *(opened.assets or ())]
    return {k: v for k, v in value.items() if k not in ("metrics", "assets")}


def _is_none_or(value: object, kind: type) -> bool:
    return value is None or issubclass(type(value), kind)


def _computed(
    function: Callable[[Any], Any], result: object, doing: str
) -> object | None:
    try:
        found: object = function(result)
    except Exception as error:  # noqa: BLE001 -- code of the user's
        safely.warn(f"{doing}: {type(error).__name__}: {error}", doing)
        return None
    return found
