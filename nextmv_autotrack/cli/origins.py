"""Where settings come from; key and endpoint may be a profile's."""

from __future__ import annotations

from pathlib import Path

from nextmv_autotrack.cli import home
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.settings.access import DEFAULT_ENDPOINT, Access


def of_setting(sources: Sources, name: str) -> str:
    """Return what has set it, shortly where that is a file of the user's."""
    words = sources.origin(name)
    setting, found, path = words.partition(" in ")
    return f"{setting} in {home.shown(Path(path))}" if found else words


def of_the_key(sources: Sources, access: Access) -> str:
    """Return what has set the key; `default` when there is none."""
    if sources.resolve().api_key is not None:
        return of_setting(sources, "api_key")
    if access.login is not None:
        return f"a sign-in by the browser, {_profile(sources, access)}"
    return "default" if access.api_key is None else _profile(sources, access)


def of_the_endpoint(sources: Sources, access: Access) -> str:
    """Return what has set the endpoint; `default` when nothing has."""
    is_set = sources.resolve().endpoint is not None
    if is_set or access.endpoint == DEFAULT_ENDPOINT:
        return of_setting(sources, "endpoint")
    return _profile(sources, access)


def _profile(sources: Sources, access: Access) -> str:
    name = sources.resolve().profile or "default"
    path = home.shown(access.read[0]) if access.read is not None else "no file"
    return f"profile {name} in {path}"
