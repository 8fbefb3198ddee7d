"""A folder as one archive: the same files give the same bytes, wherever and whenever."""

from __future__ import annotations

import gzip
import math
import os
import stat
import tarfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, NamedTuple

from nextmv_autotrack.encode.inside import IS_NO_FILE, Inside, Parts
from nextmv_autotrack.encode.steady_file import SteadyFile

# Anyone may read it, nobody else may change it: what most files have.
_MODE = 0o644

# The model waits for it: level 9 takes eight times as long, for a tenth less.
_LEVEL = 1

# Tables of numbers get a third to a tenth as large. A folder that is larger than this
# many times the bound is not begun with: a hole of a terabyte takes an hour to read.
_MOST_TIMES_SMALLER = 20

# A hundred thousand files take a second to find. Nobody means a whole disk.
MAX_FILES = 100_000

IS_LINK = "a link that leads to a folder, out of this one or nowhere"
IS_NO_UTF_8 = "its name is not UTF-8"


class NotPackedError(Exception):
    """The folder is beyond a bound; the text says which."""


class FolderTooLargeError(NotPackedError):
    """The archive would be larger than allowed, or there are too many files."""


class FolderTooSlowError(NotPackedError):
    """To find and to read the files takes longer than allowed."""


class LeftOut(NamedTuple):
    """What is not in the archive, or not as it was."""

    path: Path
    why: str
    error: OSError | None = None
    """When it could not be read, or not to its end."""


class Packed(NamedTuple):
    """What has become of a folder."""

    files: int
    """How many are in the archive."""
    left_out: list[LeftOut]
    changed: list[LeftOut]
    """What is in the archive, but was changed while it was read."""


class _Found(NamedTuple):
    parts: Parts
    size: int


def pack(
    folder: Path,
    archive: BinaryIO,
    *,
    max_bytes: float = math.inf,
    max_s: float = math.inf,
    now_ns: Callable[[], int] = time.monotonic_ns,
) -> Packed:
    """Write the files of a folder, and of the folders in it, as a `.tar.gz`.

    Names are relative to the folder and sorted; times, owners and rights are the same
    for all. A link to a file in the folder is that file. Other links, what is no file at
    all and what cannot be read are left out. A file that gets shorter while it is read
    is filled up with zeros. No large file is in memory as a whole.

    Raises:
        OSError: The folder cannot be read.
        FolderTooLargeError: The archive would have more than `max_bytes`.
        FolderTooSlowError: It takes longer than `max_s`.
    """
    look = _Watch(max_s, now_ns).look
    with closing(Inside(folder)) as inside:
        found, left_out = _Search(folder, inside, look).files()
        size = sum(one.size for one in found.values())
        if size > _MOST_TIMES_SMALLER * max_bytes:
            raise FolderTooLargeError(
                f"its files have {size:,} bytes, more than {_MOST_TIMES_SMALLER} times "
                f"{max_bytes:,} bytes (max_payload)"
            )
        bounded, changed, count = _Bounded(archive, max_bytes, size), [], 0
        with (
            gzip.GzipFile("", "wb", _LEVEL, fileobj=bounded, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name in sorted(found):
                try:
                    file = SteadyFile(inside.file(found[name].parts), look)
                except OSError as error:
                    left_out.append(LeftOut(folder / name, _reason(error), error))
                    continue
                with closing(file):
                    _add(tar, name, file)
                count += 1
                if file.change is not None:
                    changed.append(LeftOut(folder / name, file.change, file.error))
    return Packed(count, left_out, changed)


class _Watch:
    """Says when the time for packing is up."""

    def __init__(self, max_s: float, now_ns: Callable[[], int]) -> None:
        self._max_s, self._now_ns = max_s, now_ns
        self._until_ns = now_ns() + max_s * 1e9

    def look(self) -> None:
        if self._now_ns() > self._until_ns:
            raise FolderTooSlowError(
                f"to pack it takes more than {self._max_s} seconds"
            )


class _Bounded:
    """A file that takes so many bytes and no more."""

    def __init__(self, file: BinaryIO, max_bytes: float, size: int) -> None:
        self._file, self._bytes_left = file, max_bytes
        self._max_bytes, self._size = max_bytes, size

    def write(self, data: bytes) -> int:
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            raise FolderTooLargeError(
                f"packed, it has more than {self._max_bytes:,} bytes (max_payload); "
                f"its files have {self._size:,}"
            )
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _add(tar: tarfile.TarFile, name: str, file: SteadyFile) -> None:
    info = tarfile.TarInfo(name)
    info.mode = _MODE
    info.size = file.size
    tar.addfile(info, file)  # type: ignore[arg-type]  # it is only read


class _Search:
    """Finds the files of a folder, by their names in the archive."""

    def __init__(self, folder: Path, inside: Inside, look: Callable[[], None]) -> None:
        self._folder, self._inside, self._look = folder, inside, look
        self._found: dict[str, _Found] = {}
        self._left_out: list[LeftOut] = []

    def files(self) -> tuple[dict[str, _Found], list[LeftOut]]:
        """Return them, and what is none."""
        waiting: list[Parts] = [()]
        while waiting:
            parts = waiting.pop()
            try:
                waiting += self._folders_in(parts)
            except OSError as error:
                if not parts:
                    raise
                self._leave_out(parts, _reason(error), error)
        return self._found, sorted(self._left_out, key=lambda one: one.path)

    def _folders_in(self, parts: Parts) -> list[Parts]:
        below: list[Parts] = []
        with self._inside.entries(parts) as entries:
            for entry in entries:
                self._look()
                if self._is_folder(entry, (*parts, entry.name)):
                    below.append((*parts, entry.name))
                count = len(self._found) + len(self._left_out)
                if count > MAX_FILES or len(below) > MAX_FILES:
                    raise FolderTooLargeError(
                        f"it has more than {MAX_FILES:,} files; "
                        f"{count:,} were found before the search was given up"
                    )
        return below

    def _is_folder(self, entry: os.DirEntry[str], parts: Parts) -> bool:
        """Return whether an entry is one; if not, note what it is."""
        if not _is_utf_8(entry.name):
            self._leave_out(parts, IS_NO_UTF_8)
            return False
        try:
            if entry.is_symlink() or _is_junction(entry):
                self._take_link(parts)
            elif entry.is_dir(follow_symlinks=False):
                return True
            elif entry.is_file(follow_symlinks=False):
                size = entry.stat(follow_symlinks=False).st_size
                self._found["/".join(parts)] = _Found(parts, size)
            else:
                self._leave_out(parts, IS_NO_FILE)
        except OSError as error:
            self._leave_out(parts, _reason(error), error)
        return False

    def _take_link(self, parts: Parts) -> None:
        """Note the file in the folder that a link leads to."""
        try:
            target = self._folder.joinpath(*parts).resolve(strict=True)
            about = target.stat()
        except (OSError, RuntimeError):  # nowhere, or in a circle
            self._leave_out(parts, IS_LINK)
            return
        target_parts = self._inside.parts_of(target)
        if target_parts and stat.S_ISREG(about.st_mode):
            self._found["/".join(parts)] = _Found(target_parts, about.st_size)
        else:
            self._leave_out(parts, IS_LINK)

    def _leave_out(self, parts: Parts, why: str, error: OSError | None = None) -> None:
        self._left_out.append(LeftOut(self._folder.joinpath(*parts), why, error))


def _is_utf_8(name: str) -> bool:
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _is_junction(entry: os.DirEntry[str]) -> bool:
    # Windows has links to folders that are none by that name; older Pythons see folders.
    is_one = getattr(entry, "is_junction", None)
    return bool(is_one and is_one())


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
