"""Metrics by their names, and which of them says how good a solution is."""

from __future__ import annotations

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

# Deeper ones are not metrics to compare runs by.
_MAX_DEPTH = 6


class Objective(NamedTuple):
    """How good a solution is, and what says so."""

    name: str
    value: float


def metric(metrics: Mapping[str, Any], name: str) -> Any:
    """Return the metric of that name, None when there is none.

    A name with dots leads into metrics that hold others: `solver.gap`.
    """
    if name in metrics:
        return metrics[name]
    head, _, rest = name.partition(".")
    inner = metrics.get(head) if rest else None
    return metric(inner, rest) if isinstance(inner, Mapping) else None


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
    everything = dict(metrics)
    if isinstance(output, Mapping) and _STATISTICS in output:
        everything.setdefault(_STATISTICS, output[_STATISTICS])
    for one in _USUAL_NAMES if name is None else (name,):
        value = _number(metric(everything, one))
        if value is not None:
            return Objective(one, value)
    return None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:  # an integer may be larger than any float
        return None
    return number if math.isfinite(number) else None
