"""`status`, `retry` and `purge`: what waits, what was rejected and why, and disk use."""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from nextmv_autotrack.cli import home, screen, shapes
from nextmv_autotrack.cli.words import age, counted, number, short_length, size, until
from nextmv_autotrack.journal import Home
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store.accounts import Account
from nextmv_autotrack.store.disk import Usage
from nextmv_autotrack.store.upkeep import Purged

_REJECTED_SHOWN = 10

_DAY_S = 86_400.0

_FINISHED = (Delivery.LOCAL, Delivery.DELIVERED)


def status(given: Namespace) -> int:
    """Print how the runs of this machine are doing on their way."""
    folder = home.directory()
    account, used = _taken_stock(folder)
    journals = _journals(Home(folder))
    if given.json:
        shapes.write(_as_json(folder, account, used._asdict(), journals))
        return 0
    screen.pairs(
        [
            ("folder", home.shown(folder)),
            ("disk", f"{size(used.total)}{_disk(used._asdict())}"),
            ("journals", _journal_words(journals)),
            ("runs", _run_words(account)),
        ]
    )
    _show_platforms(account)
    _show_waiting(account)
    _show_rejected(account)
    return 0


def retry(given: Namespace) -> int:
    """Let rejected runs wait for the platform again."""
    folder = home.directory()
    again = 0
    if given.id or home.is_there(folder):
        with home.store_of(folder) as store:
            ids = [store.run(one).id for one in given.id] or None
            again = store.upkeep.retry(ids)
    if given.json:
        shapes.write({"retried": again})
        return 0
    if not again:
        screen.say("No run was rejected.")
        return 0
    screen.say(
        f"{counted(again, 'run')} will be sent again, by the next program that tracks, "
        "or now: nextmv-autotrack sync"
    )
    return 0


def purge(given: Namespace) -> int:
    """Remove runs that are no longer needed."""
    wanted = [delivery.value for delivery in _FINISHED]
    if given.rejected:
        wanted.append(Delivery.REJECTED.value)
    if given.waiting:
        wanted.append(Delivery.WAITING.value)
    folder, before = home.directory(), time.time() - given.older_than * _DAY_S
    gone = Purged(runs=0, payload_bytes=0)
    if home.is_there(folder):
        with home.store_of(folder) as store:
            gone = store.upkeep.purge(
                before=before, deliveries=wanted, dry_run=given.dry_run
            )
    if given.json:
        shapes.write({**gone._asdict(), "dry_run": given.dry_run})
        return 0
    runs = counted(gone.runs, "run")
    if given.dry_run:
        screen.say(f"{runs} would be removed.")
    else:
        screen.say(f"{runs} removed, and {size(gone.payload_bytes)} of payloads.")
    return 0


def _taken_stock(folder: Path) -> tuple[Account, Usage]:
    if not home.is_there(folder):
        nothing = Account(
            deliveries={}, running=0, waiting=[], rejected=[], trimmed=0, lanes={}
        )
        return nothing, Usage(database=0, payloads=0, journals=0, damaged=0)
    with home.store_of(folder) as store:
        return store.account(), store.upkeep.usage()


def _journals(journals: Home) -> list[dict[str, Any]]:
    return [
        {
            "owner": owner,
            "alive": journals.is_alive(owner),
            "bytes": journals.size_of(owner),
        }
        for owner in journals.owners()
    ]


def _as_json(
    folder: Path,
    account: Account,
    disk: dict[str, int],
    journals: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "directory": str(folder),
        "disk": disk,
        "journals": journals,
        "runs": {
            **{kind.value: account.deliveries.get(kind.value, 0) for kind in Delivery},
            "running": account.running,
            "trimmed": account.trimmed,
        },
        "platforms": [
            {
                "endpoint": endpoint,
                "held_until": lane.held_until,
                "problem": lane.problem,
                "calls_per_second": lane.rate,
            }
            for endpoint, lane in account.lanes.items()
        ],
        "waiting": [
            {"problem": one.text, "runs": one.runs, "due_at": one.due_at}
            for one in account.waiting
        ],
        "rejected": [
            {**shapes.listed(run), "problem": run.problem} for run in account.rejected
        ],
    }


def _disk(used: dict[str, int]) -> str:
    words = ", ".join(f"{name} {size(count)}" for name, count in used.items() if count)
    return f": {words}" if words else ""


def _journal_words(journals: list[dict[str, Any]]) -> str:
    if not journals:
        return "none"
    alive = sum(one["alive"] for one in journals)
    words = f"of {counted(alive, 'living process', 'living processes')}"
    dead = len(journals) - alive
    return f"{words}, of {dead} dead" if dead else words


def _run_words(account: Account) -> str:
    counts = {kind.value: account.deliveries.get(kind.value, 0) for kind in Delivery}
    words = [f"{count} {word}" for word, count in counts.items() if count]
    if account.running:
        words.append(f"{account.running} running")
    if account.trimmed:
        words.append(f"{account.trimmed} without their payloads (max_disk)")
    return ", ".join(words) or "none"


def _show_platforms(account: Account) -> None:
    now = time.time()
    if not account.lanes:
        return
    screen.heading("Platform")
    for endpoint, lane in account.lanes.items():
        words = f"up to {number(round(lane.rate, 1))} calls a second"
        if lane.problem is not None:
            due_at = lane.opens_at(now)
            next_try = f"next try {until(due_at, now)}: " if due_at > now else ""
            words = f"{next_try}{lane.problem}"
        screen.line(f"  {endpoint}  {words}")


def _show_waiting(account: Account) -> None:
    if not account.waiting:
        return
    screen.heading("Waiting")
    now = time.time()
    for one in account.waiting:
        why = one.text or "not sent yet"
        due = f", next try {until(one.due_at, now)}" if one.due_at > now else ""
        screen.line(f"  {counted(one.runs, 'run')}: {why}{due}")
    screen.say("  send them now: nextmv-autotrack sync")


def _show_rejected(account: Account) -> None:
    if not account.rejected:
        return
    screen.heading("Rejected by the platform")
    now = time.time()
    id_length = short_length(run.id for run in account.rejected)
    for run in account.rejected[:_REJECTED_SHOWN]:
        head = f"  {run.id[:id_length]}  {run.name}, {age(run.started_at, now)}"
        screen.line(f"{head}: {run.problem}")
    if len(account.rejected) > _REJECTED_SHOWN:
        screen.say("  and more: nextmv-autotrack status --json")
    screen.say("  send them again: nextmv-autotrack retry")
