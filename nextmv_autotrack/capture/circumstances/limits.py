"""What the container, or the service manager, lets a process have at most."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")

# Version 1 has no word for no limit, but a number near the largest there is: more than
# any machine has.
_UNLIMITED_BYTES = 2**60

_MEMORY_FILES = ("memory.max", "memory.limit_in_bytes")


class Limits(NamedTuple):
    """What is allowed; None where there is no limit, or nobody tells."""

    memory_kib: int | None = None
    cpus: float | None = None
    """Of the time of so many CPUs."""


def limits(proc: Path = PROC, cgroups: Path = CGROUPS) -> Limits:
    """Return the limits that hold for this process; a group above may set a lower one."""
    memory = min(
        map(_memory_bytes, _folders(proc, cgroups, "memory")), default=math.inf
    )
    cpus = min(map(_cpus, _folders(proc, cgroups, "cpu")), default=math.inf)
    return Limits(
        None if math.isinf(memory) else int(memory) // 2**10,
        None if math.isinf(cpus) else round(cpus, 3),
    )


def _folders(proc: Path, cgroups: Path, controller: str) -> Iterator[Path]:
    """Give the groups of this process that may limit it, and those above them."""
    try:
        lines = (proc / "self" / "cgroup").read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        # hierarchy:controllers:path (cgroups(7)); version 2 has no controllers here.
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        top = cgroups / controllers if controllers else cgroups
        if controllers and not top.exists():
            top = cgroups / controller
        # Inside a container the path may be the host's, and the top be our own.
        yield top
        folder = top
        for name in path.strip("/").split("/"):
            if name in {"", ".", ".."}:
                break
            folder /= name
            yield folder


def _memory_bytes(folder: Path) -> float:
    for name in _MEMORY_FILES:
        with suppress(OSError, ValueError):
            count = int((folder / name).read_text("ascii"))
            if count < _UNLIMITED_BYTES:
                return count
    return math.inf


def _cpus(folder: Path) -> float:
    # "max 100000", or "50000 100000": microseconds in so many.
    with suppress(OSError, ValueError):
        quota, _, period = (folder / "cpu.max").read_text("ascii").partition(" ")
        return int(quota) / int(period)
    with suppress(OSError, ValueError, ZeroDivisionError):
        quota_us = int((folder / "cpu.cfs_quota_us").read_text("ascii"))
        period_us = int((folder / "cpu.cfs_period_us").read_text("ascii"))
        if quota_us > 0:
            return quota_us / period_us
    return math.inf
