"""The settings: what they are, and which values they may have."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.redact.rules import Given as Redacted
from nextmv_autotrack.settings import values

# One process has one home, one platform and one exit.
OF_THE_PROCESS = frozenset(
    {
        "api_key",
        "endpoint",
        "profile",
        "system_certs",
        "allow_http",
        "directory",
        "flush_timeout",
        "max_disk",
        "max_age_days",
        "environment",
    }
)


def _home() -> Path:
    try:
        return Path.home() / ".nextmv" / "autotrack"
    except RuntimeError:
        # A user without a home, as in some containers. Not a folder that all users
        # share: runs may hold what is nobody else's business. Where this one cannot be
        # made, a warning names it, and the setting is the way out.
        return Path(os.sep, ".nextmv", "autotrack")


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, checked and complete."""

    enabled: bool = True
    """Track at all."""

    destination: Literal["auto", "cloud", "local"] = "auto"
    """`auto`: the platform when a key and an application are known, else local."""

    app_id: str | None = None
    """The application on the platform that the runs belong to."""

    instance_id: str | None = None
    """The application's instance; the platform has a default one."""

    endpoint: str | None = None
    """The platform's API; None: as the profile says. What holds is in the access."""

    api_key: str | None = field(default=None, repr=False)
    """The platform's API key; None: as the profile says, if there is one."""

    profile: str | None = None
    """Which profile of ~/.nextmv/config.yaml; None: the default one, if there is one."""

    system_certs: bool = False
    """Trust whom the operating system trusts."""

    allow_http: bool = False
    """Send to other machines without encryption, too."""

    name: str | Callable[..., str] | None = None
    """Name of a run, or a callable given the call's arguments."""

    description: str | Callable[..., str] | None = None
    """Description of a run, or a callable given the call's arguments."""

    input: str | tuple[str, ...] | Callable[..., Any] | None = None
    """Which arguments are the input, or a callable given the call's arguments."""

    options: tuple[str, ...] = ()
    """Which arguments are options."""

    input_dir: os.PathLike[str] | Callable[..., Any] | None = None
    """A folder whose files are the input, or a callable given the call's arguments."""

    output: Literal[False] | Callable[[Any], Any] | None = None
    """What of the result is recorded; `False`: nothing."""

    output_dir: os.PathLike[str] | Callable[..., Any] | None = None
    """A folder whose files are the output, or a callable given the call's arguments."""

    metrics: Callable[[Any], Mapping[str, Any]] | None = None
    """From the result to the run's metrics."""

    redact: Literal[False] | tuple[Redacted, ...] = ()
    """What is redacted besides the usual: names, patterns, callables; `False`: nothing."""

    logs: bool | int = True
    """Capture logging records; a level: from that level on."""

    streams: Literal["off", "python", "fd"] = "off"
    """Record what is printed, too; `fd`: also by C and C++ code, such as solvers."""

    resources: bool = True
    """Measure CPU time and peak memory."""

    environment: Literal["full", "versions", "none"] = "versions"
    """What the platform is told of where a run was made; the store has all of it."""

    sample: float = 1.0
    """Share of runs to track; failed ones are always kept."""

    max_payload: int = 100_000_000
    """Bytes kept of one payload."""

    max_log: int = 1_000_000
    """Bytes kept of one run's logs."""

    directory: Path = field(default_factory=_home)
    """Home of the journals and the store."""

    max_disk: int = 10_000_000_000
    """Bytes that the folder may take; beyond it payloads go, never runs."""

    max_age_days: float = 365.0
    """Days after which the payloads of local and delivered runs go."""

    flush_timeout: float = 2.0
    """Seconds that exit may take; what is left waits on disk."""

    sync: bool = False
    """Deliver before the call returns."""


_OR_A_FOLDER = (("input", "input_dir"), ("output", "output_dir"))

_NAMES = tuple(item.name for item in fields(Settings))


def checked(given: Mapping[str, Any], *, of_a_run: bool = False) -> dict[str, Any]:
    """Return the given settings checked, or raise what is wrong with one.

    Raises:
        SettingsError: A name is unknown, a value is of the wrong type or out of
            range, or a setting of the whole process is given for one function.
    """
    found = {}
    for name, value in given.items():
        if name not in _NAMES:
            raise SettingsError(_unknown(name))
        if of_a_run and name in OF_THE_PROCESS:
            msg = f"setting {name!r} belongs to the process: use configure({name}=...)"
            raise SettingsError(msg)
        found[name] = values.CHECKS[name](name, value)
    _raise_contradictions(found)
    for value, folder in _OR_A_FOLDER:
        if found.get(value):
            # It goes before a folder that is set for all runs.
            found.setdefault(folder, None)
    return found


def _raise_contradictions(found: Mapping[str, Any]) -> None:
    """Raise when two settings that are given together cannot both hold."""
    given = found.get("input")
    inputs = (given,) if isinstance(given, str) else given
    if isinstance(inputs, tuple):
        for name in inputs:
            if name in found.get("options", ()):
                msg = f"argument {name!r} is named in both 'input' and 'options'"
                raise SettingsError(msg)
    for value, folder in _OR_A_FOLDER:
        if found.get(folder) is not None and found.get(value) not in (None, False):
            raise SettingsError(
                f"settings {value!r} and {folder!r} cannot both be given: give one"
            )
    if found.get("destination") != "cloud":
        return
    for name in ("app_id", "api_key"):
        if name in found and found[name] is None:
            msg = f"destination 'cloud' needs {name!r}: give one, or use 'local'"
            raise SettingsError(msg)


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 -- only for a mistake

    near = get_close_matches(name, _NAMES, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(_NAMES)}"
    return f"unknown setting {name!r}; {hint}"
