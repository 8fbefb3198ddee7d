"""Metrics by their names, and which of them says how good a solution is."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

# What models and solvers call it, the platform's own word first.
_USUAL_NAMES = (
    "value",
    "objective",
    "objective_value",
    "obj",
    "result.value",
    "statistics.result.value",
    "cost",
    "total_cost",
)

TOLERANCE = 1e-6
"""Share of an objective: below what solvers call optimal, above the noise of sums."""

_STATISTICS = "statistics"

# Enough to see what was mistyped, and what came instead of a number.
_NAMES_SHOWN = 12
_VALUE_CHARS = 40

_MISSING = object()

# Deeper ones are not metrics to compare runs by.
_MAX_DEPTH = 6


class Objective(NamedTuple):
    """How good a solution is, and what says so."""

    name: str
    value: float


def metric(metrics: Mapping[str, Any], name: str, default: Any = None) -> Any:
    """Return the metric of that name, `default` when there is none.

    A name with dots leads into metrics that hold others: `solver.gap`.
    """
    if name in metrics:
        return metrics[name]
    head, _, rest = name.partition(".")
    inner = metrics.get(head) if rest else None
    return metric(inner, rest, default) if isinstance(inner, Mapping) else default


def flat(
    metrics: Mapping[str, Any], before: str = "", depth: int = 0
) -> dict[str, Any]:
    """Return metrics in metrics by one name each, with dots."""
    found: dict[str, Any] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping) and value and depth < _MAX_DEPTH:
            found.update(flat(value, f"{before}{name}.", depth + 1))
        else:
            found[f"{before}{name}"] = value
    return found


def objective(
    metrics: Mapping[str, Any], output: object, name: str | None = None
) -> Objective | None:
    """Return the objective of a run, None when nothing says what it is.

    Args:
        metrics: Of the run.
        output: Its output; older models have statistics there, and no metrics.
        name: The metric it is; by default the first of the usual names.
    """
    everything = with_statistics(metrics, output)
    for one in _USUAL_NAMES if name is None else (name,):
        value = _number(metric(everything, one))
        if value is not None:
            return Objective(one, value)
    return None


def with_statistics(metrics: Mapping[str, Any], output: object) -> dict[str, Any]:
    """Return all that says how good a solution is, by name."""
    everything = dict(metrics)
    if isinstance(output, Mapping) and _STATISTICS in output:
        everything.setdefault(_STATISTICS, output[_STATISTICS])
    return everything


def names(found: Mapping[str, Any]) -> str:
    """Return the names of metrics in a few words, for who has given another."""
    every = list(flat(found))
    more = len(every) - _NAMES_SHOWN
    shown = [*every[:_NAMES_SHOWN], *([f"{more} more"] if more > 0 else ())]
    return ", ".join(shown) or "none"


def has(metrics: Mapping[str, Any], output: object, name: str) -> bool:
    """Whether there is a metric of that name, a number or not."""
    found = metric(with_statistics(metrics, output), name, _MISSING)
    return found is not _MISSING


def why_none(
    metrics: Mapping[str, Any], output: object, name: str | None, *, verb: str
) -> str | None:
    """Return what the metric is that is no objective; None when none was looked for.

    Takes what `objective` takes, and the verb of the sentence. Without a name, it is
    about the first usual one there is.
    """
    everything = with_statistics(metrics, output)
    for one in _USUAL_NAMES if name is None else (name,):
        value = metric(everything, one, _MISSING)
        if value is not _MISSING:
            return f"metric {one} {verb} {_in_words(value)}"
    return None if name is None else f"metric {name} {verb} missing, or not finite"


def _in_words(value: object) -> str:
    if value is None:
        # JSON has one word for them.
        return "null: NaN, infinite or None"
    text = json.dumps(value)
    if len(text) > _VALUE_CHARS:
        text = f"{text[:_VALUE_CHARS]}..."
    return f"{text}: no number"


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:  # an integer may be larger than any float
        return None
    return number if math.isfinite(number) else None
