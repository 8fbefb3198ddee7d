"""A folder of a `TrackedRun` as one archive."""

from __future__ import annotations

from pathlib import Path

from nextmv_autotrack import safely
from nextmv_autotrack.encode.folder import LeftOut, pack
from nextmv_autotrack.errors import InvalidRunError


def pack_folder(folder: Path, archive: Path, *, field: str) -> None:
    """Write the files of a folder, and of the folders in it, into a `.tar.gz`.

    See `encode.folder`. What is left out is told by a warning.

    Raises:
        InvalidRunError: A file cannot be read; `field` says which field it is of.
    """
    try:
        with archive.open("wb") as file:
            _, left_out, changed = pack(folder, file)
        for one in (*left_out, *changed):
            if one.error is not None:
                raise one.error
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"{field} cannot be packed: {error.filename or folder}: {reason}"
        raise InvalidRunError(message, field=field) from error
    if left_out:
        _warn(folder, left_out)


def _warn(folder: Path, left_out: list[LeftOut]) -> None:
    safely.warn(
        f"{len(left_out)} files in {folder} are left out, {left_out[0].path} for one: they"
        " are links that lead to a folder, out of this one or nowhere, no files at all, or"
        " have names that are not UTF-8",
        "what is left out of the folder of a run",
    )
