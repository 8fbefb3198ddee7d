"""What C code keeps in memory before it prints it: the `stdout` of the C library."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any

_LINE_BUFFERED = 1  # _IOLBF of glibc, musl and macOS

_NAME = "__stdoutp" if sys.platform == "darwin" else "stdout"


@cache
def _library() -> tuple[Any, Any] | None:
    """Return the C library and its `stdout`; None where they cannot be had."""
    try:
        import ctypes  # noqa: PLC0415 -- milliseconds, and not every Python has it

        library = ctypes.CDLL(None)
        stdout = ctypes.c_void_p.in_dll(library, _NAME)
        library.fflush.argtypes = [ctypes.c_void_p]
    except (ImportError, OSError, ValueError, AttributeError, TypeError):
        return None
    return library, stdout


def flush() -> None:
    """Have C print what it has kept; not `fflush(NULL)`, which waits for who reads."""
    found = _library()
    if found is not None:
        library, stdout = found
        library.fflush(stdout)


def stay_line_buffered() -> None:
    """Have C print line by line if it would now, also once a pipe is in between.

    It decides at its first print, by whether that goes to a terminal.
    """
    found = _library()
    if found is None or not os.isatty(1):
        return
    library, stdout = found
    size = getattr(library, "__fbufsize", None)
    if size is None:
        return
    import ctypes  # noqa: PLC0415 -- it is there, see above

    size.argtypes, size.restype = [ctypes.c_void_p], ctypes.c_size_t
    if size(stdout) == 0:
        library.setvbuf(stdout, None, _LINE_BUFFERED, ctypes.c_size_t(0))
