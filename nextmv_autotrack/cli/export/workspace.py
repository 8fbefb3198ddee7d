"""A folder for what is being made, which does not outlive its process for long."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nextmv_autotrack.journal import try_lock

_PREFIX = "unfinished-"
_LOCK_NAME = "lock"


@contextmanager
def workspace(parent: Path) -> Iterator[Path]:
    """Make a folder in another for the block; remove those of processes that died.

    What is made in it can be renamed to a place beside it.
    """
    for left in parent.glob(f"{_PREFIX}*"):
        _remove_if_nobody_is_at_it(left)
    own = parent / f"{_PREFIX}{secrets.token_hex(8)}"
    own.mkdir()
    try:
        with try_lock(own / _LOCK_NAME):
            yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _remove_if_nobody_is_at_it(folder: Path) -> None:
    lock = folder / _LOCK_NAME
    if not lock.exists():
        return  # it is just being made
    with try_lock(lock) as is_free:
        is_left = is_free
    if is_left:
        shutil.rmtree(folder, ignore_errors=True)
