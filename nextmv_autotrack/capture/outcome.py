"""What came out of a run: the output document, its metrics and its assets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from orjson import loads

from nextmv_autotrack import safely
from nextmv_autotrack.capture.plan import Plan
from nextmv_autotrack.encode import to_json
from nextmv_autotrack.run import Run


class Outcome(NamedTuple):
    """What is written down at the end of a run."""

    body: bytes = b""
    """The output as JSON; empty when there is none."""
    is_document: bool = False
    """The output is a document of its own, not a solution to be put into one."""
    metrics: dict[str, Any] | None = None
    assets: bytes = b""


NOTHING = Outcome()


def of_result(run: Run, plan: Plan, result: object) -> Outcome:
    """Return what to record when a call has returned `result`."""
    settings, metrics = plan.settings, run._metrics
    if settings.metrics is not None:
        computed = _computed(settings.metrics, result, "the metrics of a run")
        if isinstance(computed, Mapping):
            metrics = {**computed, **(metrics or {})}
    value = run._output
    if value is None:
        value = result
        if settings.output is False:
            value = None
        elif settings.output is not None:
            value = _computed(settings.output, result, "the output of a run")
    return _taken_apart(value, metrics, run._assets, plan.max_payload)


def of_what_was_set(run: Run, plan: Plan) -> Outcome:
    """Return what to record when there is no result to look at."""
    return _taken_apart(run._output, run._metrics, run._assets, plan.max_payload)


def _taken_apart(
    value: object,
    metrics: dict[str, Any] | None,
    assets: list[Any] | None,
    max_bytes: int,
) -> Outcome:
    """Take from an output document what the platform keeps apart."""
    is_document = isinstance(value, dict)
    if isinstance(value, dict) and ("metrics" in value or "assets" in value):
        own_metrics, own_assets = value.get("metrics"), value.get("assets")
        if _is_none_or(own_metrics, Mapping) and _is_none_or(own_assets, list):
            metrics = {**(own_metrics or {}), **(metrics or {})}
            assets = [*(own_assets or ()), *(assets or ())]
            value = {k: v for k, v in value.items() if k not in ("metrics", "assets")}
        else:
            # The platform would not understand it as a document of its own.
            is_document = False
    body = b"" if value is None else to_json(value, max_bytes=max_bytes)
    assets_body = to_json(assets, max_bytes=max_bytes) if assets else b""
    return Outcome(body, is_document, metrics, assets_body)


def _is_none_or(value: object, kind: type) -> bool:
    return value is None or isinstance(value, kind)


def option_texts(options: Mapping[str, object]) -> dict[str, str]:
    """Return options as the platform wants them: texts, others as JSON text."""
    texts = {}
    for name, value in options.items():
        body = to_json(value, max_bytes=_MAX_OPTION_BYTES)
        # A text may hold what UTF-8 cannot: what was made of it can.
        text = loads(body) if isinstance(value, str) else body.decode()
        texts[as_text(name)] = text if isinstance(text, str) else body.decode()
    return texts


def as_text(value: object) -> str:
    """Return `str(value)`, with what UTF-8 cannot hold made visible."""
    return str(value).encode("utf-8", "backslashreplace").decode()


# An option is a number, a word or a short list.
_MAX_OPTION_BYTES = 10_000


def _computed(
    function: Callable[[Any], Any], result: object, doing: str
) -> object | None:
    try:
        found: object = function(result)
    except Exception as error:  # noqa: BLE001 -- code of the user's
        safely.warn(f"{doing}: {type(error).__name__}: {error}", doing)
        return None
    return found
