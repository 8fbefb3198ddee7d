"""A file that is read as if nobody changed it meanwhile, and says if somebody did."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import BinaryIO

# What is not larger is taken at one stroke, so that it is as long as it was then.
_AT_ONCE_BYTES = 1024 * 1024

CHANGED = "changed while it was packed"
SHORTER = "it got shorter while it was packed; what is missing is zeros"
BROKEN = "it could not be read to its end ({}); what is missing is zeros"


class SteadyFile:
    """A file of `size` bytes, whatever is done to it; `change` says what was.

    Args:
        file: What is read; closed with this.
        look: Called before each read; what it raises passes through.
    """

    def __init__(self, file: BinaryIO, look: Callable[[], None]) -> None:
        self._file, self._look, self._name = file, look, str(file.name)
        self._before = os.fstat(file.fileno())
        self.change: str | None = None
        self.error: OSError | None = None
        """When it is not to be had as it was; zeros stand for the rest."""
        self._whole: bytes | None = None
        self.size = self._before.st_size
        if self.size <= _AT_ONCE_BYTES:
            self._take_whole()

    def _take_whole(self) -> None:
        try:
            self._look()
            self._whole = self._file.read(self.size)
        except BaseException:
            self._file.close()
            raise
        self.size = len(self._whole)

    def read(self, count: int) -> bytes:
        """Return so many bytes, less only at the end of `size`."""
        self._look()
        if self._whole is not None:
            data, self._whole = self._whole[:count], self._whole[count:]
            return data
        try:
            data = b"" if self.error is not None else self._file.read(count)
        except OSError as error:
            data, self.error = b"", error
            self.change = BROKEN.format(error.strerror or type(error).__name__)
        if len(data) < count and self.error is None:
            self.change, self.error = SHORTER, OSError(None, SHORTER, self._name)
        return data.ljust(count, b"\0")

    def close(self) -> None:
        """Close it, after a last look at whether it is still what it was."""
        now = os.fstat(self._file.fileno())
        if (now.st_size, now.st_mtime_ns) != (
            self._before.st_size,
            self._before.st_mtime_ns,
        ):
            self.change = self.change or CHANGED
        self._file.close()
