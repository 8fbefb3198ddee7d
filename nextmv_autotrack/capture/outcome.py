"""What came out of a run: the output document, its metrics and its assets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nextmv_autotrack import nextmv_objects, safely
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.parts import take_metrics_of_document
from nextmv_autotrack.encode.descriptions import type_name
from nextmv_autotrack.journal import Body


def of_result(opened: OpenRun, result: object) -> Body:
    """Return the output to record when a call has returned `result`.

    Metrics and assets that come with it are noted.
    """
    value = result if opened.plan.takes_result_itself else _chosen(opened, result)
    if opened.output is not None:
        value = opened.output
    if opened.output_dir is not None:
        return _files(opened, value, has_failed=False)
    return _taken_apart(opened, value)


def of_what_was_set(opened: OpenRun, *, has_failed: bool) -> Body:
    """Return the output to record when there is no result to look at."""
    if opened.output_dir is not None:
        return _files(opened, opened.output, has_failed=has_failed)
    return _taken_apart(opened, opened.output)


def _files(opened: OpenRun, value: object, *, has_failed: bool) -> Body:
    """Return the files of the output folder; of the result, only what goes beside."""
    # Few runs have folders, and what packs them takes milliseconds to import.
    from nextmv_autotrack.capture.folders import packed_output  # noqa: PLC0415 -- see above

    if nextmv_objects.is_output(value):
        value = nextmv_objects.output_document(value)
    if isinstance(value, dict):
        _without_parts(opened, value)
    opened.is_document = False
    return packed_output(opened, has_failed=has_failed)


def _chosen(opened: OpenRun, result: object) -> object:
    """Return what the settings say of a result is recorded; note their metrics."""
    settings = opened.plan.settings
    if settings.metrics is not None:
        computed = _computed(settings.metrics, result, "the metrics of a run")
        if isinstance(computed, Mapping):
            opened.metrics = {**computed, **(opened.metrics or {})}
        elif computed is not None:
            kind = type_name(type(computed))
            safely.warn(f"the metrics of a run: a {kind} is left out: it is no dict")
    if settings.output is False or opened.output is not None:
        return None
    if settings.output is None:
        return result
    return _computed(settings.output, result, "the output of a run")


def _taken_apart(opened: OpenRun, value: Any) -> bytes:
    """Take from an output document what the platform keeps apart."""
    if value is None:
        return b""
    if type(value) is not dict and nextmv_objects.is_output(value):
        value = nextmv_objects.output_document(value)
    # By its type: what it says of itself may be a lie, or raise.
    if issubclass(type(value), dict):
        if "metrics" in value or "assets" in value:
            value = _without_parts(opened, value)
        else:
            opened.is_document = True
    losses: list[str] = []
    body = opened.plan.json(value, losses)
    if losses:
        opened.tell_losses("output", losses)
    return body


def _without_parts(opened: OpenRun, value: dict[Any, Any]) -> dict[Any, Any]:
    metrics, assets = value.get("metrics"), value.get("assets")
    if not (_is_none_or(metrics, Mapping) and _is_none_or(assets, list)):
        # The platform would not understand it as a document of its own.
        return value
    opened.is_document = True
    take_metrics_of_document(opened, metrics or {})
    opened.assets = [*(assets or ()), *(opened.assets or ())]
    left = {k: v for k, v in value.items() if k not in ("metrics", "assets")}
    if assets == [] and not opened.assets:
        left["assets"] = []  # it says that there are none
    return left


def _is_none_or(value: object, kind: type) -> bool:
    return value is None or issubclass(type(value), kind)


def _computed(
    function: Callable[[Any], Any], result: object, doing: str
) -> object | None:
    try:
        found: object = function(result)
    except BaseException as error:
        if not safely.is_meant_for_us(error):
            raise
        safely.warn(f"{doing}: {type(error).__name__}: {error}", doing)
        return None
    return found
