"""The ways in which a process ends, from inside and from outside."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

if sys.platform != "win32":
    import resource

EXIT_CODE = 70

# Room for some more calls, before there is none.
_LAST_BYTES = 48 * 1024 * 1024
_BITE_BYTES = 1024 * 1024

# Others go on for so long without any memory left.
_STARVING_S = 0.1

# What a process with its threads takes, and no hoard.
_CAGE_BYTES = 160 * 1024 * 1024


def _abort() -> None:
    os.abort()


def _null() -> None:
    ctypes.string_at(0)


def _exit() -> None:
    os._exit(EXIT_CODE)


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    most = pages * resource.getpagesize() + _LAST_BYTES
    # A soft limit: another thread may set it again, and could not raise a hard one.
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    hoard = []
    try:
        while True:
            hoard.append(bytearray(_BITE_BYTES))
    except MemoryError:
        time.sleep(_STARVING_S)
        os._exit(EXIT_CODE)


def _hoard() -> None:
    hoard = []
    while True:
        hoard.append(bytes(_BITE_BYTES) + b"x")


@dataclass(frozen=True)
class Way:
    """One way to end."""

    codes: tuple[int, ...]
    """What the process then says; nothing else is that way."""
    signal: int | None = None
    """Sent from outside."""
    strike: Callable[[], None] | None = None
    """Done inside, at any moment or in a call."""
    is_suspended: bool = False
    """Whether it is stopped for a while before, as a laptop that sleeps."""
    is_caged: bool = False
    """Whether it needs a cgroup with a bound."""
    is_short_of_memory: bool = False
    """Whether it lives on without memory, so that anything may fail."""
    flush_timeout_s: float = 2.0
    """Of one that ends by itself."""


WAYS: dict[str, Way] = {}
if sys.platform != "win32":
    WAYS |= {
        "SIGKILL": Way((-signal.SIGKILL,), signal.SIGKILL),
        "SIGTERM": Way((-signal.SIGTERM,), signal.SIGTERM),
        "SIGSEGV": Way((-signal.SIGSEGV,), signal.SIGSEGV),
        "suspended, SIGKILL": Way(
            (-signal.SIGKILL,), signal.SIGKILL, is_suspended=True
        ),
        "null pointer": Way((-signal.SIGSEGV,), strike=_null),
        "abort": Way((-signal.SIGABRT,), strike=_abort),
        "os._exit": Way((EXIT_CODE,), strike=_exit),
        "exit without a flush": Way((0,), flush_timeout_s=0.0),
        "exit with a flush": Way((0,), flush_timeout_s=0.5),
    }
if sys.platform == "linux":
    # Whatever else has no memory may be the first to end the process.
    starved = (EXIT_CODE, 1, -signal.SIGABRT, -signal.SIGSEGV)
    WAYS["memory limit"] = Way(starved, strike=_limit_memory, is_short_of_memory=True)
    WAYS["out of memory"] = Way((-signal.SIGKILL,), strike=_hoard, is_caged=True)


class Death:
    """Ends this process, in its way, once its time has come."""

    def __init__(self, way: Way, after_s: float, *, in_a_call: bool) -> None:
        self._strike = way.strike
        self._is_by_itself = way.strike is None and way.signal is None
        self._at = time.monotonic() + after_s
        self._in_a_call = in_a_call
        if self._strike is not None and not in_a_call:
            threading.Thread(target=self._lurk, daemon=True).start()

    @property
    def is_at_the_end(self) -> bool:
        """Whether the process is to end by itself now."""
        return self._is_by_itself and time.monotonic() >= self._at

    @property
    def waits_for_a_call(self) -> bool:
        """Whether it strikes in the next call."""
        return self._in_a_call and time.monotonic() >= self._at

    def in_a_call(self) -> None:
        """Strike, if it is to happen in a call and is due."""
        if self.waits_for_a_call and self._strike is not None:
            self._strike()

    def _lurk(self) -> None:
        time.sleep(max(0.0, self._at - time.monotonic()))
        assert self._strike is not None
        self._strike()


_CGROUPS = Path("/sys/fs/cgroup")
_LIMITS = ("memory.limit_in_bytes", "memory.max")
_numbers = count(1)


@contextmanager
def cage() -> Iterator[Path | None]:
    """Make a cgroup in which memory is short; None where that is not allowed."""
    folder = _new_cage()
    try:
        yield folder
    finally:
        if folder is not None:
            _remove(folder)


def _new_cage() -> Path | None:
    for top in (_CGROUPS / "memory", _CGROUPS):
        folder = top / f"autotrack-crash-{os.getpid()}-{next(_numbers)}"
        with suppress(OSError):
            folder.mkdir()
            if _is_limited(folder):
                return folder
            folder.rmdir()
    return None


def _is_limited(folder: Path) -> bool:
    for limit in (folder / name for name in _LIMITS):
        with suppress(OSError):
            if limit.exists():
                limit.write_text(str(_CAGE_BYTES), "ascii")
                _forbid_swap(folder)
                return True
    return False


def _forbid_swap(folder: Path) -> None:
    limit = folder / "memory.swap.max"
    with suppress(OSError):
        if limit.exists():
            limit.write_text("0", "ascii")


def _remove(folder: Path) -> None:
    for _ in range(100):
        with suppress(OSError):
            folder.rmdir()
            return
        time.sleep(0.05)  # the last of its processes is still ending


def enter(folder: Path) -> None:
    """Put this process, and what it forks, into a cgroup."""
    (folder / "cgroup.procs").write_text("0", "ascii")


def ways() -> list[str]:
    """Return the ways to end that this machine has."""
    with cage() as folder:
        return [
            name for name, way in WAYS.items() if not way.is_caged or folder is not None
        ]
