"""Where the key and the endpoint come from: a setting, or a profile."""

from __future__ import annotations

from nextmv_autotrack.cli import home
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.settings.access import DEFAULT_ENDPOINT, Access


def of_the_key(sources: Sources, access: Access) -> str:
    """Return what has set the key; `default` when there is none."""
    if sources.resolve().api_key is not None:
        return sources.origin("api_key")
    if access.login is not None:
        return f"a sign-in by the browser, {_profile(sources, access)}"
    return "default" if access.api_key is None else _profile(sources, access)


def of_the_endpoint(sources: Sources, access: Access) -> str:
    """Return what has set the endpoint; `default` when nothing has."""
    is_set = sources.resolve().endpoint is not None
    if is_set or access.endpoint == DEFAULT_ENDPOINT:
        return sources.origin("endpoint")
    return _profile(sources, access)


def _profile(sources: Sources, access: Access) -> str:
    name = sources.resolve().profile or "default"
    path = home.shown(access.read[0]) if access.read is not None else "no file"
    return f"profile {name} in {path}"
