"""What is said outside of code: by the environment, and by the project's file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

PREFIX = "NEXTMV_AUTOTRACK_"
TABLE = "nextmv-autotrack"

_PROJECT_FILE = "pyproject.toml"

_PATHS = frozenset({"directory", "input_dir", "output_dir"})

_OF_SOMEBODY_ELSE = (
    "it is another user's, who could have your runs and your key sent anywhere; if you "
    f"trust it, make it yours, or set what it says as {PREFIX}... variables"
)

# The variables that the platform's own SDK and command line read.
_PLATFORM_VARIABLES = {
    "api_key": "NEXTMV_API_KEY",
    "endpoint": "NEXTMV_ENDPOINT",
    "profile": "NEXTMV_PROFILE",
    "system_certs": "NEXTMV_SYSTEM_CERTS",
    "app_id": "NEXTMV_APP_ID",
    "instance_id": "NEXTMV_INSTANCE_ID",
}


def said(
    environ: Mapping[str, str], folder: Path | None, complain: Callable[[str], None]
) -> Iterator[tuple[str, str, Any]]:
    """Give names, sources and values; what goes before others comes first.

    Args:
        environ: The variables.
        folder: Where the project's file is looked for from; by default from here.
        complain: Told what is wrong with that file.
    """
    # An empty variable is one that is not set: some shells cannot unset any.
    environ = {name: text for name, text in environ.items() if text.strip()}
    for variable, text in environ.items():
        if variable.startswith(PREFIX):
            yield variable[len(PREFIX) :].lower(), variable, text
    for name, variable in _PLATFORM_VARIABLES.items():
        if variable in environ:
            yield name, variable, environ[variable]
    yield from _said_by_the_project(folder or _here(), complain)


def chosen_profile(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the profile that the environment names, which holds before code's.

    As in the platform's own SDK: who starts a program chooses the account.
    """
    for variable in (f"{PREFIX}PROFILE", _PLATFORM_VARIABLES["profile"]):
        if name := environ.get(variable, "").strip():
            return {"profile": name}
    return {}


def is_of_a_project(source: str) -> bool:
    """Whether a source, as `said` names it, is the project's file."""
    return source.endswith(_PROJECT_FILE)


def _said_by_the_project(
    folder: Path, complain: Callable[[str], None]
) -> Iterator[tuple[str, str, Any]]:
    path = _nearest_project_file(folder)
    if path is None:
        return
    try:
        text, owner = _read(path)
        # Parsing costs milliseconds, and most projects do not name us.
        if TABLE.encode() not in text:
            return
        if not _is_trusted(owner, folder):
            complain(f"{path} is ignored: {_OF_SOMEBODY_ELSE}")
            return
        table = _table_in(text, TABLE)
    except (OSError, ValueError, RecursionError) as error:
        complain(f"{path} is ignored: {error}")
        return
    for key, value in table.items():
        name = key.replace("-", "_")
        if name in _PATHS and isinstance(value, str):
            # Not from wherever a program of the project happens to be started.
            value = _path_from(path.parent, value)  # noqa: PLW2901 -- the same, made whole
        yield name, f"{key} in {path}", value


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError:
        # Somebody has removed it; it holds no project then.
        return Path("/")


def _nearest_project_file(folder: Path) -> Path | None:
    """Return the pyproject.toml of the project that `folder` belongs to."""
    for at in (folder, *folder.parents):
        path = at / _PROJECT_FILE
        try:
            if path.is_file():
                return path
        except OSError:
            # In a folder that this user may not look into.
            continue
    return None


def _read(path: Path) -> tuple[bytes, int]:
    """What a file says, and the number of the user whose it is."""
    with path.open("rb") as file:
        return file.read(), os.fstat(file.fileno()).st_uid


def _is_trusted(owner: int, folder: Path) -> bool:
    """Whether a project's file of this user may say where runs and keys go.

    Any folder above may be everybody's to write to, as /tmp is.
    """
    if sys.platform == "win32":
        return True
    user = os.geteuid()
    # In a container, and with sudo, it is root who works in a folder of the user's.
    return owner in {user, 0} or (user == 0 and owner == folder.stat().st_uid)


def _table_in(text: bytes, name: str) -> Mapping[str, Any]:
    """Return the table `tool.<name>` of a project file, empty when there is none.

    Raises:
        ValueError: It is no table, or the file is no TOML.
    """
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 -- only for projects that name us
    else:
        import tomli as tomllib  # noqa: PLC0415 -- as above, before Python 3.11
    table: dict[str, Any] = tomllib.loads(text.decode())
    for key in ("tool", name):
        inner = table.get(key, {})
        if not isinstance(inner, dict):
            raise ValueError(f"{key!r} is no table")  # noqa: TRY004 -- as the parser's
        table = inner
    return table


def _path_from(folder: Path, text: str) -> str:
    """Return the path that `text`, in a file in `folder`, means."""
    is_empty_or_home = text.strip()[:1] in {"", "~"}
    return text if is_empty_or_home else str(folder / text.strip())
