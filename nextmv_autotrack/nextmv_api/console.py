"""Where people look at runs: the pages of the platform's console."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

# The console is the API's host without its first word.
_API = re.compile(r"^api\.", re.IGNORECASE)


def run_page(endpoint: str, app_id: str, platform_run_id: str) -> str:
    """Return the address of a run's page.

    Example:
        >>> run_page("https://api.cloud.nextmv.io", "routing", "latest-1")
        'https://cloud.nextmv.io/app/routing/run/latest-1?view=details'
    """
    parts = urlsplit(endpoint)
    place = _API.sub("", parts.netloc.rpartition("@")[2])
    app, run = (
        quote(one, safe="", errors="replace") for one in (app_id, platform_run_id)
    )
    return f"{parts.scheme}://{place}/app/{app}/run/{run}?view=details"
