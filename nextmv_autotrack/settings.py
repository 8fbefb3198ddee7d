"""The settings: what they are, where they come from, and which source wins."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from nextmv_autotrack import setting_values as values
from nextmv_autotrack.errors import SettingsError

PREFIX = "NEXTMV_AUTOTRACK_"
TABLE = "nextmv-autotrack"

DEFAULT_ENDPOINT = "https://api.cloud.nextmv.io"

# The variables that the platform's own SDK and command line read.
_PLATFORM_VARIABLES = {
    "api_key": "NEXTMV_API_KEY",
    "endpoint": "NEXTMV_ENDPOINT",
    "app_id": "NEXTMV_APP_ID",
    "instance_id": "NEXTMV_INSTANCE_ID",
}

# One process has one home, one platform and one exit.
OF_THE_PROCESS = frozenset({"api_key", "endpoint", "directory", "flush_timeout"})


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

    endpoint: str = DEFAULT_ENDPOINT
    """The platform's API."""

    api_key: str | None = field(default=None, repr=False)
    """The platform's API key."""

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

    flush_timeout: float = 2.0
    """Seconds that exit may take; what is left waits on disk."""

    sync: bool = False
    """Deliver before the call returns."""


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
    return found


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 -- only for a mistake

    near = get_close_matches(name, _NAMES, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(_NAMES)}"
    return f"unknown setting {name!r}; {hint}"


class Sources:
    """Where settings come from: calls, code, environment, project file, defaults.

    The environment and the project file are read when they are first needed and kept.
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
        self._base: Settings | None = None
        self.version = object()
        """Another one whenever `configure` has changed something."""

    def configure(self, **given: Any) -> None:
        """Set settings for the whole process; see `Settings` for the names."""
        self._configured.update(checked(given))
        self._base = None
        self.version = object()

    def resolve(self, own: Mapping[str, Any] | None = None) -> Settings:
        """Return the settings that hold, those in `own` before all others."""
        if self._base is None:
            self._base = replace(Settings(), **self._outside(), **self._configured)
        return replace(self._base, **own) if own else self._base

    def _outside(self) -> dict[str, Any]:
        """What the environment and the project file say and `configure` does not."""
        texts: dict[str, tuple[str, Any]] = {}
        for name, value in _project_table(self._folder or _here()).items():
            texts[name.replace("-", "_")] = (f"[tool.{TABLE}] {name}", value)
        for name, variable in _PLATFORM_VARIABLES.items():
            if self._environ.get(variable, "").strip():
                texts[name] = (variable, self._environ[variable].strip())
        for variable, text in self._environ.items():
            if variable.startswith(PREFIX):
                texts[variable[len(PREFIX) :].lower()] = (variable, text)
        return {
            name: value
            for name, (source, text) in texts.items()
            if name not in self._configured
            for value in self._read(name, source, text)
        }

    def _read(self, name: str, source: str, value: object) -> list[Any]:
        """One value or none: a typo outside the code must not stop a model."""
        given = values.from_text(name, value) if isinstance(value, str) else value
        try:
            return list(checked({name: given}).values())
        except SettingsError as error:
            self._complain(f"{source} is ignored: {error}")
            return []


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError:
        # Somebody has removed it; it holds no project then.
        return Path("/")


def _project_table(folder: Path) -> Mapping[str, Any]:
    """Our table in the nearest pyproject.toml, or nothing."""
    for parent in (folder, *folder.parents):
        path = parent / "pyproject.toml"
        if not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return {}
        # Parsing costs milliseconds, and most projects do not name us.
        return _parse(text) if TABLE in text else {}
    return {}


def _parse(text: str) -> Mapping[str, Any]:
    import sys  # noqa: PLC0415

    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 -- only for projects that name us
    else:
        import tomli as tomllib  # noqa: PLC0415
    try:
        table = tomllib.loads(text).get("tool", {}).get(TABLE, {})
    except tomllib.TOMLDecodeError:
        return {}
    return table if isinstance(table, dict) else {}


def from_environment(complain: Callable[[str], None]) -> Sources:
    """Return the sources of this process."""
    return Sources(os.environ, complain=complain)
