"""Where the platform is, and the key that opens it, checked before they are used."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from nextmv_autotrack.errors import SettingsError

# What a header may carry, without blanks: anything else in a key came along when it
# was copied.
_KEY = re.compile(r"[\x21-\x7e]+")


# Blanks, and what separates the parts of an address. Which characters an id may have is
# said nowhere; those that make ids have letters, digits, and dashes.
_NOT_OF_AN_ID = frozenset(" /\\?#%")

# Names and numbers of this machine; what is sent to it crosses no network.
_LOOPBACK = re.compile(
    r"localhost|\[::1\]|127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}",
    re.IGNORECASE | re.ASCII,
)


def clean_endpoint(endpoint: str, *, allow_http: bool = False) -> str:
    """Return the endpoint with a scheme and without a slash at its end.

    A path is kept: the platform may live behind a prefix.

    Raises:
        SettingsError: It is no address of a web server, or one without encryption on
            another machine.
    """
    text = endpoint.strip()
    text = text if "://" in text else f"https://{text}"
    problem = _problem(text)
    if problem:
        msg = (
            f"setting 'endpoint' {problem}; it is an address"
            " such as https://api.cloud.nextmv.io"
        )
        raise SettingsError(msg)
    if not (allow_http or is_private(text)):
        msg = (
            f"setting 'endpoint' is {origin(text)}, where everybody on the way could read"
            " the key; use https://, or allow it with NEXTMV_AUTOTRACK_ALLOW_HTTP=true"
        )
        raise SettingsError(msg)
    return text.rstrip("/")


def is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent there."""
    return url[:8].lower() == "https://" or is_loopback(url)


def is_loopback(url: str) -> bool:
    """Whether what is sent there stays on this machine, unless a proxy is in between."""
    host = re.sub(r":\d+$", "", origin(url).partition("://")[2])
    return bool(_LOOPBACK.fullmatch(host))


def _problem(text: str) -> str | None:
    # The text itself stays out of the message: it may hold a password.
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return "has a host or a port that cannot be read"
    is_web = parts.scheme.lower() in {"http", "https"}
    is_clean = text.isprintable() and " " not in text
    checks = {
        "begins with neither https:// nor http://": is_web,
        "must not hold a user name or a password": "@" not in parts.netloc,
        "names no host": bool(parts.hostname) and port != 0 and is_clean,
        "has a scheme twice": not parts.path.startswith("//"),
        "must end before '?' and '#'": not parts.query and not parts.fragment,
    }
    return next((problem for problem, is_fine in checks.items() if not is_fine), None)


def clean_key(api_key: str) -> str:
    """Return the key without blanks and line breaks around it.

    Raises:
        SettingsError: There is none, or it has a character that no key has.
    """
    key = api_key.strip()
    if not key:
        raise SettingsError("setting 'api_key' is empty; set NEXTMV_API_KEY")
    if not _KEY.fullmatch(key):
        msg = (
            "setting 'api_key' holds a blank, a line break or a character that is not"
            " plain ASCII; copy the key again"
        )
        raise SettingsError(msg)
    return key


def is_plain(text: str) -> bool:
    """Whether a header can carry it; nothing cannot be carried."""
    return bool(_KEY.fullmatch(text))


def is_id(text: str) -> bool:
    """Whether something can have it as its id, which is one segment of a path."""
    is_segment = text.isprintable() and not _NOT_OF_AN_ID.intersection(text)
    return is_segment and text not in {"", ".", ".."}


def app_path(app_id: object) -> str:
    """Return the path of an application, its id quoted as one segment.

    Raises:
        SettingsError: No application can have it: it would be no segment of a path.
    """
    found = app_id.strip() if isinstance(app_id, str) else ""
    if not found or found in {".", ".."}:
        raise SettingsError("setting 'app_id' is not the id of an application")
    if not is_id(found):
        msg = (
            f"setting 'app_id' is not the id of an application: {found[:80]!a} holds a "
            "blank, a slash, or another character that has a meaning in addresses"
        )
        raise SettingsError(msg)
    return f"/v1/applications/{quote(found, safe='')}"


def origin(url: str) -> str:
    """Return scheme, host and port: what may be shown of an address with secrets."""
    scheme, _, rest = url.partition("://")
    place = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    return f"{scheme}://{place.rpartition('@')[2]}"
