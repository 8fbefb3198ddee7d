"""Access to the platform: where it is, and what opens it, from settings and profiles."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.redact.known import learn

if TYPE_CHECKING:
    from nextmv_autotrack.settings.profiles import Login, Profile, Stamp

DEFAULT_ENDPOINT = "https://api.cloud.nextmv.io"

# The platform's own hosts, and this machine, where nobody listens for a project that was
# only fetched (and what other users of it say is ignored): who names them gains no key.
_SAFE_ENDPOINT = re.compile(
    r"https://([a-z0-9-]+\.)*nextmv\.io(:\d+)?"
    r"|https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/.*)?",
    re.IGNORECASE | re.ASCII,
)


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
    is_unconfirmed: bool = False
    """Whether the problem is an endpoint that nobody but a project's file names."""
    read: tuple[Path, Stamp] | None = field(default=None, compare=False)
    """The file that it is from, as it was then."""
    found_again: Callable[[], Access] | None = field(default=None, compare=False)
    """Finds it once more, where that may give another key."""

    def __post_init__(self) -> None:
        # Wherever it turns up in a run, it is not to be kept.
        learn(self.api_key)

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

    def another_key(self, refused: str) -> str | None:
        """Return the key that holds by now in place of a refused one, if there is any.

        Only for the same endpoint: another key may be another platform's.
        """
        now = self.found_again() if self.found_again is not None else None
        if now is None or not now.is_open or now.endpoint != self.endpoint:
            return None
        return now.api_key if now.api_key != refused else None


def needs_a_profile(endpoint: str | None, api_key: str | None) -> bool:
    """Whether these settings leave open what only a profile can say."""
    return endpoint is None or api_key is None


def found(  # noqa: PLR0913 -- a setting each, and by name
    *,
    endpoint: str | None,
    api_key: str | None,
    profile: str | None,
    system_certs: bool,
    allow_http: bool,
    is_strange: bool = False,
) -> Access:
    """Return the access that these settings give, together with a profile.

    The profile is read only for what the settings do not say, and what is wrong with it
    then is the access's problem. With `is_strange` the endpoint is named by files that
    came with a project, and the key is the user's: they go together only where the
    user's own profile names that endpoint, too.
    """
    # Not at the top: many runs go nowhere, and need no access.
    from nextmv_autotrack.settings import profiles  # noqa: PLC0415 -- see above

    path = profiles.config_file()
    name = None if (profile or "default").lower() == "default" else profile
    access = Access(endpoint or "", api_key, None, system_certs, allow_http)
    if not (needs_a_profile(endpoint, api_key) or is_strange):
        certs = system_certs or profiles.wants_system_certs(name, path)
        return replace(access, system_certs=certs)
    if path is not None:
        # Noted before it is read: what changes in between is seen as a change.
        access = replace(access, read=(path, profiles.stamp_of(path)))
    try:
        read = profiles.read(name, path)
        access = _completed(access, endpoint, name, read, path)
    except SettingsError as error:
        return replace(access, problem=str(error))
    if is_strange and access.is_open and _place(read.endpoint) != _place(endpoint):
        problem = _unconfirmed(access.endpoint)
        return replace(access, problem=problem, is_unconfirmed=True)
    return access


def is_safe(endpoint: str) -> bool:
    """Whether a key may go there whoever names it."""
    return _SAFE_ENDPOINT.fullmatch(endpoint) is not None


def _place(endpoint: str | None) -> tuple[str, str]:
    """What of an address tells it from others: case matters in its path only."""
    scheme, _, rest = (endpoint or "").partition("://")
    host, _, path = rest.partition("/")
    return f"{scheme}://{host}".lower(), path


def _unconfirmed(endpoint: str) -> str:
    return (
        f"only the project's pyproject.toml names the endpoint {endpoint}, and it would "
        f"get your key; if you trust it, set NEXTMV_ENDPOINT={endpoint}"
    )


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
        if profile.is_blank:
            # Soon there may be a key: runs wait for it rather than stay local.
            raise SettingsError(f"{path} is empty")
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
