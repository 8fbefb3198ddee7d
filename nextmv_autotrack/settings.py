"""The settings: what they are, where they come from, and which source wins."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from nextmv_autotrack import access, safely
from nextmv_autotrack import setting_values as values
from nextmv_autotrack.access import Access
from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.outside import chosen_profile, said

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

    output: Literal[False] | Callable[[Any], Any] | None = None
    """What of the result is recorded; `False`: nothing."""

    metrics: Callable[[Any], Mapping[str, Any]] | None = None
    """From the result to the run's metrics."""

    logs: bool | int = True
    """Capture logging records; a level: from that level on."""

    resources: bool = True
    """Measure CPU time and peak memory."""

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


_NAMES = tuple(item.name for item in fields(Settings))

_ABOUT_ACCESS = ("endpoint", "api_key", "profile", "system_certs", "allow_http")


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


class Sources:
    """Where settings come from: calls, code, environment, project file, defaults.

    The environment and the project file are read when they are first needed and kept.
    Threads may come at any time, and a fork may leave them in the middle, so there is
    no lock: `configure` changes the settings first and the version after them.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        folder: Path | None = None,
        *,
        complain: Callable[[str], None],
    ) -> None:
        self._environ = environ
        self._folder = folder
        self._complain = complain
        self._configured: dict[str, Any] = {}
        self._from_outside: dict[str, Any] | None = None
        self._origins: dict[str, str] = {}
        self._base: tuple[object, Settings] | None = None
        self._access: tuple[dict[str, Any], Access] | None = None
        self.version = object()
        """Another one whenever `configure` has changed something."""

    def configure(self, **given: Any) -> None:
        """Set settings for the whole process; see `Settings` for the names."""
        self._configured.update(checked(given))
        self.version = object()

    def reread(self) -> None:
        """Read the environment and the files again."""
        before, self._from_outside = self._from_outside, None
        is_outdated = self._access is not None and self._access[1].is_outdated
        if is_outdated:
            self._access = None
        if self._outside() != before or is_outdated:
            self.version = object()

    def resolve(self, own: Mapping[str, Any] | None = None) -> Settings:
        """Return the settings that hold, those in `own` before all others."""
        version, base = self.version, self._base
        if base is None or base[0] is not version:
            given = {
                **self._outside(),
                **self._configured,
                **chosen_profile(self._environ),
            }
            self._base = base = (version, replace(Settings(), **given))
        return replace(base[1], **own) if own else base[1]

    def access(self, own: Mapping[str, Any] | None = None) -> Access:
        """Return where the platform is and what opens it; may read a profile, once.

        With settings in `own` before all others, it is read each time.
        """
        given, known = self._about_access(), self._access
        if own:
            return access.found(**{**given, **own})
        if known and not known[1].is_open and known[1].is_outdated:
            # What is missing may be there now; plans that were made without are not.
            known, self.version = None, object()
        if known is None or known[0] != given:
            self._access = known = (given, access.found(**given))
        return known[1]

    @property
    def is_access_at_hand(self) -> bool:
        """Whether no profile has to be read for it."""
        given, known = self._about_access(), self._access
        is_known = known is not None and known[0] == given
        return is_known or not access.needs_a_profile(
            given["endpoint"], given["api_key"]
        )

    def _about_access(self) -> dict[str, Any]:
        settings = self.resolve()
        return {name: getattr(settings, name) for name in _ABOUT_ACCESS}

    def origin(self, name: str) -> str:
        """Return what has set the value that a setting has: `default` when nothing."""
        self.resolve()
        if name in self._configured:
            return "configure"
        return self._origins.get(name, "default")

    def _outside(self) -> dict[str, Any]:
        """What the environment and the project file say."""
        if self._from_outside is None:
            found: dict[str, Any] = {}
            origins: dict[str, str] = {}
            for name, source, value in said(
                self._environ, self._folder, self._complain
            ):
                # What is set in code is not even looked at.
                if name not in found and name not in self._configured:
                    read = self._read(name, source, value)
                    found.update(read)
                    origins.update(dict.fromkeys(read, source))
            self._origins = origins
            self._from_outside = found
        return self._from_outside

    def _read(self, name: str, source: str, value: object) -> dict[str, Any]:
        """One value or none: a typo outside the code must not stop a model."""
        given = values.from_text(name, value) if isinstance(value, str) else value
        try:
            return checked({name: given})
        except SettingsError as error:
            if name == "endpoint":
                # In its place there would be the default one, which would get a key
                # and runs that are meant for another. So they wait instead.
                self._complain(f"{source}: {error}; nothing is sent until it is mended")
                return {name: ""}
            self._complain(f"{source} is ignored: {error}")
            return {}


OF_THIS_PROCESS = Sources(os.environ, complain=safely.warn)
"""The settings of this process, `configure` included."""


def from_environment(complain: Callable[[str], None]) -> Sources:
    """Return the sources of this process."""
    return Sources(os.environ, complain=complain)
