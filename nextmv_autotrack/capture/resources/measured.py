"""What a run has used, as its end says it."""

from __future__ import annotations

from collections.abc import Sequence

from nextmv_autotrack import safely
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.resources.sampler import FIRST_SAMPLE_S
from nextmv_autotrack.capture.resources.timeline import Child, Point
from nextmv_autotrack.capture.resources.usage import (
    CHILDREN,
    MARKS_A_KIB,
)
from nextmv_autotrack.clock import NS_PER_S

# No other program starts and ends in less, so that nobody need ask for children.
ASKED_FROM_NS = 1_000_000

_SAMPLED_FROM_NS = int(FIRST_SAMPLE_S * NS_PER_S)

# Less than it takes to start a program; the clocks are no finer.
_LEAST_CHILDREN_NS = 100_000

# The kernel counts the begin of a process in hundredths of a second.
_BEGINS_EXACT_S = 0.02


def measured(opened: OpenRun) -> str:
    """Return what more is known of a run that took longer, as members of its end."""
    try:
        members = _members(opened)
    except Exception as error:  # noqa: BLE001 -- the boundary
        safely.failed("measuring what a run has used", error)
        return ""
    return "".join(f',"{name}":{value}' for name, value in members.items())


def _members(opened: OpenRun) -> dict[str, float]:
    points, used = points_of(opened), opened.usage_end
    found: dict[str, float] = {}
    has_risen = used[2] > opened.usage_start[2]
    if not has_risen and (seen_kib := _seen_kib(opened, points)):
        # The most that was ever used was used before: what was seen has to do.
        found["peak_kib"] = seen_kib
    found |= _of_children(opened, points, int(used[2]) // MARKS_A_KIB)
    if points:
        found["threads"] = max(point.threads for point in points)
        memory_kib, cpus = opened.recorder.timeline.limits
        if memory_kib is not None:
            found["memory_limit_kib"] = memory_kib
        if cpus is not None:
            found["cpu_limit"] = cpus
    return found


def points_of(opened: OpenRun) -> list[Point]:
    """Return what was seen of the process while a run lasted that has ended."""
    if (opened.duration_ns or 0) < _SAMPLED_FROM_NS:
        return []
    end_ns = opened.start_ns + (opened.duration_ns or 0)
    return opened.recorder.timeline.between(opened.start_ns, end_ns)


def _seen_kib(opened: OpenRun, points: Sequence[Point]) -> int:
    return max(opened.resident_kib, *(point.memory_kib for point in points), 0)


def _of_children(
    opened: OpenRun, points: Sequence[Point], mark_kib: int
) -> dict[str, float]:
    before = CHILDREN.known if opened.children_start is None else opened.children_start
    now = CHILDREN.asked()
    cpu_ns, peak_kib = now.cpu_ns - before.cpu_ns, 0
    if points:
        last = points[-1]
        alive_ns = sum(child.cpu_ns for child in begun_in(opened, last))
        # Those that have ended since are in the first, and only there as a whole.
        cpu_ns = max(cpu_ns, last.waited_ns - before.cpu_ns + alive_ns)
        peak_kib = max(children_kib(opened, point) for point in points)
    if now.peak_kib > max(before.peak_kib, mark_kib):
        # A child is a copy of this process until it becomes another program, and what it
        # has as such counts: below our own it may be ours.
        peak_kib = max(peak_kib, now.peak_kib)
    found: dict[str, float] = {}
    if cpu_ns > _LEAST_CHILDREN_NS:
        found["children_cpu_ns"] = cpu_ns
    if peak_kib:
        found["children_peak_kib"] = peak_kib
    return found


def begun_in(opened: OpenRun, point: Point) -> list[Child]:
    """Return the children that have begun while the run lasted."""
    since = opened.started_ns / NS_PER_S - _BEGINS_EXACT_S
    return [child for child in point.children if child.begun_at >= since]


def children_kib(opened: OpenRun, point: Point) -> int:
    """Return the memory of the children that have begun while the run lasted."""
    return sum(child.memory_kib for child in begun_in(opened, point))
