"""What an exception says about its run: status, one line, and the traceback."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType
from typing import Any

# The platform takes a short, plain text; where exactly it stops is not documented.
MAX_ERROR_CHARS = 300

# A traceback through a deep recursion of generated code can be endless. Python folds
# repeated frames itself, so this is for the rest; the last part says what happened.
MAX_TRACEBACK_CHARS = 64 * 1024


def is_success(error: BaseException) -> bool:
    """Whether a run that ended with `error` succeeded all the same."""
    if isinstance(error, SystemExit):
        # Python itself exits with 1 for a code of 0.0.
        code = error.code
        return code is None or (isinstance(code, int) and code == 0)
    return isinstance(error, GeneratorExit)


def error_line(error: BaseException) -> str:
    """Return `Type: message` in one short line of plain ASCII."""
    try:
        message = str(error)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 -- a __str__ of the user's, which may even exit
        message = "(its text cannot be had)"
    name = type(error).__qualname__
    return plain_line(f"{name}: {message}" if message else name)


def plain_line(text: str) -> str:
    """Return `text` as one short line of plain ASCII."""
    # A long text is cut before it is split, so that its size costs nothing.
    words = text[: MAX_ERROR_CHARS * 8].split()
    line = " ".join(words).encode("ascii", "backslashreplace").decode("ascii")
    line = "".join(char if char.isprintable() else "?" for char in line)
    return line if len(line) <= MAX_ERROR_CHARS else line[: MAX_ERROR_CHARS - 3] + "..."


def traceback_text(error: BaseException) -> str:
    """Return the traceback of an exception, with causes, groups and notes."""
    try:
        told = traceback.TracebackException(type(error), error, _traceback_of(error))
        text = "".join(told.format())
        text += _notes_before_311(error, text)
    except KeyboardInterrupt:
        raise
    except BaseException as broken:  # noqa: BLE001 -- it runs code of the user's
        return f"(the traceback cannot be had: {type(broken).__qualname__})\n"
    if len(text) <= MAX_TRACEBACK_CHARS:
        return text
    half = MAX_TRACEBACK_CHARS // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n... ({left_out} characters left out)\n{text[-half:]}"


def _notes_before_311(error: BaseException, text: str) -> str:
    """Notes on `error` that `text` lacks: Python 3.10 does not print them.

    Once the backport of exception groups is imported, it does.
    """
    if sys.version_info >= (3, 11):
        return ""
    notes = getattr(error, "__notes__", None)
    told = "".join(f"{note}\n" for note in notes) if isinstance(notes, list) else ""
    return "" if text.endswith(told) else told


def without_our_frame(error: BaseException) -> None:
    """Take the frame of the code that calls this out of the traceback.

    For an `except` that goes on with a bare `raise`. From Python 3.11 on, that raise
    goes on with the traceback of the exception and adds no frame; Python 3.10 goes on
    with a copy from before, so that one frame of ours is seen there.
    """
    # Nor as an attribute: a class of the user's may have one of that name.
    trace: TracebackType | None = _traceback_of(error)
    # Not by assignment: a frozen dataclass that is an exception would refuse it.
    BaseException.with_traceback(error, trace.tb_next if trace is not None else None)


def without_our_frames(error: BaseException) -> None:
    """Take all frames of ours off the begin of the traceback; as above."""
    trace: TracebackType | None = _traceback_of(error)
    while trace is not None and _is_ours(trace):
        trace = trace.tb_next
    BaseException.with_traceback(error, trace)


def _is_ours(trace: TracebackType) -> bool:
    name = trace.tb_frame.f_globals.get("__name__")
    return isinstance(name, str) and name.partition(".")[0] == _OUR_PACKAGE


_OUR_PACKAGE = __name__.partition(".")[0]

_traceback_of: Any = BaseException.__dict__["__traceback__"].__get__
