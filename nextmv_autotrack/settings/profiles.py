"""The profiles of Nextmv's own tools, in the files where those keep them: no network."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any, ClassVar, NamedTuple

from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.settings.from_text import from_text
from nextmv_autotrack.settings.values import CHECKS

_CONFIG, _SESSIONS = "config.yaml", "sessions.yaml"

# What a top-level key of the file means when it is no profile's name.
_NO_PROFILES = frozenset(
    {
        "apikey",
        "auth_session",
        "auth_type",
        "default",
        "endpoint",
        "sso_domain",
        "system_certs",
        "team_id",
    }
)

_DEFAULT_HOST = "api.cloud.nextmv.io"
_DEFAULT_SESSION = "default"

# `<<: *name` is what another profile says, too; all else has no meaning of its own.
_SHARED_ONLY = {"<": [("tag:yaml.org,2002:merge", re.compile("<<$"))]}

# How YAML writes nothing.
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})

_DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Login:
    """Somebody who is signed in by the browser; the tokens are in a file."""

    command: str
    """What to type to sign in."""
    tokens: Path
    host: str
    """Of the platform; whose accounts they are depends on it."""
    team_id: str | None
    """On whose behalf requests are made."""


@dataclass(frozen=True)
class Profile:
    """What one profile says, the default one or one with a name."""

    endpoint: str | None = None
    api_key: str | None = field(default=None, repr=False)
    login: Login | None = None
    system_certs: bool = False
    is_blank: bool = False
    """Whether its file has nothing in it, as for a moment while other tools write it."""


class Provider(NamedTuple):
    """Who gives out the tokens of a platform."""

    discovery_url: str
    client_id: str
    token_url: str | None
    """Used when discovery fails; None when it then has to be tried again."""


_NEXTMV = Provider(
    "https://cognito-idp.us-east-2.amazonaws.com/us-east-2_1jHS2b9HU" + _DISCOVERY,
    "4k91vdlr1m52v9v45h9vc7a25e",
    "https://auth.cloud.nextmv.io/oauth2/token",
)

Stamp = tuple[int, int, int] | None


def stamp_of(path: Path | None) -> Stamp:
    """Return what changes when a file does; None where there is none."""
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return found and (found.st_mtime_ns, found.st_size, found.st_ino)


def config_file() -> Path | None:
    """Return where the profiles are, if this user has a home."""
    # Not once for all: tests and services change who they are.
    try:
        return Path.home() / ".nextmv" / _CONFIG
    except RuntimeError:
        return None


def read(name: str | None, path: Path | None) -> Profile:
    """Return a profile; without a name the default one, which may be empty.

    Raises:
        SettingsError: The file cannot be read, or has no such profile, or a wrong one.
    """
    content = _content(path)
    if content is not None and not content.strip():
        if name is not None:
            raise SettingsError(f"{path} is empty")
        return Profile(is_blank=True)
    document = _mapping(content, path)
    if name is None:
        return _profile(None, document, path)
    table = None if name in _NO_PROFILES else document.get(name)
    if path is None or not isinstance(table, dict):
        raise SettingsError(_no_such(name, document, path))
    return _profile(name, table, path)


def wants_system_certs(name: str | None, path: Path | None) -> bool:
    """Whether a profile wants the certificates of the system; no if it is not known."""
    try:
        # Parsing takes milliseconds, and few files speak of certificates.
        if path is None or b"system_certs" not in path.read_bytes():
            return False
        return read(name, path).system_certs
    except (OSError, SettingsError):
        return False


def provider_of(login: Login) -> Provider:
    """Return who gives out the tokens of a login.

    Raises:
        SettingsError: The file that says so cannot be read.
    """
    path = login.tokens.parents[2] / _SESSIONS
    document = _mapping(_content(path), path)
    entry = document.get(login.host)
    if isinstance(entry, dict):
        url, client_id = _text(entry, "oidc_discovery_url"), _text(entry, "client_id")
        if url and client_id:
            url = url.rstrip("/").removesuffix(_DISCOVERY)
            return Provider(url + _DISCOVERY, client_id, None)
    return _NEXTMV


def _profile(name: str | None, table: Mapping[str, Any], path: Path | None) -> Profile:
    certs = from_text("enabled", _text(table, "system_certs") or "")
    return Profile(
        endpoint=_endpoint(name, table, path),
        api_key=_text(table, "apikey"),
        login=_login(name, table, path),
        system_certs=certs is True,
    )


def _endpoint(
    name: str | None, table: Mapping[str, Any], path: Path | None
) -> str | None:
    text = _text(table, "endpoint")
    if text is None:
        return None
    try:
        endpoint: str = CHECKS["endpoint"]("endpoint", text)
    except SettingsError as error:
        raise SettingsError(f"{_known_as(name)} in {path}: {error}") from error
    return endpoint


def _login(
    name: str | None, table: Mapping[str, Any], path: Path | None
) -> Login | None:
    if path is None or _text(table, "auth_type") != "pkce":
        return None
    auth = path.parent / "auth"
    session = _text(table, "auth_session") or _DEFAULT_SESSION
    folder = Path(os.path.normpath(auth / session))
    if folder.parent != auth:
        msg = f"{_known_as(name)} in {path}: auth_session must be a plain name"
        raise SettingsError(msg)
    url = _text(table, "endpoint") or _DEFAULT_HOST
    return Login(
        command="nextmv auth login" + (f" --profile {quote(name)}" if name else ""),
        tokens=folder / "tokens.json",
        host=url.rpartition("://")[2].rstrip("/"),
        team_id=_text(table, "team_id"),
    )


def _known_as(name: str | None) -> str:
    return "the default profile" if name is None else f"profile {name!r}"


def _no_such(name: str, document: Mapping[str, Any], path: Path | None) -> str:
    if not document:
        return (
            f"profile {name!r} is asked for, but there are none in {path}; "
            "`nextmv configuration create` makes one"
        )
    names = [
        key
        for key, value in document.items()
        if isinstance(value, dict) and key not in _NO_PROFILES
    ]
    return f"profile {name!r} is not in {path}; there are: default, " + ", ".join(names)


def _text(table: Mapping[str, Any], name: str) -> str | None:
    value = table.get(name)
    text = value.strip() if isinstance(value, str) else ""
    return None if text in _NOTHING else text


def _content(path: Path | None) -> bytes | None:
    """What is in a file; None where there is none."""
    try:
        return path.read_bytes() if path else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error


def _mapping(content: bytes | None, path: Path | None) -> dict[str, Any]:
    """What a file of YAML says; empty where it says nothing."""
    if not content:
        return {}
    # Not at the top: it takes milliseconds, and most have no such file.
    import yaml  # noqa: PLC0415 -- see above

    class Texts(yaml.SafeLoader):  # type: ignore[misc]  # it has no types
        """Takes every value for the text it is: a key made of digits is no number.

        Not the fast loader, which ends the process when values are nested too deeply.
        """

        yaml_implicit_resolvers = _SHARED_ONLY
        yaml_constructors: ClassVar[Any] = {
            "tag:yaml.org,2002:map": yaml.SafeLoader.construct_yaml_map,
            "tag:yaml.org,2002:seq": yaml.SafeLoader.construct_yaml_seq,
            None: yaml.SafeLoader.construct_scalar,
        }

    try:
        document = yaml.load(content, Loader=Texts)  # noqa: S506 -- a safe one
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Not the parser's words: they repeat the line, and with it maybe the key.
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        # Nor as the cause: whoever prints causes would print it.
        raise SettingsError(f"{path} is not YAML{where}") from None
    if document in (None, ""):
        return {}
    if not isinstance(document, dict):
        msg = f"{path} holds no names with values, such as `apikey: ...`"
        raise SettingsError(msg)
    return document
