"""Where the platform is, and what opens it, for who has not said all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

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
    """Return what is given, with what the settings of the process say of the rest now.

    The environment and the files are read again: in a session that goes on for days,
    somebody has mended them since.

    Raises:
        SettingsError: Nothing opens the platform, or what does so is wrong.
    """
    given = {"endpoint": endpoint, "api_key": api_key, "profile": profile}
    own = {name: text for name, value in given.items() if (text := _said(name, value))}
    found = _found(sources or OF_THIS_PROCESS, own)
    if found.problem is not None:
        raise SettingsError(found.problem)
    if not found.is_open:
        message = "there is no API key: set NEXTMV_API_KEY, or give it as api_key=..."
        raise SettingsError(message)
    if "api_key" in own:
        # Whoever gives a key has that one, and no other, in mind.
        return found
    return replace(found, found_again=partial(_found, sources or OF_THIS_PROCESS, own))


def _said(name: str, value: object) -> str:
    """What is given; nothing for an empty text, as of a variable that is not set."""
    if value is None or isinstance(value, str):
        return (value or "").strip()
    # What it is, and not its value: it may be a key all the same.
    raise SettingsError(f"{name} must be a text, not a {type(value).__name__}")


def _found(sources: Sources, own: Mapping[str, Any]) -> Access:
    sources.reread()
    return sources.access(own)


def default_instance(sources: Sources | None = None) -> str | None:
    """Return the instance that runs belong to when nobody has said so."""
    return (sources or OF_THIS_PROCESS).resolve().instance_id
