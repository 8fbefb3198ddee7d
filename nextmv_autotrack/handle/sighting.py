"""A run as the store has it now: where it is, or why it does not arrive.

Imported when somebody asks, and while no fork is under way: a forked child would wait for
ever for a module that a thread of its parent was importing.
"""

from __future__ import annotations

from collections.abc import Callable

from nextmv_autotrack.errors import StoreError, UnknownRunError
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.settings.access import DEFAULT_ENDPOINT
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.store.store import DATABASE_NAME
from nextmv_autotrack.whereabouts import Place


def look(run_id: str, sources: Sources, gives_up: Callable[[], bool]) -> Place | None:
    """Return what the store says of a run; None when it is not there, or not yet.

    Args:
        run_id: Which run.
        sources: Say where the store is.
        gives_up: Tells, while another process writes, not to wait for it.

    Raises:
        StoreError: The store cannot be read.
    """
    directory = sources.resolve().directory
    try:
        if not (directory / DATABASE_NAME).exists():
            return None  # looking must not leave a folder behind
    except OSError as error:
        raise StoreError(f"{directory} cannot be read: {error}") from error
    with Store.open(directory, gives_up=gives_up) as store:
        try:
            run = store.run(run_id)
        except UnknownRunError:
            return None
    return _place_of(run, sources)


def _place_of(run: StoredRun, sources: Sources) -> Place:
    endpoint, url = run.endpoint or DEFAULT_ENDPOINT, None
    if run.platform_run_id is not None and run.app_id is not None:
        # Not at the top: with it comes all that a delivery needs, which takes long.
        from nextmv_autotrack.nextmv_api.console import run_page  # noqa: PLC0415 -- see above

        url = run_page(endpoint, run.app_id, run.platform_run_id)
    return Place(
        run.delivery,
        run.app_id,
        endpoint,
        run.platform_run_id,
        url,
        _why_not(run, sources),
        run.problem,
    )


def _why_not(run: StoredRun, sources: Sources) -> str | None:
    if run.delivery is Delivery.REJECTED:
        words = run.damage or run.problem or "nobody said why"
        return f"was rejected, and is kept: {words}; `nextmv-autotrack status` has more"
    if run.delivery is Delivery.LOCAL:
        wanted = _wanted(run, sources)
        return f"is kept on this machine, and has no platform run id: {wanted}"
    if run.delivery is Delivery.DELIVERED and run.platform_run_id is None:
        return "is on the platform, but its id there cannot be read any more"
    return None


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
