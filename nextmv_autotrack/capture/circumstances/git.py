"""git, asked once, by a process that is nobody's child here."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from nextmv_autotrack.capture.resources.usage import CHILDREN

# Nothing is written, nobody is asked, and neither hooks nor a monitor of files run. The
# filters run that the configuration names for a file whose times have changed, as for
# everyone who asks git: without them, each such file of Git LFS would count as changed.
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

# A program may wait for any of its children, as os.wait() does. The shell is one for a
# millisecond; git is none.
_IN_THE_BACKGROUND = '("$@" </dev/null && echo .) &'

NOTHING_CHANGED = b"."
"""What stands behind the last line, and no line of git's begins with."""


class Git:
    """A comparison of files with their commit, under way."""

    def __init__(self, git: str, root: Path) -> None:
        """Start it.

        Raises:
            OSError: It cannot be started.
        """
        words = [git, "-C", str(root), *_COMPARE]
        if sys.platform == "win32":
            # Nobody waits there for a process that they have not started.
            self._lines = TemporaryFile()  # noqa: SIM115 -- see `close`
            self._process = _started(words, self._lines.fileno())
            return
        self._read, write = os.pipe()
        try:
            os.set_blocking(self._read, False)
            command = ["/bin/sh", "-c", _IN_THE_BACKGROUND, "nextmv-autotrack", *words]
            self._process = _started(command, write)
        except BaseException:
            os.close(self._read)
            raise
        finally:
            os.close(write)
        self._process.returncode = 0
        # Who waits for any child may have met the shell: it has ended all the same.
        with suppress(ChildProcessError):
            _, _, used = os.wait4(self._process.pid, 0)
            # What it has used is not the model's.
            CHILDREN.leave_out(int((used.ru_utime + used.ru_stime) * 1e9))

    def said(self) -> bytes | None:
        """Return the first byte, empty if it has failed; None while it says nothing."""
        if sys.platform == "win32":
            code = self._process.poll()
            if code is None:
                return None
            self._lines.seek(0)
            return b"" if code else self._lines.read(1) or NOTHING_CHANGED
        try:
            return os.read(self._read, 1)
        except BlockingIOError:
            return None

    def kill(self) -> None:
        """End it, and all that it has started; only while it says nothing."""
        if sys.platform == "win32":
            self._process.kill()
            self._process.wait()
            return
        # As long as one of them is there, their number is nobody else's.
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let go of the answer."""
        if sys.platform == "win32":
            self._lines.close()
        else:
            os.close(self._read)


def _started(words: list[str], output: int) -> subprocess.Popen[bytes]:
    kept = {k: v for k, v in os.environ.items() if not _OF_OTHERS.fullmatch(k)}
    return subprocess.Popen(  # noqa: S603 -- words of ours
        words,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.DEVNULL,
        env={**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"},
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
