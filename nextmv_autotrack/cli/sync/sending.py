"""`sync`: what waits, and the local history if asked for, goes to the platform now."""

from __future__ import annotations

from argparse import Namespace
from contextlib import suppress

from nextmv_autotrack.cli import choosing, home, shapes, streams
from nextmv_autotrack.cli.sync import history
from nextmv_autotrack.cli.sync.history import History
from nextmv_autotrack.cli.sync.progress_bar import bar
from nextmv_autotrack.cli.sync.report import Report
from nextmv_autotrack.cli.sync.shipment import Amount, Shipment, Watch
from nextmv_autotrack.cli.words import counted
from nextmv_autotrack.clock import SYSTEM_CLOCK
from nextmv_autotrack.errors import PlatformError, SettingsError, StoreError
from nextmv_autotrack.nextmv_api.address import app_path
from nextmv_autotrack.settings import Settings, Sources, from_environment
from nextmv_autotrack.settings.access import Access
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import Store
from nextmv_autotrack.upload.duties import CHECKED_BYTES
from nextmv_autotrack.upload.foreground import send

# For what is only asked to say more of what went wrong, or might.
_ASIDE_S = 5.0


def sync(given: Namespace) -> int:
    """Deliver what waits, and local runs; exit code 0 when all that can go is there."""
    sources = from_environment(home.complain)
    settings, access = sources.resolve(), sources.access()
    if not (access.is_open or given.dry_run):
        raise SettingsError(access.problem or "no API key is known: set NEXTMV_API_KEY")
    report = Report(sent=Amount(0, 0), is_dry_run=given.dry_run)
    if home.is_there(settings.directory):
        with home.store_of(settings.directory) as store:
            report = _reported(given, store, sources, access)
    if given.json:
        shapes.write(report.as_json())
    else:
        report.tell()
    return report.exit_code


def _reported(
    given: Namespace, store: Store, sources: Sources, access: Access
) -> Report:
    if given.dry_run:
        local = _history(given, store, _app_id(given, sources.resolve()))
        return _foreseen(given, store, access, local)
    # What damage hides would be left behind without a word.
    store.mend(home.complain, max_bytes=CHECKED_BYTES)
    try:
        return _synced(given, store, sources, access)
    except KeyboardInterrupt:
        _say_what_is_left(store, access.endpoint)
        raise


def _say_what_is_left(store: Store, endpoint: str) -> None:
    """Local runs may wait by now, which nobody would expect of what was broken off."""
    with suppress(StoreError):
        if left := len(store.waiting_ids(endpoint)):
            streams.complain(
                f"{counted(left, 'run is', 'runs are')} left; the next sync, or any "
                f"program that tracks, sends {'it' if left == 1 else 'them'}"
            )


def _history(given: Namespace, store: Store, app_id: str | None) -> History:
    if not given.local:
        return History()
    wanted = choosing.choice(given)
    found = history.read(store, wanted, app_id)
    if not (found.ids or found.staying) and (words := wanted.unknown_metric(store, [])):
        home.complain(words)
    return found


def _app_id(given: Namespace, settings: Settings) -> str | None:
    """Return where local runs go that have no application.

    Raises:
        SettingsError: It is not the id of one.
    """
    app_id: str | None = given.app_id or settings.app_id
    if given.local and app_id is not None:
        app_path(app_id)
    return app_id


def _foreseen(given: Namespace, store: Store, access: Access, local: History) -> Report:
    """Return how it would go if nothing went wrong."""
    missing, unchecked = _missing(access, local)
    if not given.create:
        local = local.without(missing)
    sizes = store.sizes([*store.waiting_ids(access.endpoint or None), *local.ids])
    return Report(
        sent=Amount(len(sizes), sum(sizes.values())),
        is_dry_run=True,
        staying=local.staying,
        created=missing if given.create else [],
        unknown_apps=[*local.unknown_apps],
        unchecked=unchecked,
    )


def _missing(access: Access, local: History) -> tuple[list[str], str | None]:
    """Return the applications that are missing, or why that is not known."""
    if not local.going:
        return [], None
    if not access.is_open:
        return [], access.problem or "no API key is known"
    try:
        return history.missing_apps(access, sorted(local.going), _ASIDE_S), None
    except PlatformError as error:
        return [], str(error)


def _synced(given: Namespace, store: Store, sources: Sources, access: Access) -> Report:
    local, created = _joined(given, store, sources.resolve(), access)
    store.upkeep.try_now(access.endpoint)
    shipment = Shipment(store, access.endpoint)
    _send(given, store, sources, shipment)
    report = _outcome(store, shipment, local)
    report.created = created
    if report.waiting and not given.create:
        report.unknown_apps += _unknown_to(store, access, local.unknown_apps)
    return report


def _joined(
    given: Namespace, store: Store, settings: Settings, access: Access
) -> tuple[History, list[str]]:
    """Let local runs wait, and return them with the applications made for them."""
    app_id = _app_id(given, settings)
    local, created = _history(given, store, app_id), []
    if given.create:
        apps = {*local.going, *store.waiting_apps(access.endpoint)}
        created = history.create_apps(access, sorted(apps))
    elif local.going:
        missing = history.missing_apps(access, sorted(local.going), given.timeout)
        local = local.without(missing)
    history.hand_over(
        store,
        local,
        endpoint=access.endpoint,
        app_id=app_id,
        instance_id=settings.instance_id,
    )
    return local, created


def _send(given: Namespace, store: Store, sources: Sources, shipment: Shipment) -> None:
    with bar(is_wanted=not given.json and shipment.whole.runs > 0) as show:
        watch = None if show is None else Watch(store, shipment, show, SYSTEM_CLOCK)
        send(
            store,
            sources,
            SYSTEM_CLOCK,
            timeout_s=given.timeout,
            show=lambda _: None if watch is None else watch.look(),
        )


def _outcome(store: Store, shipment: Shipment, local: History) -> Report:
    account = store.account()
    waiting = account.deliveries.get(Delivery.WAITING.value, 0)
    rejected = shipment.those(Delivery.REJECTED).runs
    return Report(
        sent=shipment.those(Delivery.DELIVERED),
        rejected=rejected,
        rejected_before=max(
            0, account.deliveries.get(Delivery.REJECTED.value, 0) - rejected
        ),
        waiting=waiting,
        # Others may have joined in between.
        elsewhere=max(0, waiting - len(store.waiting_ids(shipment.endpoint))),
        problems=account.waiting,
        staying=local.staying,
        unknown_apps=[*local.unknown_apps],
    )


def _unknown_to(store: Store, access: Access, known: list[str]) -> list[str]:
    """Return which applications of waiting runs are missing, as far as that is told."""
    if store.lane(access.endpoint).problem is not None:
        return []  # it answers nobody now
    apps = [app for app in store.waiting_apps(access.endpoint) if app not in known]
    try:
        return history.missing_apps(access, apps, _ASIDE_S)
    except PlatformError:
        return []  # what keeps runs from being sent has been told
