"""A folder as one archive: the same files give the same bytes, wherever and whenever."""

from __future__ import annotations

import gzip
import os
import tarfile
from pathlib import Path

from nextmv_autotrack import safely
from nextmv_autotrack.errors import InvalidRunError

# Anyone may read it, nobody else may change it: what most files have.
_MODE = 0o644


def pack_folder(folder: Path, archive: Path, *, field: str) -> None:
    """Write the files of a folder, and of the folders in it, into a `.tar.gz`.

    Names are relative to the folder and sorted; times, owners and rights are the same
    for all. A link to a file in the folder is that file. Other links, and what is no
    file at all, are left out, with a warning.

    Raises:
        InvalidRunError: A file cannot be read; `field` says which field it is of.
    """
    try:
        with (
            archive.open("wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name, path in _files(folder):
                _add(tar, name, path)
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"{field} cannot be packed: {error.filename or folder}: {reason}"
        raise InvalidRunError(message, field=field) from error


def _files(folder: Path) -> list[tuple[str, Path]]:
    home = folder.resolve()
    found, left_out = {}, []
    for at, folders, names in os.walk(folder, onerror=_raise):
        # `os.walk` does not follow them: it might never come back.
        left_out += [path for name in folders if (path := Path(at, name)).is_symlink()]
        for path in (Path(at, name) for name in names):
            if path.is_file() and path.resolve().is_relative_to(home):
                found[path.relative_to(folder).as_posix()] = path
            else:
                left_out.append(path)
    if left_out:
        safely.warn(
            f"{len(left_out)} files in {folder} are left out, {left_out[0]} for one: they"
            " are links that lead to a folder, out of this one or nowhere, or no files"
            " at all",
            "what is left out of the folder of a run",
        )
    return sorted(found.items())


def _raise(error: OSError) -> None:
    raise error


def _add(tar: tarfile.TarFile, name: str, path: Path) -> None:
    info = tarfile.TarInfo(name)
    info.mode = _MODE
    with path.open("rb") as file:
        info.size = os.fstat(file.fileno()).st_size
        tar.addfile(info, file)
