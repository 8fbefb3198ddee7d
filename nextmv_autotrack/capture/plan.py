"""The settings of one tracked thing, made ready so that a call only reads them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from nextmv_autotrack import safely
from nextmv_autotrack.encode import to_json
from nextmv_autotrack.encode.discreet import Discreet
from nextmv_autotrack.redact import Rules
from nextmv_autotrack.settings import Settings
from nextmv_autotrack.settings.access import Access
from nextmv_autotrack.status import Delivery

Text = str | Callable[..., Any] | None


class Plan:
    """What holds for every call until a setting changes."""

    __slots__ = (
        "about",
        "about_all",
        "discreet",
        "enabled",
        "has_folders",
        "is_simple",
        "json",
        "log_level",
        "max_log",
        "max_log_head",
        "max_payload",
        "name",
        "redact_told",
        "resources",
        "sample",
        "says_more",
        "settings",
        "streams",
        "sync",
        "takes_result_itself",
        "version",
    )

    def __init__(
        self,
        settings: Settings,
        version: object,
        name: str,
        access: Callable[[], Access],
    ) -> None:
        self.version = version
        """Of the settings it was made from."""
        self.settings = settings
        # What every call reads, one step away.
        self.enabled = settings.enabled
        self.max_payload = settings.max_payload
        self.max_log = settings.max_log
        self.max_log_head = settings.max_log // 2
        """Bytes of a log that are written at once; of the rest, the last are kept."""
        self.sync = settings.sync
        self.resources = settings.resources
        self.sample = settings.sample
        self.streams = None if settings.streams == "off" else settings.streams
        """What of the printed output is recorded; None: nothing."""
        self.log_level = _log_level(settings.logs)
        self.is_simple = (
            not settings.options
            and all(
                given is None or isinstance(given, str)
                for given in (settings.name, settings.input, settings.description)
            )
            and settings.input is None
        )
        """Nothing about a run is computed from its arguments."""
        self.has_folders = not (settings.input_dir is settings.output_dir is None)
        """Whether files are the input or the output."""
        self.says_more = self.has_folders or not self.is_simple
        """Whether a call is looked at for more than its input."""
        rules = Rules.of(settings.redact)
        self.discreet = Discreet(rules, settings.max_payload)
        self.json = self.discreet.json
        """Writes values down, without what is named a secret."""
        told = rules.told()
        self.redact_told = "," + _members({"redact": told}) if told else ""
        """What each record says of the rules, for whoever moves it; mostly nothing."""
        self.takes_result_itself = settings.metrics is None and settings.output is None
        self.name = settings.name if isinstance(settings.name, str) else name
        """How the run is listed, unless a setting computes it."""
        where = delivery(settings, access)
        self.about = _members(
            {
                "host": host_name(),
                "delivery": where,
                "app_id": settings.app_id,
                "instance_id": settings.instance_id,
                "redact": told,
                # None where it is wrong, or was not looked up for a local run: whoever
                # knows the right one sends the run.
                "endpoint": (
                    settings.endpoint if where is Delivery.LOCAL else access().endpoint
                )
                or None,
            }
        )
        """What is the same in the begin record of every run."""
        fixed = settings.description
        fixed = fixed if isinstance(fixed, str) else None
        self.about_all = f"{self.about},{described(self.name, fixed)}"
        """The same with name and description, for calls that compute neither."""


# A name and a description are lines; the platform cuts them to a few hundred letters.
_MAX_TEXT_CHARS = 10_000
_MAX_ABOUT_BYTES = 20 * _MAX_TEXT_CHARS

# Above every level that the logging module knows.
NO_LOGS = sys.maxsize


def described(name: str, description: str | None) -> str:
    """Return name and description as members of the begin record."""
    if description is not None:
        description = description[:_MAX_TEXT_CHARS]
    return _members({"name": name[:_MAX_TEXT_CHARS], "description": description})


def _members(values: dict[str, Any]) -> str:
    told = {name: value for name, value in values.items() if value is not None}
    return to_json(told, max_bytes=_MAX_ABOUT_BYTES).decode()[1:-1]


def delivery(settings: Settings, access: Callable[[], Access]) -> Delivery:
    """Where runs with these settings belong; the access is asked for only if needed."""
    if settings.destination == "local":
        return Delivery.LOCAL
    if settings.app_id is None:
        if settings.destination == "cloud" or settings.api_key is not None:
            safely.warn(
                "runs are kept locally: no application is known; set NEXTMV_APP_ID, "
                "or app_id= on the function, to send them to the platform",
                "no app id",
            )
        return Delivery.LOCAL
    known = access()
    if known.problem is not None:
        safely.warn(f"runs wait on disk: {known.problem}")
    elif not known.is_open:
        if settings.destination == "auto":
            return Delivery.LOCAL
        safely.warn(
            "runs wait on disk: no API key is known; set NEXTMV_API_KEY to send them",
            "no key",
        )
    return Delivery.WAITING


def _log_level(logs: bool | int) -> int:  # noqa: FBT001 -- a setting's value
    if logs is False:
        return NO_LOGS
    return 0 if logs is True else logs


def host_name() -> str:
    """Return the name of this machine, as people know it."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    import platform  # noqa: PLC0415 -- only where there is no uname

    return platform.node()


def text_for(
    given: Text, otherwise: str | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> str | None:
    """Return a name or description: fixed, or computed from the call's arguments."""
    if given is None or isinstance(given, str):
        return given or otherwise
    try:
        return str(given(*args, **kwargs))
    except BaseException as error:
        if not safely.is_meant_for_us(error):
            raise
        doing = "the name or description of a run"
        safely.warn(f"{doing}: {type(error).__name__}: {error}", doing)
        return otherwise
