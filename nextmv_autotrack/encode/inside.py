"""Opening what is in a folder and nothing else, whatever becomes a link meanwhile."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# Nobody's pipe is waited for, and no link followed, that has taken a file's place.
_FLAGS = os.O_RDONLY
for _name in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY"):
    _FLAGS |= getattr(os, _name, 0)

# A folder that is opened can be looked into without going by its path again.
_HAS_FOLDERS_OPEN = (
    hasattr(os, "O_DIRECTORY") and os.open in os.supports_dir_fd
) and os.scandir in os.supports_fd

IS_NO_FILE = "no file"
HAS_MOVED = "it is not in the folder any more"

Parts = tuple[str, ...]
"""The names from the folder down to what is in it."""


class Inside:
    """A folder that is open: what is in it is reached from there, part by part."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._home = Path(os.path.realpath(folder))
        self._fd = _opened_folder(str(folder), None) if _HAS_FOLDERS_OPEN else None

    def close(self) -> None:
        """Let it go."""
        if self._fd is not None:
            os.close(self._fd)

    def parts_of(self, target: Path) -> Parts | None:
        """Return how a path without links is reached from the folder, if it is in it."""
        if not target.is_relative_to(self._home):
            return None
        return target.relative_to(self._home).parts

    @contextmanager
    def entries(self, parts: Parts) -> Iterator[Iterator[os.DirEntry[str]]]:
        """List a folder in it. What the entries say holds until the end of the block."""
        with self._folder_at(parts) as fd:
            if fd is None and parts:
                self._check_is_home(self._path(parts))
            with os.scandir(self._path(parts) if fd is None else fd) as found:
                yield found

    def file(self, parts: Parts) -> BinaryIO:
        """Open a file in it."""
        with self._folder_at(parts[:-1]) as folder_fd:
            name = self._path(parts) if folder_fd is None else parts[-1]
            fd = os.open(name, _FLAGS, dir_fd=folder_fd)
        try:
            about, path = os.fstat(fd), self._path(parts)
            _check_is_file(about, path)
            if folder_fd is None:
                self._check_is_home(path, about)
            return os.fdopen(fd, "rb")
        except BaseException:
            os.close(fd)
            raise

    def _path(self, parts: Parts) -> Path:
        return self._folder.joinpath(*parts)

    @contextmanager
    def _folder_at(self, parts: Parts) -> Iterator[int | None]:
        """Open a folder in it, no part of whose way is a link; None: not done here."""
        if self._fd is None:
            yield None
            return
        fd = os.dup(self._fd)
        try:
            for part in parts:
                below = _opened_folder(part, fd, os.O_NOFOLLOW)
                os.close(fd)
                fd = below
            yield fd
        finally:
            os.close(fd)

    def _check_is_home(self, path: Path, about: os.stat_result | None = None) -> None:
        """Raise when a path leads out of it, or elsewhere than to what was opened."""
        real = path.resolve(strict=True)
        is_here = real.is_relative_to(self._home)
        if is_here and about is not None:
            is_here = os.path.samestat(real.lstat(), about)
        if not is_here:
            raise OSError(None, HAS_MOVED, str(path))


def _check_is_file(about: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise OSError(None, IS_NO_FILE, str(path))


def _opened_folder(name: str, at: int | None, flags: int = 0) -> int:
    flags |= os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    return os.open(name, flags, dir_fd=at)
