"""`config`: each setting, its value, and where that comes from."""

from __future__ import annotations

import re
from argparse import Namespace
from dataclasses import fields
from pathlib import Path
from typing import Any

from nextmv_autotrack.cli import home, origins, screen, shapes, tables
from nextmv_autotrack.cli.words import NOTHING
from nextmv_autotrack.settings import Settings, Sources, from_environment
from nextmv_autotrack.settings.access import Access

_HEADS = ("SETTING", "VALUE", "FROM")

_KEY, _ENDPOINT = "api_key", "endpoint"


def config(given: Namespace) -> int:
    """Print the settings as they are here; never the key, only whether it is set."""
    sources = from_environment(home.complain)
    settings = sources.resolve()
    names = [field.name for field in fields(Settings)]
    if given.json:
        shapes.write({name: _as_json(settings, sources, name) for name in names})
        return 0
    rows = [
        (name, _in_words(settings, sources, name), _origin(sources, name))
        for name in names
    ]
    if tables.fits(_HEADS, rows):
        tables.table(_HEADS, rows)
    else:
        screen.pairs([pair for row in rows for pair in _below_each_other(*row)])
    screen.say()
    screen.hanging("", where_runs_go(settings, sources.access()))
    return 0


def _below_each_other(name: str, value: str, origin: str) -> list[tuple[str, str]]:
    """Half of an address or a path is of no use where a terminal is narrow."""
    return [(name, value), *([] if origin == "default" else [("", f"from {origin}")])]


def where_runs_go(settings: Settings, access: Access) -> str:
    """Return in words what becomes of a run with these settings."""
    if not settings.enabled:
        return "Nothing is tracked: enabled is false."
    if settings.destination == "local":
        return "Runs stay on this machine: destination is local."
    missing = [
        words
        for words, is_there in (
            ("a key (NEXTMV_API_KEY)", access.is_open),
            ("an application (NEXTMV_APP_ID)", settings.app_id is not None),
        )
        if not is_there
    ]
    if missing and (settings.destination == "auto" or settings.app_id is None):
        return f"Runs stay on this machine; to send them, set {' and '.join(missing)}."
    problem = access.problem or (missing and f"there is no key: set {missing[0]}")
    if problem or not access.endpoint:
        return f"Runs wait on this machine: {problem or 'the endpoint is no address'}."
    return f"Runs go to application {settings.app_id} at {access.endpoint}."


def _as_json(settings: Settings, sources: Sources, name: str) -> dict[str, Any]:
    value = getattr(settings, name)
    if isinstance(value, tuple):
        value = [*map(_item, value)]
    shown: dict[str, Any] = {"value": str(value) if isinstance(value, Path) else value}
    if name == _ENDPOINT:
        shown = {"value": sources.access().endpoint}
    if name == _KEY:
        shown = {"is_set": sources.access().is_open}
    return {**shown, "from": _origin(sources, name)}


def _in_words(settings: Settings, sources: Sources, name: str) -> str:
    value = getattr(settings, name)
    if name == _ENDPOINT:
        value = sources.access().endpoint
    if name == _KEY:
        return "set" if sources.access().is_open else "not set"
    if isinstance(value, tuple):
        return ", ".join(map(_item, value)) or NOTHING
    if isinstance(value, (int, float)):
        return _number_in_words(value)
    if isinstance(value, Path):
        return home.shown(value)
    return NOTHING if value is None else str(value) or "wrong"


def _item(value: str | re.Pattern[str]) -> str:
    """Outside of code there are names and expressions, and no callables."""
    return value if isinstance(value, str) else f"re:{value.pattern}"


def _number_in_words(value: float) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _origin(sources: Sources, name: str) -> str:
    if name == _KEY:
        return origins.of_the_key(sources, sources.access())
    if name == _ENDPOINT:
        return origins.of_the_endpoint(sources, sources.access())
    return origins.of_setting(sources, name)
