"""Who a process is, what it was last seen using, and what that says of its end."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Facts = dict[str, Any]

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")

# Where the kernel counts whom it has killed: in cgroups of version 2, and of version 1.
_KILL_COUNTERS = ("memory.events", "memory.oom_control")

# Where the stack of a process is, for those who may not know.
_UNTOLD = "0"

_GIB, _MIB = 2**30, 2**20


def identity() -> Facts | None:
    """Return what tells this process from every other one; None where nothing does.

    A number alone does not: it is given again, and by other containers at once.
    """
    pid = os.getpid()
    with contextlib.suppress(OSError):
        begun = _begun(pid) if _sees_itself(pid) else None
        if begun is not None:
            return {"pid": pid, **begun, **_place()}
    return None


def _sees_itself(pid: int) -> bool:
    """Whether the numbers in /proc are ours: a container may have been given others."""
    try:
        return (_PROC / "self").readlink().name == str(pid)
    except OSError:
        return False


def is_running(who: Mapping[str, Any]) -> bool:
    """Whether that process lives and runs the same program, as far as can be told."""
    pid, started = who.get("pid"), who.get("started")
    if not isinstance(pid, int) or started is None or not _is_here(who):
        return False
    with contextlib.suppress(OSError):
        begun = _begun(pid)
        if begun is not None and begun["started"] == started:
            programs = {who.get("program"), begun["program"]}
            return len(programs) == 1 or bool(programs & {None, _UNTOLD})
    return False


def has_ended(who: Mapping[str, Any]) -> bool:
    """Whether that process is no more, for certain."""
    pid, started = who.get("pid"), who.get("started")
    if not isinstance(pid, int) or started is None:
        return False
    place = _place()
    if not place or any(who.get(name) != value for name, value in place.items()):
        return False
    try:
        begun = _begun(pid)
    except OSError:
        return False  # too many files are open, or so
    return begun is None or begun["started"] != started


def _begun(pid: int) -> Facts | None:
    """When a process began, in ticks of the kernel, and where; None when it is dead.

    A process that becomes another program (execve(2)) keeps its number and its time, and
    gets its stack at another address, by chance.
    """
    try:
        text = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # Behind the name, which may hold anything, a parenthesis too (proc(5)).
    words = text.rpartition(")")[2].split()
    is_dead = words[:1] in (["Z"], ["X"])
    if is_dead or len(words) < 26:
        return None
    return {"started": words[19], "program": words[25]}


def _place() -> Facts:
    """The kernel since its last start, and the container."""
    place: Facts = {}
    with contextlib.suppress(OSError):
        boot_id = _PROC / "sys" / "kernel" / "random" / "boot_id"
        place["boot_id"] = boot_id.read_text("ascii").strip()
        place["pid_space"] = str((_PROC / "self" / "ns" / "pid").readlink())
    return place


def _is_here(facts: Mapping[str, Any]) -> bool:
    return all(facts.get(name) == value for name, value in _place().items())


def seen() -> Facts:
    """Return what this process uses now, and what its end can be judged by later."""
    import psutil  # noqa: PLC0415 -- milliseconds to import; not the caller's thread

    facts = {
        "at_ns": time.time_ns(),
        "memory_bytes": psutil.Process().memory_info().rss,
        **_place(),
    }
    folder = _cgroup()
    if folder is not None:
        facts |= {"cgroup": str(folder), "oom_kills": _oom_kills(folder)}
    return facts


def end_of(last_seen: Mapping[str, Any]) -> str:
    """Return in words what is known of the end of a process with runs in progress."""
    words = ["process ended before the run did"]
    memory = last_seen.get("memory_bytes")
    if isinstance(memory, int):
        words.append(f"last seen using {_size(memory)}")
    if _was_memory_short(last_seen):
        words.append("the kernel's out-of-memory killer struck in its cgroup meanwhile")
    return "; ".join(words)


def _was_memory_short(last_seen: Mapping[str, Any]) -> bool:
    folder, before = last_seen.get("cgroup"), last_seen.get("oom_kills")
    if not isinstance(folder, str) or not isinstance(before, int):
        return False
    now = _oom_kills(Path(folder))
    return now is not None and now > before and _is_here(last_seen)


def _size(count: int) -> str:
    if count >= _GIB:
        return f"{count / _GIB:.1f} GiB"
    return f"{count / _MIB:.0f} MiB"


def _cgroup() -> Path | None:
    """The folder of this process's cgroup that counts kills; None when none does."""
    try:
        lines = (_PROC / "self" / "cgroup").read_text("utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        # hierarchy:controllers:path (cgroups(7)); version 2 has no controllers here.
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top = _CGROUPS / "memory" if controllers else _CGROUPS
        # Inside a container the path may be the host's, and the top be our own.
        for folder in (top / path.lstrip("/"), top):
            if _oom_kills(folder) is not None:
                return folder
    return None


def _oom_kills(folder: Path) -> int | None:
    for name in _KILL_COUNTERS:
        with contextlib.suppress(OSError, ValueError):
            for line in (folder / name).read_text("ascii").splitlines():
                word, _, count = line.partition(" ")
                if word == "oom_kill":
                    return int(count)
    return None
