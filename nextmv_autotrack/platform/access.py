"""Where the platform is, and what opens it, for who has not said all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
    sources = sources or _of_this_process()
    found = _found(sources, own)
    if found.problem is not None:
        raise SettingsError(found.problem)
    if not found.is_open:
        message = "there is no API key: set NEXTMV_API_KEY, or give it as api_key=..."
        raise SettingsError(message)
    if "api_key" in own:
        # Whoever gives a key has that one, and no other, in mind.
        return found
    return replace(found, found_again=partial(_found, sources, own))


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
    return (sources or _of_this_process()).resolve().instance_id


_in_place: list[Sources] = []


def _of_this_process() -> Sources:
    return _in_place[-1] if _in_place else OF_THIS_PROCESS


@contextmanager
def in_place_of_the_usual(sources: Sources) -> Iterator[None]:
    """Let other sources be those of the process, for its clients, within the block."""
    _in_place.append(sources)
    try:
        yield
    finally:
        _in_place.remove(sources)
