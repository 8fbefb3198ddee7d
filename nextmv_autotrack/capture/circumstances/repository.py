"""The commit of the code, as the files of its repository say it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

# Deeper folders are no places for code.
_MOST_PARENTS = 40

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BRANCHES = "refs/heads/"

# Packed references of a large repository take some megabytes; a file of it, a line.
_MOST_BYTES = 16 * 1024 * 1024


class Repository(NamedTuple):
    """A working tree of git, as far as files say it."""

    root: Path
    commit: str | None
    """None before the first one, or where only git itself could tell."""
    branch: str | None
    """None where there is none, as in a build that has checked out a commit."""


def repository_of(script: str | None) -> Repository | None:
    """Return the repository that a script is in; else that of the working directory."""
    places = [] if script is None else [Path(script).parent]
    with suppress(OSError):
        places.append(Path.cwd())
    # Tools that start programs are installed, perhaps below a repository.
    places.sort(key=lambda place: "site-packages" in place.parts)
    for place in places:
        with suppress(OSError, ValueError):
            found = repository(place)
            if found is not None:
                return found
    return None


def repository(place: Path) -> Repository | None:
    """Return the repository that a folder is in."""
    for root in [place, *place.parents][:_MOST_PARENTS]:
        inner = root / ".git"
        # A working tree beside the first one, or a submodule, has a file that leads to it.
        folder = inner if inner.is_dir() else _led_to(inner)
        if folder is not None and (folder / "HEAD").is_file():
            commit, branch = _head(folder)
            return Repository(root, commit, branch)
    return None


def _led_to(file: Path) -> Path | None:
    if not file.is_file():
        return None
    word, _, path = _text(file).partition(":")
    return file.parent / path.strip() if word == "gitdir" else None


def _head(folder: Path) -> tuple[str | None, str | None]:
    head = _text(folder / "HEAD")
    word, _, reference = head.partition(":")
    if word != "ref":
        return _commit(head), None
    reference = reference.strip()
    branch = reference.removeprefix(_BRANCHES) if _BRANCHES in reference else None
    # A working tree beside the first one shares what is not its own.
    shared = folder
    if (folder / "commondir").is_file():
        shared = folder / _text(folder / "commondir")
    for place in (folder, shared):
        if (place / reference).is_file():
            return _commit(_text(place / reference)), branch
    return _packed(shared, reference), branch


def _packed(folder: Path, reference: str) -> str | None:
    with suppress(OSError):
        for line in _text(folder / "packed-refs").splitlines():
            commit, _, name = line.partition(" ")
            if name == reference:
                return _commit(commit)
    return None


def _commit(text: str) -> str | None:
    return text if _COMMIT.fullmatch(text) else None


def _text(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.read(_MOST_BYTES).decode("utf-8", "replace").strip()
