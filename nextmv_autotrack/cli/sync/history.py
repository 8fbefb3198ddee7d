"""The local history on its way: which runs go, which stay and why, and where they go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice

from nextmv_autotrack.cli.choosing import Choice
from nextmv_autotrack.errors import AutotrackError, PlatformError, SettingsError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.nextmv_api.address import app_path
from nextmv_autotrack.platform.driving import Driver
from nextmv_autotrack.platform.operations import Operations
from nextmv_autotrack.settings.access import Access
from nextmv_autotrack.status import Status
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.store.stored_run import UNKNOWN_NAME

# In one transaction, of some milliseconds: programs that track are not held up.
_AT_ONCE = 500

# Enough for one answer of a platform that is well.
_LEAST_PATIENCE_S = 5.0


class Why(str, Enum):
    """Why a local run stays where it is, as JSON tells it."""

    RUNNING = "running"
    TRIMMED = "trimmed"
    DAMAGED = "damaged"
    WITHOUT_APPLICATION = "without_application"
    UNKNOWN_APPLICATION = "unknown_application"

    @property
    def is_to_be_mended(self) -> bool:
        """Whether somebody has to do something for it to go."""
        return self not in {Why.RUNNING, Why.TRIMMED}


@dataclass
class History:
    """Local runs: those that go, by their application, and how many stay."""

    going: dict[str, list[str]] = field(default_factory=dict)
    """From application to ids."""
    staying: Counter[Why] = field(default_factory=Counter)
    unknown_apps: list[str] = field(default_factory=list)
    """Applications that the platform does not have."""

    @property
    def ids(self) -> list[str]:
        """Those that go, the oldest first."""
        return sorted(run_id for ids in self.going.values() for run_id in ids)

    def without(self, apps: Collection[str]) -> History:
        """Return it with the runs of some applications staying."""
        going = {app: ids for app, ids in self.going.items() if app not in apps}
        staying = self.staying.copy()
        staying[Why.UNKNOWN_APPLICATION] += sum(
            len(ids) for app, ids in self.going.items() if app in apps
        )
        return History(going, +staying, sorted(apps))


def read(store: Store, choice: Choice, app_id: str | None) -> History:
    """Return the local runs that are chosen; `app_id` is for those that have none."""
    found = History()
    for run in filter(choice.has, store.each(choice.selection)):
        app = app_id if run.app_id is None else run.app_id
        why = _why_it_stays(run, app)
        if why is None and app is not None:
            found.going.setdefault(app, []).append(run.id)
        elif why is not None:
            found.staying[why] += 1
    return found


def _why_it_stays(run: StoredRun, app: str | None) -> Why | None:
    is_without_beginning = run.name == UNKNOWN_NAME and run.host is None
    if run.damage is not None or is_without_beginning:
        return Why.DAMAGED
    if run.status is Status.RUNNING:
        return Why.RUNNING
    if run.is_trimmed:
        return Why.TRIMMED
    if app is None:
        return Why.WITHOUT_APPLICATION
    return None if _can_be(app) else Why.UNKNOWN_APPLICATION


def hand_over(
    store: Store,
    history: History,
    *,
    endpoint: str,
    app_id: str | None,
    instance_id: str | None,
) -> None:
    """Let the runs wait for the platform; whoever is killed on the way goes on later."""
    left = iter(history.ids)
    while ids := list(islice(left, _AT_ONCE)):
        store.hand_over(ids, endpoint=endpoint, app_id=app_id, instance_id=instance_id)


def missing_apps(access: Access, apps: Collection[str], timeout_s: float) -> list[str]:
    """Return those applications that the platform does not have.

    Runs of the others can wait then, however little time there is to send them.

    Raises:
        PlatformError: It did not say.
    """
    patience_s = max(timeout_s, _LEAST_PATIENCE_S)
    with closing(Driver(lambda: Client.to(access))) as driver:
        return [
            app
            for app in apps
            if not _can_be(app)
            or not driver.run(Operations(driver.endpoint, app).exists(patience_s))
        ]


def create_apps(access: Access, apps: Collection[str]) -> list[str]:
    """Create those applications that the platform does not have, and return them.

    Raises:
        AutotrackError: One could not be created.
    """
    with closing(Driver(lambda: Client.to(access))) as driver:
        return [app for app in filter(_can_be, apps) if _is_created(driver, app)]


def _is_created(driver: Driver, app: str) -> bool:
    operations = Operations(driver.endpoint, app)
    try:
        return driver.run(operations.create(None, None, exist_ok=True))
    except PlatformError as error:
        raise AutotrackError(f"application {app!r} was not created: {error}") from error


def _can_be(app: str) -> bool:
    """Whether an application can have this id."""
    try:
        app_path(app)
    except SettingsError:
        return False
    return True
