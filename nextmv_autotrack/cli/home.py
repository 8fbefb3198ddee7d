"""Where the command reads: the local store, with all journals moved into it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nextmv_autotrack.cli import streams
from nextmv_autotrack.errors import (
    AutotrackError,
    DamagedStoreError,
    StoreError,
    UnknownRunError,
)
from nextmv_autotrack.journal import Home
from nextmv_autotrack.settings import from_environment
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.sweep import Sweep


def directory() -> Path:
    """Return the folder that the settings name."""
    return from_environment(complain).resolve().directory


@contextmanager
def open_store(folder: Path) -> Iterator[Store]:
    """Open the store of `folder`, up to date as of now.

    What processes have written and not moved yet is moved here, so that a run is seen
    as soon as it has begun. Where that is not possible, for instance because the disk
    is full, the store is read as it is.
    """
    with Store.open_sound(folder, complain=complain) as store:
        problems: list[AutotrackError | OSError] = []
        try:
            problems += Sweep(store, Home(folder)).others()
        except DamagedStoreError:
            raise
        except (StoreError, OSError) as error:
            problems.append(error)
        for problem in problems[:1]:
            complain(f"the newest runs may be missing: {problem}")
        yield store


def catch_up(store: Store, folder: Path) -> None:
    """Move what has been written since the store was opened, where that is possible."""
    with suppress(StoreError, OSError):
        Sweep(store, Home(folder)).others()


def is_there(folder: Path) -> bool:
    """Whether anything has been tracked into this folder: looking leaves none behind.

    Raises:
        StoreError: Something else stands in its place.
    """
    if folder.is_dir():
        return True
    if folder.exists():
        msg = (
            f"{shown(folder)} is no folder, and runs are kept in one: move it, or name "
            "another with NEXTMV_AUTOTRACK_DIRECTORY"
        )
        raise StoreError(msg)
    return False


@contextmanager
def store_of(folder: Path) -> Iterator[Store]:
    """Open the store of a folder that has one already, up to date as of now.

    Raises:
        UnknownRunError: There is none.
        StoreError: Something else stands in its place.
    """
    if not is_there(folder):
        msg = f"there are no runs in {shown(folder)} yet"
        raise UnknownRunError(msg)
    with open_store(folder) as store:
        yield store


def here() -> Path:
    """Return the folder somebody is in; the root when that is gone."""
    try:
        return Path.cwd()
    except OSError:
        return Path("/")


def see_to(damage: DamagedStoreError) -> None:
    """Mend the store that was found to be damaged, or have a new one take its place."""
    Store.set_aside(directory(), damage, complain)


def shown(folder: Path) -> str:
    """Return the folder as people write it."""
    try:
        return str(Path("~") / folder.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(folder)


def complain(message: str) -> None:
    """Tell people what they should know, beside what they have asked for."""
    streams.complain(f"warning: {message}")
