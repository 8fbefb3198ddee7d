"""`open`: the page of a run in the browser."""

from __future__ import annotations

import webbrowser
from argparse import Namespace

from nextmv_autotrack.cli import home, screen, shapes
from nextmv_autotrack.errors import AutotrackError
from nextmv_autotrack.nextmv_api.console import run_page
from nextmv_autotrack.settings.access import DEFAULT_ENDPOINT
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import StoredRun

_ADVICE = {
    Delivery.LOCAL: "it is kept on this machine only: nextmv-autotrack show {id}",
    Delivery.WAITING: "it still waits to be sent: nextmv-autotrack sync",
    Delivery.REJECTED: "the platform has rejected it: nextmv-autotrack status",
}


def open_page(given: Namespace) -> int:
    """Open the page of a delivered run; where there is no browser, print its address."""
    with home.store_of(home.directory()) as store:
        address = _address(store.run(given.id))
    is_opened = not given.print and _browse(address)
    if given.json:
        shapes.write({"url": address, "opened": is_opened})
    else:
        screen.say(address)
    return 0


def _address(run: StoredRun) -> str:
    if run.platform_run_id is None or run.app_id is None:
        advice = _ADVICE.get(run.delivery, _ADVICE[Delivery.LOCAL]).format(id=run.id)
        raise AutotrackError(f"run {run.id} has no page on the platform; {advice}")
    return run_page(run.endpoint or DEFAULT_ENDPOINT, run.app_id, run.platform_run_id)


def _browse(address: str) -> bool:
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
