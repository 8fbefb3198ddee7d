"""What came out of a run, in a few words."""

from __future__ import annotations

from typing import Any

from nextmv_autotrack.cli.words import number
from nextmv_autotrack.store import MEASURED, StoredRun

# More would not fit on a line. The words that every model has come first.
_METRICS_SHOWN = 3
_METRICS_FIRST = ("status", "value")


def result(run: StoredRun) -> str:
    """Return the error, or the metrics that say what came out."""
    if run.error is not None:
        return run.error
    own = {
        name: value
        for name, value in run.metrics.items()
        if name not in MEASURED and isinstance(value, (int, float, str))
    }
    names = sorted(own, key=lambda name: name not in _METRICS_FIRST)
    return " ".join(f"{name}={number(own[name])}" for name in names[:_METRICS_SHOWN])


def own_first(metrics: dict[str, Any]) -> dict[str, Any]:
    """Return metrics in order, the model's before those of its process."""
    return dict(sorted(metrics.items(), key=lambda item: item[0] in MEASURED))
