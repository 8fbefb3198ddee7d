"""Standard output and error as the command finds them: closed, full, of few letters."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

_NUMBERS = {"stdout": 1, "stderr": 2}


def make_usable() -> None:
    """Let every write go somewhere, and letters the terminal lacks become escapes."""
    for name, number in _NUMBERS.items():
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _nowhere(number))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def written(stream: TextIO) -> OSError | None:
    """Write what is held back; return what is in its way, if anything.

    Nothing is held back afterwards: Python would complain about it when it exits, with
    an exit code of its own.
    """
    try:
        stream.flush()
    except OSError as error:
        with suppress(OSError):  # it may be no file of the system's
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
        return error
    return None


def complain(message: str) -> None:
    """Print a line where errors go; where that is impossible, nothing is worse for it."""
    with suppress(OSError):
        print(message, file=sys.stderr)  # noqa: T201 -- for people


def _nowhere(number: int) -> TextIO:
    """Return what swallows all that is written.

    It takes the number of the stream that is closed: the next file to be opened would,
    the database for one, and C code and child processes would write into that.
    """
    opened = os.open(os.devnull, os.O_RDWR)
    if opened != number and not _is_open(number):
        os.dup2(opened, number)
        os.close(opened)
        opened = number
    os.set_inheritable(opened, opened == number)
    return open(opened, "w", encoding="utf-8", closefd=False)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
