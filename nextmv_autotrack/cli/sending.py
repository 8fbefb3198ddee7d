"""`sync`: everything that waits goes to the platform now."""

from __future__ import annotations

import os
import secrets
import threading
from argparse import Namespace

from nextmv_autotrack.cli import home, screen, shapes
from nextmv_autotrack.cli.words import counted
from nextmv_autotrack.clock import SYSTEM_CLOCK
from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.journal import Home
from nextmv_autotrack.settings import Sources, from_environment
from nextmv_autotrack.store import Store
from nextmv_autotrack.upload.deliveries import Deliveries

# Whatever comes back wakes it; this is for what other processes settle meanwhile.
_LOOK_S = 0.5


def sync(given: Namespace) -> int:
    """Deliver what waits; exit code 0 when nothing is left."""
    sources = from_environment(home.complain)
    settings = sources.resolve()
    if settings.api_key is None:
        raise SettingsError("no API key is known: set NEXTMV_API_KEY")
    with home.store_of(settings.directory) as store:
        store.upkeep.try_now(settings.endpoint)
        before = store.waiting()
        _send(store, sources, given.timeout)
        account = store.account()
    left = account.deliveries.get("waiting", 0)
    if given.json:
        shapes.write({"sent": before - left, "waiting": left})
        return 1 if left else 0
    screen.say(_words(before, left))
    for one in account.waiting:
        screen.line(f"  {counted(one.runs, 'run')}: {one.text or 'not sent yet'}")
    return 1 if left else 0


def _words(before: int, left: int) -> str:
    if not before:
        return "Nothing waits."
    if not left:
        return f"{counted(before, 'run')} sent."
    return f"{counted(before - left, 'run')} sent, {counted(left, 'run')} left:"


def _send(store: Store, sources: Sources, timeout_s: float) -> None:
    """Send until nothing is left that can be sent in the time there is."""
    settings, clock = sources.resolve(), SYSTEM_CLOCK
    owner = f"{os.getpid()}-sync-{secrets.token_hex(6)}"
    journals = Home(settings.directory)
    alive_fd = journals.enter(owner)
    deliveries = Deliveries(owner, family=owner, sources=sources, clock=clock)
    came_back = threading.Event()
    deliveries.wake = came_back.set
    deadline_s = clock.steady() + timeout_s
    progress = screen.Progress(store.waiting())
    try:
        deliveries.man()
        while clock.steady() < deadline_s:
            came_back.clear()
            next_s = deliveries.go_on(store)
            left = store.waiting()
            progress.show(left)
            if not left or (not deliveries.is_busy and next_s > deadline_s):
                break
            wait_s = min(next_s, clock.steady() + _LOOK_S, deadline_s) - clock.steady()
            came_back.wait(max(0.0, wait_s))
        _settle_the_rest(store, deliveries, came_back)
    finally:
        progress.end()
        deliveries.rest()
        os.close(alive_fd)
        journals.leave(owner)


def _settle_the_rest(
    store: Store, deliveries: Deliveries, came_back: threading.Event
) -> None:
    """Wait for what is on its way: it is nobody else's as long as we live."""
    while deliveries.is_busy:
        came_back.clear()
        deliveries.go_on(store, take_more=False)
        if deliveries.is_busy:
            came_back.wait(_LOOK_S)
