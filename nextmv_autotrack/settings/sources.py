"""Where settings come from, and which source wins."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from nextmv_autotrack import safely
from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.settings import access
from nextmv_autotrack.settings.access import Access
from nextmv_autotrack.settings.from_text import from_text
from nextmv_autotrack.settings.outside import chosen_profile, is_of_a_project, said
from nextmv_autotrack.settings.schema import Settings, checked

_ABOUT_ACCESS = ("endpoint", "api_key", "profile", "system_certs", "allow_http")


class _Outside(NamedTuple):
    """What is said outside of code, at one moment."""

    settings: dict[str, Any]
    origins: dict[str, str]
    chosen: Mapping[str, Any]
    """The profile that who starts the program has chosen: before what code says."""


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
        self._from_outside: _Outside | None = None
        self._instead: _Outside | None = None
        self._base: tuple[object, Settings] | None = None
        self._access: tuple[dict[str, Any], Access] | None = None
        self.version = object()
        """Another one whenever `configure` has changed something."""

    def apart(self, said: Mapping[str, Any], *, chosen: Mapping[str, Any]) -> Sources:
        """Return sources that read neither the environment nor any file.

        They begin with what code has set here; what is set there is not set here.

        Args:
            said: Holds in place of them, behind what code says.
            chosen: Holds before what code says for the process.
        """
        found = Sources({}, complain=self._complain)
        found._configured.update(self._configured)
        found._instead = _Outside({**said}, {}, {**chosen})
        return found

    @property
    def is_read(self) -> bool:
        """Whether the environment and the files have been read."""
        return self._from_outside is not None

    def configure(self, **given: Any) -> None:
        """Set settings for the whole process; see `Settings` for the names."""
        self._configured.update(checked(given))
        self.version = object()

    def reread(self) -> None:
        """Read the environment and the files again."""
        now, known = self._look_outside(), self._access
        is_changed = now != self._from_outside
        self._from_outside = now
        if known is not None and known[1].is_outdated:
            self._access, is_changed = None, True
        if is_changed:
            self.version = object()

    def resolve(self, own: Mapping[str, Any] | None = None) -> Settings:
        """Return the settings that hold, those in `own` before all others."""
        version, base = self.version, self._base
        if base is None or base[0] is not version:
            outside = self._outside()
            given = {**outside.settings, **self._configured, **outside.chosen}
            self._base = base = (version, replace(Settings(), **given))
        return replace(base[1], **own) if own else base[1]

    def access(self, own: Mapping[str, Any] | None = None) -> Access:
        """Return where the platform is and what opens it; may read a profile, once.

        With settings in `own` before all others, it is read each time.
        """
        if own:
            return access.found(**self._about_access(own))
        given, known = self._about_access({}), self._access
        if known and not known[1].is_open and known[1].is_outdated:
            # What is missing may be there now; plans that were made without are not.
            known, self.version = None, object()
        if known is None or known[0] != given:
            self._access = known = (given, access.found(**given))
        return known[1]

    @property
    def is_access_at_hand(self) -> bool:
        """Whether no profile has to be read for it."""
        given, known = self._about_access({}), self._access
        is_known = known is not None and known[0] == given
        return is_known or not (
            given["is_strange"]
            or access.needs_a_profile(given["endpoint"], given["api_key"])
        )

    def _about_access(self, own: Mapping[str, Any]) -> dict[str, Any]:
        settings = self.resolve()
        given = {name: getattr(settings, name) for name in _ABOUT_ACCESS}
        chosen = self._outside().chosen
        given = {**given, **own, **{k: chosen[k] for k in given if k in chosen}}
        endpoint, is_strange = given["endpoint"], False
        if not self._is_key_of_the_project(own):
            # Its file alone neither says where a key of the user's goes, nor how.
            is_named = "endpoint" not in own and self._is_in_its_file("endpoint")
            is_strange = bool(endpoint) and is_named and not access.is_safe(endpoint)
            given["allow_http"] &= not self._is_in_its_file("allow_http")
        return {**given, "is_strange": is_strange}

    def _is_key_of_the_project(self, own: Mapping[str, Any]) -> bool:
        """Whether the key comes with the project, in its file or in its code."""
        in_code = own.get("api_key") or self._configured.get("api_key")
        return in_code is not None or self._is_in_its_file("api_key")

    def _is_in_its_file(self, name: str) -> bool:
        return is_of_a_project(self.origin(name))

    def origin(self, name: str) -> str:
        """Return what has set the value that a setting has: `default` when nothing."""
        self.resolve()
        if name in self._configured:
            return "configure"
        return self._outside().origins.get(name, "default")

    def _outside(self) -> _Outside:
        """What the environment and the project file say."""
        if self._from_outside is None:
            self._from_outside = self._look_outside()
        return self._from_outside

    def _look_outside(self) -> _Outside:
        if self._instead is not None:
            return self._instead
        found: dict[str, Any] = {}
        origins: dict[str, str] = {}
        for name, source, value in said(self._environ, self._folder, self._complain):
            # What is set in code is not even looked at.
            if name not in found and name not in self._configured:
                read = self._read(name, source, value)
                found.update(read)
                origins.update(dict.fromkeys(read, source))
        return _Outside(found, origins, chosen_profile(self._environ))

    def _read(self, name: str, source: str, value: object) -> dict[str, Any]:
        """One value or none: a typo outside the code must not stop a model."""
        given = from_text(name, value) if isinstance(value, str) else value
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
