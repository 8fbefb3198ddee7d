"""Looking a run up in the store, from any thread; and why one does not arrive."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from nextmv_autotrack.access import DEFAULT_ENDPOINT
from nextmv_autotrack.errors import StoreError, UnknownRunError
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.whereabouts import Place

if TYPE_CHECKING:
    from nextmv_autotrack.store import StoredRun

LookingFor = Callable[[str], AbstractContextManager[Callable[[], bool]]]
"""Lets a thread have the store open for a run, and says when it is to give up."""


def look(run_id: str, sources: Sources, looking_for: LookingFor) -> StoredRun | None:
    """Return a run as the store has it; None when it is not there, or not yet.

    Raises:
        StoreError: The store cannot be read.
        NotDeliveredError: It is not read any more in this process.
    """
    # Not at the top: sqlite3 takes milliseconds to import, and few ask.
    from nextmv_autotrack.store import Store  # noqa: PLC0415
    from nextmv_autotrack.store.store import DATABASE_NAME  # noqa: PLC0415

    directory = sources.resolve().directory
    try:
        if not (directory / DATABASE_NAME).exists():
            return None  # looking must not leave a folder behind
    except OSError as error:
        raise StoreError(f"{directory} cannot be read: {error}") from error
    with (
        looking_for(run_id) as gives_up,
        Store.open(directory, gives_up=gives_up) as store,
    ):
        try:
            return store.run(run_id)
        except UnknownRunError:
            return None


def place_of(run: StoredRun) -> Place:
    """Return what its users need of a run in the store."""
    from nextmv_autotrack.nextmv_api.console import run_page  # noqa: PLC0415 -- as above

    endpoint, url = run.endpoint or DEFAULT_ENDPOINT, None
    if run.platform_run_id is not None and run.app_id is not None:
        url = run_page(endpoint, run.app_id, run.platform_run_id)
    return Place(run.delivery, run.app_id, endpoint, run.platform_run_id, url)


def why_not(run: StoredRun, sources: Sources) -> str:
    """Say why a run that neither is delivered nor waits does not arrive."""
    if run.delivery is Delivery.REJECTED:
        words = run.damage or run.problem or "nobody said why"
        return f"was rejected, and is kept: {words}; `nextmv-autotrack status` has more"
    if run.delivery is Delivery.DELIVERED:
        return "is on the platform, but its id there cannot be read any more"
    return (
        f"is kept on this machine, and has no platform run id: {_wanted(run, sources)}"
    )


def _wanted(run: StoredRun, sources: Sources) -> str:
    """Say what would have sent a local run."""
    wanted = {
        "an application (NEXTMV_APP_ID, or app_id=...)": run.app_id is None,
        "a key (NEXTMV_API_KEY)": not sources.access().is_open,
    }
    missing = [what for what, is_missing in wanted.items() if is_missing]
    if not missing:
        return "its destination was 'local', or there was no key when it was called"
    return f"set {' and '.join(missing)}, and the next runs are sent"
