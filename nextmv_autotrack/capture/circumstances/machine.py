"""The machine: its system, its processors and its memory."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from nextmv_autotrack.capture.circumstances.limits import PROC

# One processor takes about a kilobyte, and they are all described alike.
_CPUINFO_BYTES = 16 * 1024

# What it is called on one architecture and another.
_MODEL_NAMES = ("model name", "Model", "cpu model", "Hardware", "cpu")

_MIB = 2**20


def machine(proc: Path = PROC) -> dict[str, Any]:
    """Return what the machine is, in the words of its system."""
    import psutil  # noqa: PLC0415 -- milliseconds to import; not the caller's thread

    return {
        "os": _system(),
        "cpu": _without_none(
            {
                "model": _cpu_model(proc),
                "count": psutil.cpu_count(),
                "cores": psutil.cpu_count(logical=False),
                "usable": _usable_cpus(),
            }
        ),
        "memory_mib": psutil.virtual_memory().total // _MIB,
    }


def _system() -> dict[str, Any]:
    distribution = None
    with suppress(OSError):
        distribution = platform.freedesktop_os_release().get("PRETTY_NAME")
    if sys.platform == "darwin":
        distribution = f"macOS {platform.mac_ver()[0]}"
    return _without_none(
        {
            "name": platform.system(),
            "release": platform.release(),
            "machine": platform.machine(),
            "distribution": distribution,
        }
    )


def _cpu_model(proc: Path) -> str | None:
    with suppress(OSError):
        with (proc / "cpuinfo").open("rb") as file:
            text = file.read(_CPUINFO_BYTES).decode("utf-8", "replace")
        lines = [line.partition(":") for line in text.splitlines()]
        told = {name.strip(): value.strip() for name, _, value in reversed(lines)}
        return next((told[name] for name in _MODEL_NAMES if told.get(name)), None)
    return _cpu_model_of_others()


def _cpu_model_of_others() -> str | None:
    if sys.platform == "darwin":
        return _sysctl("machdep.cpu.brand_string")
    # Windows says it to each of its processes.
    return os.environ.get("PROCESSOR_IDENTIFIER")


def _sysctl(name: str) -> str | None:
    import ctypes  # noqa: PLC0415 -- on macOS only

    with suppress(OSError, AttributeError, ValueError):
        libc = ctypes.CDLL(None)
        value = ctypes.create_string_buffer(256)
        size = ctypes.c_size_t(len(value))
        if libc.sysctlbyname(name.encode(), value, ctypes.byref(size), None, 0) == 0:
            return value.value.decode("utf-8", "replace") or None
    return None


def _usable_cpus() -> int | None:
    """How many CPUs the process may run on, where that is fewer by its own choice."""
    if hasattr(os, "sched_getaffinity"):
        with suppress(OSError):
            return len(os.sched_getaffinity(0))
    return None


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
