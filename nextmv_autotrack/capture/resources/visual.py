"""What a run has used over time, as a visual of the platform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orjson import dumps

from nextmv_autotrack import safely
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.resources.measured import children_kib, points_of
from nextmv_autotrack.capture.resources.timeline import Point, evenly
from nextmv_autotrack.clock import NS_PER_S

# A shorter run has few points, and its metrics say as much.
VISUAL_FROM_NS = 5 * NS_PER_S

# As many as can be told from each other on a screen; some 10 KB.
MOST_POINTS = 120

_FEWEST_POINTS = 3

ASSET_NAME = "autotrack_resources"

_KIB_PER_MIB = 1024


def with_visual(assets: bytes, opened: OpenRun) -> bytes:
    """Return the assets of a run, and behind them how it has used memory and CPU.

    Args:
        assets: JSON of a list; empty when there are none.
        opened: The run, which has ended.
    """
    try:
        points = evenly(points_of(opened), MOST_POINTS)
        if len(points) < _FEWEST_POINTS:
            return assets
        visual = dumps(_asset(opened, points))
    except Exception as error:  # noqa: BLE001 -- the boundary
        safely.failed("drawing what a run has used", error)
        return assets
    if len(assets) <= len(b"[]"):
        return b"[" + visual + b"]"
    return assets[:-1] + b"," + visual + b"]"


def _asset(opened: OpenRun, points: Sequence[Point]) -> dict[str, Any]:
    return {
        "name": ASSET_NAME,
        "description": "Memory and CPU of the process while the run lasted",
        "content_type": "json",
        "visual": {"schema": "plotly", "type": "custom-tab", "label": "Resources"},
        "content": [_figure(opened, points)],
    }


def _figure(opened: OpenRun, points: Sequence[Point]) -> dict[str, Any]:
    seconds = [
        round((point.end_ns - opened.start_ns) / NS_PER_S, 3) for point in points
    ]
    limits = opened.recorder.timeline.limits
    memory = [point.memory_kib / _KIB_PER_MIB for point in points]
    children = [children_kib(opened, point) / _KIB_PER_MIB for point in points]
    lines = [_line("memory", seconds, memory, "y")]
    if any(children):
        lines.append(_line("memory of children", seconds, children, "y"))
    if limits.memory_kib is not None:
        limit_mib = limits.memory_kib / _KIB_PER_MIB
        lines.append(_limit("memory limit", seconds, limit_mib, "y"))
    later = seconds[1:]
    lines.append(_line("CPU", later, _cores([p.cpu_ns for p in points], points), "y2"))
    of_children = _cores([p.waited_ns + p.alive_ns for p in points], points)
    if any(of_children):
        lines.append(_line("CPU of children", later, of_children, "y2"))
    if limits.cpus is not None:
        lines.append(_limit("CPU limit", seconds, limits.cpus, "y2"))
    return {"data": lines, "layout": _layout()}


def _cores(spent_ns: Sequence[int], points: Sequence[Point]) -> list[float]:
    """Return how many CPUs were busy on average between each two points."""
    return [
        max(0, spent_ns[at] - spent_ns[at - 1])
        / max(1, points[at].end_ns - points[at - 1].end_ns)
        for at in range(1, len(points))
    ]


def _line(
    name: str, seconds: Sequence[float], values: Sequence[float], axis: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": seconds,
        "y": [round(value, 3) for value in values],
        "yaxis": axis,
    }


def _limit(
    name: str, seconds: Sequence[float], value: float, axis: str
) -> dict[str, Any]:
    ends = [seconds[0], seconds[-1]]
    line = _line(name, ends, [value, value], axis)
    # Shown when asked for: a limit far above would flatten the lines below it.
    return {**line, "line": {"dash": "dot"}, "visible": "legendonly"}


def _layout() -> dict[str, Any]:
    return {
        "title": {"text": "Resources"},
        "xaxis": {"title": {"text": "seconds since the run began"}, "anchor": "y2"},
        "yaxis": {
            "title": {"text": "MiB"},
            "domain": [0.55, 1.0],
            "rangemode": "tozero",
        },
        "yaxis2": {
            "title": {"text": "CPUs"},
            "domain": [0.0, 0.45],
            "rangemode": "tozero",
        },
        "legend": {"orientation": "h"},
    }
