"""Runs that others may have sent: what the platform lists is read once for all of them."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field

from nextmv_autotrack.errors import AutotrackError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.nextmv_api.listing import Page
from nextmv_autotrack.nextmv_api.wire import marked
from nextmv_autotrack.store import StoredRun
from nextmv_autotrack.upload.search import (
    MAX_PAGES,
    all_later_ones_are_older,
    is_sorted,
)
from nextmv_autotrack.upload.submission import Waiting, look_for


@dataclass
class _List:
    """What is known of the runs of an application."""

    places: dict[str, str] = field(default_factory=dict)
    """From our id to the platform run id."""
    seen: set[str] = field(default_factory=set)
    """Platform run ids."""
    since: float = math.inf
    """All that were created later, and before it was last read, are in it."""

    number: int = 0
    """Of when reading it last began, among all lists."""

    def take(self, page: Page) -> None:
        """Add what is on a page."""
        for run in page.runs:
            self.seen.add(run.id)
            for run_id in marked(run.description):
                self.places.setdefault(run_id, run.id)


class Seen:
    """The runs seen on the platform so far, for any thread to look in.

    A history that was exported is looked for run by run while it is sent: without this,
    each look would read all that was sent before it.
    """

    def __init__(self) -> None:
        self._lists: dict[tuple[str | None, str], _List] = {}
        # Held while a list is read: others need what it brings.
        self._lock = threading.Lock()
        self._begun = 0

    def look_for(
        self, client: Client, run: StoredRun, waiting: Waiting, now: float
    ) -> str | None:
        """Return the platform run id of a run that may be there already, or None.

        Args:
            client: Lists the runs.
            run: As the store has it.
            waiting: As it would be sent.
            now: What our clock says.

        Raises:
            PlatformError: The platform did not list its runs.
            AutotrackError: There are more of them than can be looked at.
        """
        begun_at, exported_at = run.create_begun_at, run.exported_at
        if begun_at is not None:
            # Our own call may have come late, and its run be behind what was seen.
            since = min(begun_at, begun_at if exported_at is None else exported_at)
            return look_for(client, waiting, since, now)
        since = run.started_at if exported_at is None else exported_at
        asked = self._begun
        with self._lock:
            place = run.endpoint, waiting.app_id
            known = self._lists.setdefault(place, _List())
            # What was begun after we asked, while we waited for another, is for us, too.
            if known.number <= asked or since < known.since:
                self._begun += 1
                number = self._begun
                _read(client, waiting.app_id, known, since, now)
                known.number = number
            return known.places.get(waiting.id)


def _read(client: Client, app_id: str, known: _List, since: float, now: float) -> None:
    """Read what is new in a list, or all since a time that was not asked for yet."""
    is_asked_for_more = since < known.since
    found = _List()
    times: list[float | None] = []
    token = None
    for _ in range(MAX_PAGES):
        page = client.runs(app_id, token)
        is_met = any(run.id in known.seen for run in page.runs)
        found.take(page)
        times += [run.created_at for run in page.runs]
        token = page.next_token
        is_joined = is_met and not is_asked_for_more and is_sorted(times)
        if token is None or is_joined or all_later_ones_are_older(times, since, now):
            # Not before: what is behind the pages read so far would be taken for read.
            known.seen |= found.seen
            known.places |= found.places
            known.since = min(since, known.since)
            return
    msg = f"application {app_id!r} has too many runs to look for one of them"
    raise AutotrackError(msg)
