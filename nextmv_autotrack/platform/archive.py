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
    for all. A link to a file in the folder is that file; one that leads out of it is
    left out, with a warning.

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
    found, leading_out = {}, []
    for at, folders, names in os.walk(folder, onerror=_raise):
        # A link to a folder is none of the folder's files, wherever it leads.
        folders[:] = [name for name in folders if not Path(at, name).is_symlink()]
        for path in (Path(at, name) for name in names):
            if path.is_symlink() and not path.resolve().is_relative_to(home):
                leading_out.append(path)
            elif path.is_file():
                found[path.relative_to(folder).as_posix()] = path
    if leading_out:
        safely.warn(
            f"{len(leading_out)} links in {folder} are left out, {leading_out[0]} for"
            " one: they lead out of the folder",
            "links that lead out of the folder of a run",
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
