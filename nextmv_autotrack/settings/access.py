"""Access to the platform: where it is, and what opens it, from settings and profiles."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nextmv_autotrack.errors import SettingsError

if TYPE_CHECKING:
    from nextmv_autotrack.settings.profiles import Login, Profile, Stamp

DEFAULT_ENDPOINT = "https://api.cloud.nextmv.io"


@dataclass(frozen=True)
class Access:
    """Where the platform is, and what opens it.

    Example:
        >>> Access("https://api.cloud.nextmv.io", "a-key")
        <Access to https://api.cloud.nextmv.io with a key>
    """

    endpoint: str
    """Empty when it is not known."""
    api_key: str | None = None
    login: Login | None = None
    """Used when there is no key."""
    system_certs: bool = False
    """Whether to trust whom the operating system trusts."""
    allow_http: bool = False
    """Whether the key may travel without encryption."""
    problem: str | None = None
    """Why nothing can be sent: a profile was asked for, or is needed, and is wrong."""
    read: tuple[Path, Stamp] | None = field(default=None, compare=False)
    """The file that it is from, as it was then."""

    def __repr__(self) -> str:
        means = "no key" if self.api_key is None else "a key"
        means = "a login" if self.api_key is None and self.login else means
        return f"<Access to {self.endpoint or 'nowhere'} with {means}>"

    @property
    def is_open(self) -> bool:
        """Whether anything can be sent, as far as is known without trying."""
        has_means = self.api_key is not None or self.login is not None
        return has_means and self.problem is None

    @property
    def is_outdated(self) -> bool:
        """Whether the file that it is from has changed since."""
        from nextmv_autotrack.settings.profiles import stamp_of  # noqa: PLC0415 -- as below

        return self.read is not None and stamp_of(self.read[0]) != self.read[1]


def needs_a_profile(endpoint: str | None, api_key: str | None) -> bool:
    """Whether these settings leave open what only a profile can say."""
    return endpoint is None or api_key is None


def found(
    *,
    endpoint: str | None,
    api_key: str | None,
    profile: str | None,
    system_certs: bool,
    allow_http: bool,
) -> Access:
    """Return the access that these settings give, together with a profile.

    The profile is read only for what the settings do not say, and what is wrong with it
    then is the access's problem.
    """
    # Not at the top: many runs go nowhere, and need no access.
    from nextmv_autotrack.settings import profiles  # noqa: PLC0415

    path = profiles.config_file()
    name = None if (profile or "default").lower() == "default" else profile
    access = Access(endpoint or "", api_key, None, system_certs, allow_http)
    if not needs_a_profile(endpoint, api_key):
        certs = system_certs or profiles.wants_system_certs(name, path)
        return replace(access, system_certs=certs)
    if path is not None:
        # Noted before it is read: what changes in between is seen as a change.
        access = replace(access, read=(path, profiles.stamp_of(path)))
    try:
        return _completed(access, endpoint, name, profiles.read(name, path), path)
    except SettingsError as error:
        return replace(access, problem=str(error))


def _completed(
    access: Access,
    endpoint: str | None,
    name: str | None,
    profile: Profile,
    path: Path | None,
) -> Access:
    if endpoint is None:
        endpoint = profile.endpoint
    if endpoint is None and name is None:
        endpoint = DEFAULT_ENDPOINT
    api_key, login = access.api_key, None
    if api_key is None:
        # A profile of the browser's has no key, or one that is left over.
        login = profile.login
        api_key = None if login else profile.api_key
    for what, value in (("endpoint", endpoint), ("apikey", api_key or login)):
        if name is not None and value is None:
            # In place of what the profile should say, nothing else will do.
            raise SettingsError(f"profile {name!r} in {path} has no {what}")
    return replace(
        access,
        endpoint=endpoint or "",
        api_key=api_key,
        login=login,
        system_certs=access.system_certs or profile.system_certs,
    )
