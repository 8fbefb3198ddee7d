"""`sync`: everything that waits goes to the platform now."""

from __future__ import annotations

from argparse import Namespace

from nextmv_autotrack.cli import home, screen, shapes
from nextmv_autotrack.cli.words import counted
from nextmv_autotrack.clock import SYSTEM_CLOCK
from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.settings import from_environment
from nextmv_autotrack.upload.duties import CHECKED_BYTES
from nextmv_autotrack.upload.foreground import send


def sync(given: Namespace) -> int:
    """Deliver what waits; exit code 0 when nothing is left."""
    sources = from_environment(home.complain)
    settings = sources.resolve()
    access = sources.access()
    if not access.is_open:
        raise SettingsError(access.problem or "no API key is known: set NEXTMV_API_KEY")
    with home.store_of(settings.directory) as store:
        # What damage hides would be left behind without a word.
        store.mend(home.complain, max_bytes=CHECKED_BYTES)
        store.upkeep.try_now(access.endpoint)
        before = store.waiting()
        progress = screen.Progress(before)
        try:
            send(
                store,
                sources,
                SYSTEM_CLOCK,
                timeout_s=given.timeout,
                show=progress.show,
            )
        finally:
            progress.end()
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
