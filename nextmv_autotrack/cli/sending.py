"""`sync`: what waits, and the local history if asked for, goes to the platform now."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from nextmv_autotrack.access import Access
from nextmv_autotrack.cli import choosing, history, home, screen, shapes
from nextmv_autotrack.cli.history import History, Why
from nextmv_autotrack.cli.progress_bar import Show, bar
from nextmv_autotrack.cli.shipment import Amount, Pace, Shipment, progress_line
from nextmv_autotrack.cli.words import counted, size
from nextmv_autotrack.clock import SYSTEM_CLOCK, Clock
from nextmv_autotrack.errors import PlatformError, SettingsError
from nextmv_autotrack.run import Delivery
from nextmv_autotrack.settings import Settings, Sources, from_environment
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.accounts import Problem
from nextmv_autotrack.upload.duties import CHECKED_BYTES
from nextmv_autotrack.upload.foreground import send

# Often enough to look live; where looking takes long, it takes this share of the time.
_SHOW_S = 0.2
_SHOW_SHARE = 0.05

# For what is only asked to say more of what went wrong.
_ASIDE_S = 5.0

_WHY = {
    Why.RUNNING: "still running",
    Why.TRIMMED: "inputs and outputs have been dropped (max_disk, max_age_days)",
    Why.DAMAGED: "damaged in the store",
    Why.WITHOUT_APPLICATION: "of no application: name one with --app-id, or set "
    "NEXTMV_APP_ID",
    Why.UNKNOWN_APPLICATION: "the platform does not have their application",
}


@dataclass
class _Report:
    """How it went."""

    sent: Amount
    waiting: int = 0
    rejected: int = 0
    problems: list[Problem] = field(default_factory=list)
    """Why runs wait."""
    staying: Counter[Why] = field(default_factory=Counter)
    created: list[str] = field(default_factory=list)
    unknown_apps: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        is_left = any(why.is_to_be_mended for why in self.staying)
        return 1 if self.waiting or self.rejected or is_left else 0


def sync(given: Namespace) -> int:
    """Deliver what waits, and local runs; exit code 0 when all that can go is there."""
    sources = from_environment(home.complain)
    settings, access = sources.resolve(), sources.access()
    if not (access.is_open or given.dry_run):
        raise SettingsError(access.problem or "no API key is known: set NEXTMV_API_KEY")
    with home.store_of(settings.directory) as store:
        if given.dry_run:
            report = _foreseen(store, access, _history(given, store, settings))
        else:
            # What damage hides would be left behind without a word.
            store.mend(home.complain, max_bytes=CHECKED_BYTES)
            report = _sent(given, store, sources, access)
    if given.json:
        shapes.write(_as_json(report, given))
    else:
        _tell(report, given)
    return report.exit_code


def _history(given: Namespace, store: Store, settings: Settings) -> History:
    if not given.local:
        return History()
    return history.read(store, choosing.choice(given), given.app_id or settings.app_id)


def _foreseen(store: Store, access: Access, local: History) -> _Report:
    """Return how it would go if nothing went wrong."""
    sizes = store.sizes([*store.waiting_ids(access.endpoint or None), *local.ids])
    amount = Amount(len(sizes), sum(sizes.values()))
    return _Report(amount, staying=local.staying)


def _sent(given: Namespace, store: Store, sources: Sources, access: Access) -> _Report:
    settings = sources.resolve()
    local, created = _history(given, store, settings), []
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
        app_id=given.app_id or settings.app_id,
        instance_id=settings.instance_id,
    )
    store.upkeep.try_now(access.endpoint)
    shipment = Shipment(store, access.endpoint)
    _send(given, store, sources, shipment)
    account = store.account()
    report = _Report(
        shipment.those(Delivery.DELIVERED),
        account.deliveries.get("waiting", 0),
        shipment.those(Delivery.REJECTED).runs,
        account.waiting,
        local.staying,
        created,
        local.unknown_apps,
    )
    if report.waiting and not given.create:
        report.unknown_apps += _unknown_to(store, access, local.unknown_apps)
    return report


def _send(given: Namespace, store: Store, sources: Sources, shipment: Shipment) -> None:
    with bar(is_wanted=not given.json and shipment.whole.runs > 0) as show:
        watch = None if show is None else _Watch(store, shipment, show, SYSTEM_CLOCK)
        send(
            store,
            sources,
            SYSTEM_CLOCK,
            timeout_s=given.timeout,
            show=lambda _: None if watch is None else watch.look(),
        )


class _Watch:
    """Looks now and then how far a shipment is, and shows it."""

    def __init__(
        self, store: Store, shipment: Shipment, show: Show, clock: Clock
    ) -> None:
        self._store, self._shipment = store, shipment
        self._show, self._clock = show, clock
        self._pace = Pace()
        self._look_at = 0.0

    def look(self) -> None:
        """Show how far it is, unless that was shown a moment ago."""
        now_s = self._clock.steady()
        if now_s < self._look_at:
            return
        whole, left = self._shipment.whole, self._shipment.left()
        lane = self._store.lane(self._shipment.endpoint)
        left_s = self._pace.left_s(now_s, left.runs)
        words = progress_line(whole, left, lane, self._clock.wall(), left_s)
        self._show(1 - left.runs / whole.runs, words)
        took_s = self._clock.steady() - now_s
        self._look_at = now_s + max(_SHOW_S, took_s / _SHOW_SHARE)


def _unknown_to(store: Store, access: Access, known: list[str]) -> list[str]:
    """Return which applications of waiting runs are missing, as far as that is told."""
    if store.lane(access.endpoint).problem is not None:
        return []  # it answers nobody now
    apps = [app for app in store.waiting_apps(access.endpoint) if app not in known]
    try:
        return history.missing_apps(access, apps, _ASIDE_S)
    except PlatformError:
        return []  # what keeps runs from being sent has been told


def _as_json(report: _Report, given: Namespace) -> dict[str, Any]:
    return {
        "sent": report.sent.runs,
        "waiting": report.waiting,
        "rejected": report.rejected,
        "bytes": report.sent.bytes,
        "left_out": {why.value: report.staying[why] for why in Why},
        "created": report.created,
        "dry_run": given.dry_run,
    }


def _tell(report: _Report, given: Namespace) -> None:
    for app in report.created:
        screen.line(f"Application {app} created.")
    screen.say(_summary(report, given))
    for one in report.problems:
        screen.line(f"  {counted(one.runs, 'run')}: {one.text or 'not sent yet'}")
    for why, runs in report.staying.items():
        screen.line(f"  {counted(runs, 'local run')} left out: {_WHY[why]}")
    for app in report.unknown_apps:
        screen.line(
            f"  the platform does not have application {app!r}: mend the id, or have it "
            "made with --create"
        )


def _summary(report: _Report, given: Namespace) -> str:
    runs = counted(report.sent.runs, "run")
    if given.dry_run:
        return f"{runs} would be sent, {size(report.sent.bytes)}."
    if not (report.sent.runs or report.waiting or report.rejected):
        return "Nothing waits."
    words = [f"{runs} sent"]
    if report.rejected:
        words.append(f"{report.rejected} rejected (see nextmv-autotrack status)")
    if report.waiting:
        words.append(f"{counted(report.waiting, 'run')} left")
    return ", ".join(words) + (":" if report.problems else ".")
