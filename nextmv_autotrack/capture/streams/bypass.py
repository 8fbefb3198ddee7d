"""The way of Python's own prints past the pipe, while the descriptors are redirected.

Each is a line of the run that has printed it, as it is printed. What then leaves the
buffer of the stream, whenever that is, goes straight to where it went before: it is not
taken for what C code prints, and is no line twice.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from functools import partial
from typing import Any


class Bypass:
    """Lets one stream of Python's write past its descriptor."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        buffer: Any = stream.buffer
        self._raw: Any = getattr(buffer, "raw", buffer)
        self._is_unbuffered = buffer is self._raw
        self._ours: partial[int] | None = None
        self._fd: int | None = None

    @classmethod
    def of(cls, stream: object) -> Bypass | None:
        """Return the one of a stream as Python makes them; None for any other."""
        if type(stream) is not io.TextIOWrapper:
            return None
        raw: Any = getattr(stream.buffer, "raw", stream.buffer)
        return cls(stream) if type(raw) is io.FileIO else None

    def around(self, write: Callable[..., Any]) -> Callable[..., Any]:
        """Return what to call in place of the `write` of the stream's buffer."""
        if not self._is_unbuffered:
            return write

        def either(*args: Any, **kwargs: Any) -> Any:
            fd = self._fd
            return write(*args, **kwargs) if fd is None else os.write(fd, *args)

        return either

    def lead_to(self, fd: int | None) -> None:
        """Have the stream write to `fd`; None: to its own descriptor, as always."""
        if fd == self._fd:
            return
        if self._ours is not None and vars(self._raw).get("write") is self._ours:
            del self._raw.write
        self._fd, self._ours = fd, None
        if fd is not None and not self._is_unbuffered:
            # In C from end to end: no signal handler is called in the middle of a write
            # by it, whose own print would meet the buffer in use.
            self._ours = partial(os.write, fd)
            self._raw.write = self._ours
