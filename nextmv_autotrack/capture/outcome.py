"""What came out of a run: the output document, its metrics and its assets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from nextmv_autotrack import nextmv_objects, safely
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.parts import (
    assets_of_document,
    note,
    take_metrics_of_document,
)
from nextmv_autotrack.encode.descriptions import text_of, type_name
from nextmv_autotrack.journal import Body
from nextmv_autotrack.loaded import is_of

# What of a document is kept apart, and what it has to be for that.
_APART = {
    "metrics": "mapping",
    "assets": "asset",
}

# What else of a document goes beside the output, which is files here.
_NOT_BESIDE_FILES = ("statistics", *_APART)


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
    if issubclass(type(value), dict):
        left = _without_parts(opened, cast("dict[Any, Any]", value))
        lost = [name for name in _NOT_BESIDE_FILES if not _is_empty(left.get(name))]
        said = "the result's {!r} are left out: beside the files of output_dir stand metrics and assets"
        note(opened, map(said.format, lost), "outputs")
    opened.is_document = False
    return packed_output(opened, has_failed=has_failed)


def _chosen(opened: OpenRun, result: object) -> object:
    """Return what the settings say of a result is recorded; note their metrics."""
    settings = opened.plan.settings
    if settings.metrics is not None:
        computed = _computed(opened, settings.metrics, result, "metrics")
        if isinstance(computed, Mapping):
            opened.metrics = {**computed, **(opened.metrics or {})}
        elif computed is not None:
            _say(opened, "metrics", f"{type_name(type(computed))} is no mapping")
    if settings.output is False or opened.output is not None:
        return None
    if settings.output is None:
        return result
    return _computed(opened, settings.output, result, "output")


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
            opened.is_document = not (
                ("metrics" in value or "assets" in value)
                and _tell_what_stays(opened, value)
            )
        else:
            opened.is_document = True
        if "statistics" in value:
            value = _with_finite_statistics(opened, value)
    losses: list[str] = []
    body = opened.plan.json(value, losses)
    if losses:
        opened.tell_losses("output", losses)
    return body


def _without_parts(opened: OpenRun, value: dict[Any, Any]) -> dict[Any, Any]:
    """Take the metrics and the assets of a document; what is neither stays in it."""
    left = dict(value)
    metrics: Any = left.get("metrics")
    if is_of(metrics, "pandas", "Series"):
        metrics = dict(metrics)
    if metrics is None or issubclass(type(metrics), Mapping):
        left.pop("metrics", None)
        take_metrics_of_document(opened, metrics or {})
    assets = assets_of_document(left["assets"]) if "assets" in left else None
    if assets is not None and left.pop("assets") is not None:
        # Even when there are none: the document says so.
        opened.assets = [*assets, *(opened.assets or ())]
    return left


def _tell_what_stays(opened: OpenRun, left: dict[Any, Any]) -> bool:
    """Whether a dict is no document of the platform's: it has other things there."""
    stays = [
        f"the output's {name!r} stay in its solution: {type_name(type(left[name]))} "
        f"is no {what}"
        for name, what in _APART.items()
        if name in left
    ]
    note(opened, stays, "outputs")
    return bool(stays)


def _is_empty(value: object) -> bool:
    # By its type: an array has no truth.
    return value is None or (type(value) in {list, dict} and not value)


def _with_finite_statistics(opened: OpenRun, value: dict[Any, Any]) -> dict[Any, Any]:
    # Not at the top: the platform's word for metrics in older models.
    from nextmv_autotrack.encode.finite_statistics import finite_statistics  # noqa: PLC0415 -- see above

    try:
        found, notes = finite_statistics(value["statistics"])
        note(opened, notes, "statistics")
    except Exception as error:  # noqa: BLE001 -- code of the user's
        safely.failed("looking at the statistics of a run", error)
        return value
    return {**value, "statistics": found} if notes else value


def _computed(
    opened: OpenRun, function: Callable[[Any], Any], result: object, setting: str
) -> object | None:
    try:
        found: object = function(result)
    except BaseException as error:
        if not safely.is_meant_for_us(error):
            raise
        _say(opened, setting, text_of(error, _type_and_words))
        return None
    return found


def _type_and_words(error: object) -> str:
    return f"{type(error).__name__}: {error}"


def _say(opened: OpenRun, setting: str, problem: str) -> None:
    """Say, once to the user and in each run, why what was computed is left out."""
    said = f"the {setting} of a run: left out: {problem}"
    safely.warn(said, f"the {setting} of a run")
    opened.add_last_lines(said)
