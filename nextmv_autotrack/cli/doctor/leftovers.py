"""What `doctor` finds in journals: moved into the store before anybody counts its runs."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from nextmv_autotrack.errors import JournalError, StoreError
from nextmv_autotrack.journal import Home
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.store import DATABASE_NAME
from nextmv_autotrack.store.sweep import Sweep


class Leftovers(NamedTuple):
    """What became of the journals, and what waits now that they are moved."""

    alive: int = 0
    """Programs that are tracking."""
    ended: int = 0
    """Programs whose journals were moved: they had not done so themselves."""
    runs: int = 0
    """Of those that had ended."""
    unreadable: tuple[JournalError, ...] = ()
    """Why journals could not be moved, one by one."""
    failure: str | None = None
    """Why none could be moved any more."""
    waiting: int = 0
    """Runs that wait for the platform, as far as that can be read."""


def is_used(folder: Path) -> bool:
    """Whether it has runs, or something that is wrong."""
    try:
        if not folder.exists():
            return False
        return (folder / DATABASE_NAME).exists() or bool(Home(folder).owners())
    except OSError:
        return True


def moved(folder: Path) -> Leftovers:
    """Move all journals into the store; a folder that is not used stays as it is."""
    if not is_used(folder):
        return Leftovers()
    try:
        store = Store.open(folder)
    except StoreError:
        # Whoever looks at the store says so.
        return Leftovers()
    with store:
        try:
            return _moved(store, Home(folder))
        except (StoreError, OSError) as error:
            return Leftovers(failure=str(error))


def _moved(store: Store, journals: Home) -> Leftovers:
    sweep, owners = Sweep(store, journals), journals.owners()
    alive = [owner for owner in owners if journals.is_alive(owner)]
    # In this order: what is counted then is only of those that have ended.
    unreadable = [problem for owner in alive for problem in sweep.owner(owner)]
    before = _ended_runs(store)
    dead = [owner for owner in owners if owner not in alive]
    unreadable += [problem for owner in dead for problem in sweep.owner(owner)]
    return Leftovers(
        alive=len(alive),
        ended=len({*dead} - {*journals.owners()}),
        runs=_ended_runs(store) - before,
        unreadable=tuple(unreadable),
        waiting=store.waiting(),
    )


def _ended_runs(store: Store) -> int:
    return sum(store.account().deliveries.values())
