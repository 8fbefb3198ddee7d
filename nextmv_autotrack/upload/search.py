"""Looking for a run among those that the platform lists, whoever asks for the pages."""

from __future__ import annotations

from collections.abc import Generator

from nextmv_autotrack.errors import AutotrackError
from nextmv_autotrack.nextmv_api.listing import Page
from nextmv_autotrack.nextmv_api.wire import marker

# Clocks drift and are set, and the list may hold what came late.
LOOK_BACK_S = 3600.0

# 25,000 runs, where a list is not sorted by time and all of it has to be looked at.
MAX_PAGES = 500


def search(
    app_id: str, run_id: str, begun_at: float, now: float
) -> Generator[str | None, Page, str | None]:
    """Give the token of each page to look at; return the platform run id, or None.

    The run carries our id in its description.

    Args:
        app_id: Where it was created.
        run_id: Our id of it.
        begun_at: When the platform was asked to create it, by our clock.
        now: What our clock says.

    Raises:
        AutotrackError: There are more runs than can be looked at.
    """
    wanted, token = marker(run_id), None
    times: list[float | None] = []
    for _ in range(MAX_PAGES):
        page = yield token
        for run in page.runs:
            if wanted in run.description:
                return run.id
        times += [run.created_at for run in page.runs]
        token = page.next_token
        if token is None or all_later_ones_are_older(times, begun_at, now):
            return None
    msg = f"application {app_id!r} has too many runs to look for one of them"
    raise AutotrackError(msg)


def all_later_ones_are_older(
    times: list[float | None], begun_at: float, now: float
) -> bool:
    """Whether the list is sorted, newest first, and goes on before the create call."""
    known = [time for time in times if time is not None]
    if not is_sorted(times) or begun_at > now:
        return False  # if our clock was set back, nobody knows how long ago it was
    # Our clock may be years ahead of the platform's; then its newest run tells the time.
    now_there = min(now, known[0])
    return known[-1] < now_there - (now - begun_at) - LOOK_BACK_S


def is_sorted(times: list[float | None]) -> bool:
    """Whether all times are known, and the list is seen to begin with the newest."""
    known = [time for time in times if time is not None]
    return len(known) == len(times) > 1 and known == sorted(known)[::-1]
