"""Archives of folders read back: what is in them, and the files themselves."""

from __future__ import annotations

import shutil
import tarfile
import zlib
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, NamedTuple

import orjson

from nextmv_autotrack.encode.formats import format_of

# What is read at once of a file in it.
_CHUNK_BYTES = 1024 * 1024


class PackedFile(NamedTuple):
    """A file in an archive."""

    name: str
    """Relative, with `/` between its parts."""
    size: int


def document(body: bytes) -> Any:
    """Return a payload as Python values; of an archive, what tells its files.

    Raises:
        ValueError: It is damaged.
    """
    if format_of(body) == "multi-file":
        return {"files": digests(BytesIO(body))}
    return orjson.loads(body)


def listed(archive: BinaryIO) -> list[PackedFile]:
    """Return what is in an archive.

    Raises:
        ValueError: It is damaged.
    """
    return [PackedFile(member.name, member.size) for member, _ in _members(archive)]


def digests(archive: BinaryIO) -> dict[str, str]:
    """Return the SHA-256 of each file in an archive, by its name.

    Raises:
        ValueError: It is damaged.
    """
    found = {}
    for member, content in _members(archive):
        digest = sha256()
        while chunk := content.read(_CHUNK_BYTES):
            digest.update(chunk)
        found[member.name] = digest.hexdigest()
    return found


def unpack(archive: BinaryIO, folder: Path) -> None:
    """Write the files of an archive into a folder, which is made if it is not there.

    Whatever the archive says: nothing is written beside the folder, and no links.

    Raises:
        ValueError: It is damaged.
        OSError: A file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for member, content in _members(archive):
        path = folder / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            shutil.copyfileobj(content, file, _CHUNK_BYTES)


def _members(archive: BinaryIO) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    """Yield the files of an archive, each to be read before the next."""
    try:
        with tarfile.open(fileobj=archive, mode="r|gz") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or not _stays_inside(member.name):
                    raise ValueError(f"it holds {member.name!r}, which is none of ours")
                yield member, content
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ValueError(f"it is damaged: {error}") from error


def _stays_inside(name: str) -> bool:
    parts = PurePosixPath(name)
    # Windows takes more than one sign for the end of a folder's name, or of a disk's.
    is_plain = Path(name).as_posix() == name and not Path(name).drive
    return is_plain and not parts.is_absolute() and ".." not in parts.parts
