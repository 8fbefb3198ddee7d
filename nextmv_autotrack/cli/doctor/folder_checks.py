"""What `doctor` looks at on this machine: store, journals, disk."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from nextmv_autotrack.cli import home
from nextmv_autotrack.cli.doctor.checks import Check, State
from nextmv_autotrack.cli.doctor.leftovers import Leftovers, is_used
from nextmv_autotrack.cli.words import counted, size
from nextmv_autotrack.errors import DamagedStoreError, StoreError
from nextmv_autotrack.settings import Settings
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.disk import Usage

# To look through more of it takes longer than somebody waits.
_MOST_LOOKED_THROUGH = 1_000_000_000

# A machine with less has other worries before long, and a run may be larger.
_LEAST_FREE = 200_000_000

_NEARLY = 0.9

# Over them, locks may not work between machines.
_OF_A_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smbfs", "smb3", "afs", "9p", "sshfs"}
)

_ANOTHER = "or set another NEXTMV_AUTOTRACK_DIRECTORY"


def folder_checks(settings: Settings, left: Leftovers) -> Iterator[Check]:
    """Make the checks in order; no folder is made.

    Args:
        settings: They name the folder.
        left: What its journals held, which is in the store now.
    """
    folder = settings.directory
    if not is_used(folder):
        yield _folder_to_be(folder)
        yield Check("journals", State.OK, "none")
        yield _disk(settings, None)
        return
    try:
        store = Store.open(folder)
    except StoreError as error:
        yield Check("store", State.PROBLEM, str(error), _advice(error))
        yield Check("journals", State.SKIPPED, "there is no store to move them into")
        yield _disk(settings, None)
        return
    with store:
        yield _store(store, folder)
        yield _journals(left)
        yield _disk(settings, store.upkeep.usage())


def _advice(error: StoreError) -> str | None:
    if isinstance(error, DamagedStoreError):
        return (
            "the next program that tracks moves it aside and begins a new one, and so "
            "does nextmv-autotrack list"
        )
    return None  # what it says itself ends with that


def _folder_to_be(folder: Path) -> Check:
    place = _that_exists(folder)
    if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
        text = f"no runs yet; they will be in {home.shown(folder)}"
        return Check("store", State.OK, text)
    text = f"{home.shown(place)} is not writable"
    if place != folder:
        text = f"{home.shown(folder)} cannot be made: {text}"
    return Check("store", State.PROBLEM, text, f"make it writable, {_ANOTHER}")


def _that_exists(folder: Path) -> Path:
    return next(
        (place for place in (folder, *folder.parents) if place.exists()), folder
    )


def _store(store: Store, folder: Path) -> Check:
    try:
        damage = _damage(store)
        account = store.account()
    except StoreError as error:
        return Check("store", State.PROBLEM, str(error), _advice(error))
    if damage is not None:
        advice = "move store.sqlite3 away: a new one begins with what the journals hold"
        return Check("store", State.PROBLEM, f"it is damaged: {damage}", advice)
    counts = account.deliveries
    kinds = {**counts, "running": account.running}
    words = ", ".join(f"{n} {kind}" for kind, n in kinds.items() if n) or "no runs"
    text = f"{home.shown(folder)} is sound: {words}"
    if counts.get(Delivery.REJECTED.value):
        advice = "see why some were rejected: nextmv-autotrack status"
        return Check("store", State.NOTE, text, advice)
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        advice = f"others may read it: chmod 700 {home.shown(folder)}"
        return Check("store", State.NOTE, text, advice)
    return Check("store", State.OK, text)


def _damage(store: Store) -> str | None:
    is_small = store.upkeep.usage().database <= _MOST_LOOKED_THROUGH
    return store.upkeep.damage() if is_small else None


def _journals(left: Leftovers) -> Check:
    if left.failure is not None:
        return Check("journals", State.PROBLEM, left.failure, f"mend it, {_ANOTHER}")
    if left.unreadable:
        journals, first = counted(len(left.unreadable), "journal"), left.unreadable[0]
        return Check(
            "journals",
            State.PROBLEM,
            f"{journals} cannot be read: {first}",
            "upgrade nextmv-autotrack, if a newer version wrote it; or move the file "
            "away: what is in it has not reached the store",
        )
    now = f"{counted(left.alive, 'program')} tracking now" if left.alive else ""
    if left.ended:
        text = (
            f"left by {counted(left.ended, 'program')} that had ended, and moved: "
            f"{counted(left.runs, 'run')}"
        )
        return Check("journals", State.NOTE, f"{text}; {now}" if now else text)
    if not now:
        return Check("journals", State.OK, "none: no program is tracking now")
    return Check("journals", State.OK, f"of {now}; all is moved")


def _disk(settings: Settings, used: Usage | None) -> Check:
    place = _that_exists(settings.directory)
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Check("disk", State.PROBLEM, str(error), f"mend it, {_ANOTHER}")
    total = used.total if used is not None else 0
    text = f"{size(total)} used of {size(settings.max_disk)}, {size(free)} free"
    if free < _LEAST_FREE:
        advice = f"make room: nextmv-autotrack purge --older-than 30, {_ANOTHER}"
        return Check("disk", State.PROBLEM, text, advice)
    if total > _NEARLY * settings.max_disk:
        advice = (
            "inputs and outputs of the oldest runs go soon: raise max_disk, or "
            "nextmv-autotrack purge --older-than 30"
        )
        return Check("disk", State.NOTE, text, advice)
    if (kind := _filesystem(place)) in _OF_A_NETWORK:
        advice = f"locks may fail between machines: use a local disk, {_ANOTHER}"
        return Check("disk", State.NOTE, f"{text}; it is of kind {kind}", advice)
    return Check("disk", State.OK, text)


def _filesystem(place: Path) -> str | None:
    import psutil  # noqa: PLC0415 -- milliseconds to import, and only asked here

    mounts = {
        Path(one.mountpoint): one.fstype for one in psutil.disk_partitions(all=True)
    }
    place = place.resolve()
    return next((mounts[at] for at in (place, *place.parents) if at in mounts), None)
