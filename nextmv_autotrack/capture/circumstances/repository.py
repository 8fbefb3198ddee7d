"""The commit of the code, and whether the files are those of the commit."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from nextmv_autotrack.capture.resources.sampler import has_children
from nextmv_autotrack.capture.resources.usage import CHILDREN

# To compare a hundred thousand files takes half a second. A repository for which this is
# not enough has a commit, and nobody knows whether it is changed.
GIT_TIMEOUT_S = 2.0

_LOOK_S = 0.002

# No exit code of git's.
_UNKNOWN = -1

# Deeper folders are no places for code.
_MOST_PARENTS = 40

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BRANCHES = "refs/heads/"

# Packed references of a large repository take some megabytes; a file of it, a line.
_MOST_BYTES = 16 * 1024 * 1024

# Nothing is written, nothing is asked, and no program runs that the repository names.
_COMPARE = (
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.untrackedCache=false",
    "status",
    "--porcelain",
    "--untracked-files=no",
    "--ignore-submodules=dirty",
)

# What a hook of another repository would have git look at instead.
_OF_OTHERS = re.compile(r"GIT_(?!SSL|CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM)\w+")


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


def is_to_wait() -> bool:
    """Whether git is not to be started now.

    A program that waits for any of its children must not meet one of ours. While git
    runs, no other is forked: see `ForkGate`.
    """
    if sys.platform == "win32":
        return False
    if signal.getsignal(signal.SIGCHLD) is not signal.SIG_DFL:
        return True  # it is told of each of its children, or of none
    if hasattr(os, "waitid"):
        return has_children()
    import psutil  # noqa: PLC0415 -- milliseconds to import; not the caller's thread

    return bool(psutil.Process().children())


def is_dirty(found: Repository, *, patience_s: Callable[[], float]) -> bool | None:
    """Whether files that git follows are other than in the commit; None: unknown.

    Args:
        found: Where to look.
        patience_s: How long this thread may take in all; asked again and again.
    """
    from shutil import which  # noqa: PLC0415 -- only where there is a repository
    from tempfile import TemporaryFile  # noqa: PLC0415 -- only where there is a repository

    git = which("git")
    if git is None or found.commit is None:
        return None
    # Not a pipe: it may be full, and cannot be waited for everywhere.
    with suppress(OSError), TemporaryFile() as changes:
        process = _started([git, "-C", str(found.root), *_COMPARE], changes)
        if _ended(process, patience_s) == 0:
            return os.fstat(changes.fileno()).st_size > 0
    return None


def _started(words: list[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    others = {
        name: value
        for name, value in os.environ.items()
        if not _OF_OTHERS.fullmatch(name)
    }
    return subprocess.Popen(  # noqa: S603 -- words of ours
        words,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.DEVNULL,
        env={**others, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _ended(process: subprocess.Popen[bytes], patience_s: Callable[[], float]) -> int:
    """Return the exit code; that of a killed one when it took too long."""
    begun_s = time.monotonic()
    while (code := _reaped(process)) is None:
        if time.monotonic() - begun_s > min(patience_s(), GIT_TIMEOUT_S):
            process.kill()
            return _reaped(process, is_awaited=True) or _UNKNOWN
        time.sleep(_LOOK_S)
    return code


def _reaped(
    process: subprocess.Popen[bytes], *, is_awaited: bool = False
) -> int | None:
    """Return the exit code; None while it runs."""
    if sys.platform == "win32":
        return process.wait() if is_awaited else process.poll()
    try:
        pid, status, usage = os.wait4(process.pid, 0 if is_awaited else os.WNOHANG)
    except ChildProcessError:
        # Somebody waits for any child, or children are not waited for at all.
        process.returncode = _UNKNOWN
        return _UNKNOWN
    if not pid:
        return None
    # What it has used is not the model's.
    CHILDREN.leave_out(int((usage.ru_utime + usage.ru_stime) * 1e9))
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode
