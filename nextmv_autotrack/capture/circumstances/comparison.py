"""Whether files have changed since the commit: git is asked, and never waited for."""

from __future__ import annotations

import math
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nextmv_autotrack.capture.resources.sampler import has_children
from nextmv_autotrack.clock import Clock

if TYPE_CHECKING:
    from nextmv_autotrack.capture.circumstances.git import Git

# To compare a hundred thousand files takes half a second. A repository for which this is
# not enough has a commit, and nobody knows whether it is changed.
GIT_TIMEOUT_S = 2.0

# Looked for again when half as much time has passed as git has had, from this on.
_FIRST_LOOK_S = 0.005

# How soon it is looked again whether somebody still waits for this thread.
_HURRIED_S = 0.1


class Comparison:
    """Asks git once whether files that it follows are other than in the commit."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._git: Git | None = None
        self._begun_s = 0.0
        self.is_dirty: bool | None = None
        """The answer; None: not known, or not yet."""
        self.has_ended = False
        """Whether there is nothing more to come."""

    def go_on(self, *, may_begin: bool) -> float:
        """Begin, or look for the answer; return when to do so again.

        Args:
            may_begin: Whether nobody waits for this thread.
        """
        if self.has_ended:
            return math.inf
        now_s = self._clock.steady()
        if self._git is not None:
            return self._look(self._git, now_s)
        if not may_begin:
            return now_s + _HURRIED_S
        if is_to_wait():
            return math.inf  # at the next run
        self._begin(now_s)
        return now_s + _FIRST_LOOK_S

    def _begin(self, now_s: float) -> None:
        from shutil import which  # noqa: PLC0415 -- only where there is a repository

        from nextmv_autotrack.capture.circumstances.git import Git  # noqa: PLC0415 -- as above

        self._begun_s = now_s
        try:
            found = which("git")
            self._git = None if found is None else Git(found, self._root)
        except OSError:  # no process more, no descriptor more
            self._git = None
        self.has_ended = self._git is None

    def _look(self, git: Git, now_s: float) -> float:
        from nextmv_autotrack.capture.circumstances.git import NOTHING_CHANGED  # noqa: PLC0415 -- as above

        said, age_s = git.said(), now_s - self._begun_s
        if said is None and age_s < GIT_TIMEOUT_S:
            return now_s + max(_FIRST_LOOK_S, age_s / 2)
        if said:
            self.is_dirty = said != NOTHING_CHANGED
        self._leave(git, is_killed=said is None)
        return now_s

    def end(self) -> None:
        """End git if it is under way: the program ends."""
        if self._git is not None:
            self._leave(self._git, is_killed=self._git.said() is None)

    def begin_anew(self) -> None:
        """Leave to its parent, in a forked child, what that has begun."""
        if self._git is not None:
            self._leave(self._git, is_killed=False)
            self.has_ended = False

    def _leave(self, git: Git, *, is_killed: bool) -> None:
        self._git, self.has_ended = None, True
        if is_killed:
            git.kill()
        git.close()


def is_to_wait() -> bool:
    """Whether git is not to be started now.

    A program that waits for any of its children must not meet the shell that starts git,
    which lives for a millisecond. Meanwhile, no other is forked: see `ForkGate`.
    """
    if sys.platform == "win32":
        return False
    if os.getpid() == 1:
        return True  # who has lost its parent becomes a child of this program
    if signal.getsignal(signal.SIGCHLD) is not signal.SIG_DFL:
        return True  # it is told of each of its children, or of none
    if hasattr(os, "waitid"):
        return has_children()
    import psutil  # noqa: PLC0415 -- milliseconds to import; not the caller's thread

    return bool(psutil.Process().children())
