"""A folder as one archive: the same files give the same bytes, wherever and whenever."""

from __future__ import annotations

import gzip
import math
import os
import stat
import tarfile
from pathlib import Path
from typing import BinaryIO, NamedTuple

# Anyone may read it, nobody else may change it: what most files have.
_MODE = 0o644

# The model waits for it: level 9 takes eight times as long, for a tenth less.
_LEVEL = 1

# Tables of numbers get a third to a tenth as large. A folder that is larger than this
# many times the bound is not begun with: a hole of a terabyte takes an hour to read.
_MOST_TIMES_SMALLER = 20

# A hundred thousand files take a second to find. Nobody means a whole disk.
MAX_FILES = 100_000

# Nobody's pipe is waited for, and no link followed, that has taken a file's place.
_FLAGS = os.O_RDONLY
for _name in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY"):
    _FLAGS |= getattr(os, _name, 0)

IS_LINK = "a link that leads to a folder, out of this one or nowhere"
IS_NO_FILE = "no file"
IS_NO_UTF_8 = "its name is not UTF-8"


class FolderTooLargeError(Exception):
    """The archive would be larger than allowed, or there are too many files."""


class LeftOut(NamedTuple):
    """What is not in the archive."""

    path: Path
    why: str
    error: OSError | None = None
    """When it could not be read."""


class Packed(NamedTuple):
    """What has become of a folder."""

    files: int
    """How many are in the archive."""
    left_out: list[LeftOut]


class _Found(NamedTuple):
    path: Path
    size: int


def pack(folder: Path, archive: BinaryIO, *, max_bytes: float = math.inf) -> Packed:
    """Write the files of a folder, and of the folders in it, as a `.tar.gz`.

    Names are relative to the folder and sorted; times, owners and rights are the same
    for all. A link to a file in the folder is that file. Other links, what is no file at
    all and what cannot be read are left out. No file is in memory as a whole.

    Raises:
        OSError: The folder cannot be read, or a file changed while it was.
        FolderTooLargeError: The archive would have more than `max_bytes`.
    """
    found, left_out = _files(folder)
    if sum(one.size for one in found.values()) > _MOST_TIMES_SMALLER * max_bytes:
        raise FolderTooLargeError
    bounded, count = _Bounded(archive, max_bytes), 0
    with (
        gzip.GzipFile("", "wb", _LEVEL, fileobj=bounded, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in sorted(found):
            path = found[name].path
            try:
                file = _opened(path)
            except OSError as error:
                left_out.append(LeftOut(path, _reason(error), error))
                continue
            with file:
                _add(tar, name, file)
            count += 1
    return Packed(count, left_out)


class _Bounded:
    """A file that takes so many bytes and no more."""

    def __init__(self, file: BinaryIO, max_bytes: float) -> None:
        self._file, self._bytes_left = file, max_bytes

    def write(self, data: bytes) -> int:
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            raise FolderTooLargeError
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _add(tar: tarfile.TarFile, name: str, file: BinaryIO) -> None:
    info = tarfile.TarInfo(name)
    info.mode = _MODE
    # What is written to it from now on is not in it; when it gets shorter, that fails.
    info.size = os.fstat(file.fileno()).st_size
    tar.addfile(info, file)


def _opened(path: Path) -> BinaryIO:
    fd = os.open(path, _FLAGS)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return os.fdopen(fd, "rb")
    os.close(fd)
    raise OSError(None, IS_NO_FILE, str(path))


def _files(folder: Path) -> tuple[dict[str, _Found], list[LeftOut]]:
    """Return the files by their names in the archive, and what is none."""
    home = folder.resolve()
    found: dict[str, _Found] = {}
    left_out: list[LeftOut] = []
    waiting = [folder]
    while waiting:
        at = waiting.pop()
        try:
            entries = _listed(at)
        except OSError as error:
            if at is folder:
                raise
            left_out.append(LeftOut(at, _reason(error), error))
            continue
        for entry in entries:
            path = Path(entry.path)
            seen = _seen(entry, path, home)
            if seen is None:
                waiting.append(path)
            elif isinstance(seen, LeftOut):
                left_out.append(seen)
            else:
                found[path.relative_to(folder).as_posix()] = seen
        if len(found) + len(left_out) > MAX_FILES:
            raise FolderTooLargeError
    return found, sorted(left_out, key=lambda one: one.path)


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        listed = []
        for entry in entries:
            listed.append(entry)
            if len(listed) > MAX_FILES:
                raise FolderTooLargeError
        return listed


def _seen(entry: os.DirEntry[str], path: Path, home: Path) -> _Found | LeftOut | None:
    """Return the file that an entry is, or why it is none; None for a folder."""
    if not _is_utf_8(entry.name):
        return LeftOut(path, IS_NO_UTF_8)
    try:
        if entry.is_symlink() or _is_junction(entry):
            return _linked(path, home)
        if entry.is_dir(follow_symlinks=False):
            return None
        if not entry.is_file(follow_symlinks=False):
            return LeftOut(path, IS_NO_FILE)
        return _Found(path, entry.stat(follow_symlinks=False).st_size)
    except OSError as error:
        return LeftOut(path, _reason(error), error)


def _is_utf_8(name: str) -> bool:
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _is_junction(entry: os.DirEntry[str]) -> bool:
    # Windows has links to folders that are none by that name; older Pythons see folders.
    is_one = getattr(entry, "is_junction", None)
    return bool(is_one and is_one())


def _linked(path: Path, home: Path) -> _Found | LeftOut:
    """Return the file in the folder that a link leads to."""
    try:
        target = path.resolve(strict=True)
        about = target.stat()
    except (OSError, RuntimeError):  # nowhere, or in a circle
        return LeftOut(path, IS_LINK)
    if stat.S_ISREG(about.st_mode) and target.is_relative_to(home):
        return _Found(target, about.st_size)
    return LeftOut(path, IS_LINK)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
