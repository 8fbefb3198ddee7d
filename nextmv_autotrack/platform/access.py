"""Where the platform is, and what opens it, for who has not said all of it."""

from __future__ import annotations

from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.settings import OF_THIS_PROCESS, Sources
from nextmv_autotrack.settings.access import Access


def access(
    *,
    endpoint: str | None = None,
    api_key: str | None = None,
    profile: str | None = None,
    sources: Sources | None = None,
) -> Access:
    """Return what is given, with what the settings of the process say of the rest.

    Raises:
        SettingsError: Nothing opens the platform, or what does so is wrong.
    """
    given = {"endpoint": endpoint, "api_key": api_key, "profile": profile}
    own = {name: value for name, value in given.items() if value is not None}
    for name, value in own.items():
        if not isinstance(value, str):
            # What it is, and not its value: it may be a key all the same.
            raise SettingsError(f"{name} must be a text, not a {type(value).__name__}")
    found = (sources or OF_THIS_PROCESS).access(own)
    if found.problem is not None:
        raise SettingsError(found.problem)
    if not found.is_open:
        message = "there is no API key: set NEXTMV_API_KEY, or give it as api_key=..."
        raise SettingsError(message)
    return found


def default_instance(sources: Sources | None = None) -> str | None:
    """Return the instance that runs belong to when nobody has said so."""
    return (sources or OF_THIS_PROCESS).resolve().instance_id
