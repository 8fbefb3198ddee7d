"""Whether two descriptors write to the same place of the same file."""

from __future__ import annotations

import os
import stat
import sys
from functools import cache
from typing import Any

if sys.platform != "win32":
    import fcntl

# kcmp(2), for which neither Python nor the C library has a function: its number by
# machine, where the program and the kernel are of the same size.
_KCMP = {
    "x86_64": 312,
    "aarch64": 272,
    "riscv64": 272,
    "loongarch64": 272,
    "ppc64le": 354,
    "s390x": 343,
}
_KCMP_FILE = 0

_SAME, _LAST_ORDER = 0, 3


def is_same_file(one: int, other: int) -> bool:
    """Whether they lead to the same file, as they are, opened whenever."""
    return os.path.samestat(os.fstat(one), os.fstat(other))


def is_same_place(one: int, other: int) -> bool:
    """Whether what is written to one stands behind what was written to the other.

    Nothing is changed to find out: others may be writing there. In doubt they are
    different.
    """
    if not is_same_file(one, other):
        return False
    if not stat.S_ISREG(os.fstat(one).st_mode):
        return True
    flags = fcntl.fcntl(one, fcntl.F_GETFL)
    if flags != fcntl.fcntl(other, fcntl.F_GETFL):
        return False
    if flags & os.O_APPEND:
        return True
    # Files that were opened twice are each at a place of their own.
    known = _kernel_says(one, other)
    return _is_at_same_place(one, other) if known is None else known


def _is_at_same_place(one: int, other: int) -> bool:
    place = os.lseek(one, 0, os.SEEK_CUR)
    # At its begin is a file that was just opened, and opened again, too.
    return place > 0 and os.lseek(other, 0, os.SEEK_CUR) == place


def _kernel_says(one: int, other: int) -> bool | None:
    """Whether both were opened at once; None where the kernel does not tell."""
    syscall = _syscall()
    if syscall is None:
        return None
    me = os.getpid()
    answer = syscall(_KCMP[os.uname().machine], me, me, _KCMP_FILE, one, other)
    return answer == _SAME if _SAME <= answer <= _LAST_ORDER else None


@cache
def _syscall() -> Any:
    """Return the C library's `syscall`; None where kcmp is not to be had."""
    is_64_bit = sys.maxsize > 2**32
    if sys.platform != "linux" or not is_64_bit or os.uname().machine not in _KCMP:
        return None
    try:
        import ctypes  # noqa: PLC0415 -- milliseconds, and not every Python has it

        syscall = ctypes.CDLL(None).syscall
    except (ImportError, OSError, AttributeError):
        return None
    syscall.restype = ctypes.c_long
    syscall.argtypes = [ctypes.c_long] * 6
    return syscall
