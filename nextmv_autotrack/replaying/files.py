"""An input that is the files of a folder: unpacked for a function that is to read them."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from nextmv_autotrack.capture.aside import watch_of
from nextmv_autotrack.capture.folders import INPUT_DIR, folder_for
from nextmv_autotrack.capture.installed import recorder
from nextmv_autotrack.encode.unpacking import unpack
from nextmv_autotrack.errors import ReplayError


@dataclass(frozen=True)
class Files:
    """The files of a folder, as an input."""

    archive: bytes

    @contextmanager
    def unpacked(self) -> Iterator[Path]:
        """Have them in a folder for as long as the block lasts.

        Raises:
            ReplayError: They cannot be unpacked.
        """
        with TemporaryDirectory(
            prefix="nextmv-autotrack-", ignore_cleanup_errors=True
        ) as folder:
            try:
                unpack(BytesIO(self.archive), Path(folder))
            except (OSError, ValueError) as error:
                raise ReplayError(f"its files cannot be unpacked: {error}") from error
            yield Path(folder)


def check_reads(
    function: Callable[..., Any],
    args: list[Any],
    kwargs: Mapping[str, Any],
    folder: Path,
) -> None:
    """Raise a ReplayError when a call would read another folder than it is given."""
    watch = watch_of(function)
    given = recorder().sources.resolve(watch.own if watch else None).input_dir
    if given is None:
        return
    if inspect.ismethod(function):
        args = [function.__self__, *args]
    found = folder_for(INPUT_DIR, given, tuple(args), kwargs)
    if found is None or Path(os.fsdecode(cast("str", found))) != folder:
        name = getattr(function, "__qualname__", "the function")
        raise ReplayError(
            f"its input was the files of a folder, and {name} reads those of {found}, "
            "whatever it is given (input_dir): replay a function that takes the folder"
        )
