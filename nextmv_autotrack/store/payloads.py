"""Payloads by what they contain: small ones in the database, large ones in files."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, NamedTuple, TypeVar

from nextmv_autotrack.encode.formats import HEAD_BYTES, Format, format_of
from nextmv_autotrack.errors import StoreError
from nextmv_autotrack.journal import make_private_folder, remove_older
from nextmv_autotrack.store.faults import ContradictionError

# Up to about here SQLite reads and writes a value faster than the system opens a file.
INLINE_BYTES = 32 * 1024

# What is read at once of a file that is checked; others may go on meanwhile.
_READ_BYTES = 1024 * 1024

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)

_T = TypeVar("_T")

_DIGEST_SIZE = 64
_DIGEST_LETTERS = frozenset("0123456789abcdef")


class Payload(NamedTuple):
    """Where a payload lies: in memory, or in a file."""

    size: int
    path: Path | None
    content: bytes | None

    @property
    def format(self) -> Format:
        """What it is."""
        with self.opened() as file:
            return format_of(file.read(HEAD_BYTES))

    def opened(self) -> BinaryIO:
        """Return it as a file to be read."""
        if self.path is None:
            return BytesIO(self.content or b"")
        try:
            return self.path.open("rb")
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror}") from error


class PayloadRow(NamedTuple):
    """A payload as the database keeps it."""

    digest: str
    size: int
    content: bytes | None


class Payloads:
    """The payloads of a store; equal ones are kept once."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder

    def keep(self, content: bytes) -> PayloadRow:
        """Return the row for `content`; what is large is in its file by then."""
        digest = sha256(content).hexdigest()
        if len(content) <= INLINE_BYTES:
            return PayloadRow(digest, len(content), content)
        self._write(self._path(digest), content)
        return PayloadRow(digest, len(content), None)

    def find(self, digest: str) -> Payload:
        """Say where a payload lies."""
        found = self._connection.execute(
            "SELECT size, content FROM payloads WHERE digest = ?", (digest,)
        ).fetchone()
        if found is None:
            raise ContradictionError(f"it has no payload {digest}")
        size, content = found
        if content is not None:
            return _inline(digest, content)
        path = self._path(digest)
        if _size(path) != size:
            # The machine may have gone down before the file was on its disk.
            raise StoreError(f"{path} is missing or damaged: its payload is lost")
        return Payload(size, path, None)

    def find_whole(self, digest: str) -> Payload:
        """Say where a payload lies that is as it was recorded, to the last byte.

        A file that is not is moved aside: the next equal payload is written anew then.
        """
        found = self.find(digest)
        if found.path is not None and _digest_of(found.path) != digest:
            aside = _aside(found.path)
            found.path.replace(aside)
            raise StoreError(
                f"{aside} is not what was recorded: it was damaged on the disk"
            )
        return found

    def read(self, digest: str) -> bytes:
        """Return a payload."""
        found = self.find(digest)
        if found.content is not None:
            return found.content
        return self._path(digest).read_bytes()

    def remove_file(self, digest: str) -> bool:
        """Remove a payload's file; return whether it is gone."""
        try:
            for path in (self._path(digest), _aside(self._path(digest))):
                path.unlink(missing_ok=True)
        except PermissionError:
            # Windows has it stay while somebody reads it.
            return False
        return True

    def remove_unfinished(self, *, written_before: float) -> None:
        """Remove what processes have left that were killed while they wrote it."""
        remove_older(self._folder / "unfinished", "", written_before)

    def has_files(self, rows: Iterable[PayloadRow]) -> bool:
        """Whether the files of these payloads are all there."""
        return all(
            row.content is not None or _size(self._path(row.digest)) == row.size
            for row in rows
        )

    def _path(self, digest: str) -> Path:
        # A database that somebody tampered with must not lead out of the folder.
        if not is_digest(digest):
            raise StoreError(f"{digest!r} is not the digest of a payload")
        return self._folder / digest[:2] / f"{digest}.json"

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file that has its name only once it is complete."""
        if _size(path) == len(content):
            return
        # All in one folder: what a killed process leaves behind is found there.
        unfinished = self._folder / "unfinished" / token_hex(16)
        fd = _in_folder(unfinished, lambda: os.open(unfinished, _NEW_FILE, 0o600))
        try:
            try:
                _write_all(fd, content)
            finally:
                os.close(fd)
            _in_folder(path, lambda: unfinished.replace(path))
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise


def is_digest(value: object) -> bool:
    """Whether this can be the digest of a payload."""
    return (
        isinstance(value, str)
        and len(value) == _DIGEST_SIZE
        and _DIGEST_LETTERS.issuperset(value)
    )


def _inline(digest: str, kept: object) -> Payload:
    # Damage may have made a text of it.
    content = kept.encode() if isinstance(kept, str) else kept
    if not isinstance(content, bytes) or sha256(content).hexdigest() != digest:
        raise ContradictionError(f"payload {digest} is not what was recorded")
    return Payload(len(content), None, content)


def _digest_of(path: Path) -> str:
    found = sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_READ_BYTES):
            found.update(chunk)
    return found.hexdigest()


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.damaged")


def _in_folder(path: Path, make: Callable[[], _T]) -> _T:
    """Make a file, and its folder only when that turns out to be missing.

    Whatever asks the system lets go of the interpreter, and has to get it back.
    """
    try:
        return make()
    except FileNotFoundError:
        make_private_folder(path.parent)
        return make()


def _write_all(fd: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(fd, left) :]


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
