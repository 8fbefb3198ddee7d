"""The process that passes on what this one prints: starting it, and talking to it."""

from __future__ import annotations

import contextlib
import mmap
import os
import pkgutil
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from nextmv_autotrack.capture.resources.usage import CHILDREN
from nextmv_autotrack.journal.descriptors import out_of_the_way

if sys.platform != "win32":
    import fcntl
    import termios

# By which it is known in the process, which imports nothing that takes time.
_PACKAGE = __package__ or ""
_MODULES = ("relay_files", "relay_program")

_RUN = """
import sys
while sys.argv[1] != "--":
    name, text = sys.argv[1:3]
    del sys.argv[1:3]
    module = sys.modules[name] = type(sys)(name)
    exec(compile(text, name, "exec"), vars(module))
del sys.argv[1]
module.main()
"""

# Of the memory that both processes see: the files, and the descriptors 1 and 2.
_SEEN_BYTES = 3

_HEAD = Struct("!cIH")
_ANSWER = Struct("!IIIQB")

# A machine that is busy takes a second to start a Python.
_START_S = 10.0

# Whoever reads what is printed may have stopped, as `less` does: nobody waits for it
# once more before it has gone on.
_ANSWER_S = 5.0

# Set for the process: what is started in its place by mistake starts none.
_IS_RELAY = "_NEXTMV_AUTOTRACK_IS_RELAY"

_PYTHONS = re.compile("(?i)(python|pypy|graalpy)")

# The process is no child of this one for long: who waits for all of their children, as
# os.wait() does, must not wait for it.
_IN_THE_BACKGROUND = '"$@" </dev/null >/dev/null 2>&1 &'


DESCRIPTORS = (1, 2)
"""That are watched; each is a channel, unless it goes the way of the other one."""


class Answer(NamedTuple):
    """What was printed since the last one."""

    first: int
    """The number of the first file that may be there."""
    end: int
    """The number behind the last one."""
    lost_lines: int
    """What there was no room for, of the middle."""
    waiting: int
    """A bit for each channel of which something is not passed on yet."""


class RelayError(OSError):
    """There is no relay, or it does not answer."""


class Relay:
    """A relay of this process; lasts as long as anybody prints to its pipes."""

    def __init__(self) -> None:
        """Start it.

        Raises:
            RelayError: It cannot be started here.
        """
        if os.name != "posix":
            raise RelayError("that takes a system such as Linux or macOS")
        if _IS_RELAY in os.environ:
            raise RelayError("this process was started to record another one")
        self.name = os.urandom(6).hex()
        """For the names of files: no other relay has it."""
        self._lock = threading.Lock()
        self._asked = 0
        self._stopped: set[int] = set()
        """Channels that nobody reads, as it seems."""
        ours, theirs = socket.socketpair()
        # A number below 3 would be taken for what the relay itself prints to.
        theirs = socket.socket(fileno=out_of_the_way(theirs.detach()))
        self._seen, seen_fd = _shared()
        try:
            _start([theirs.fileno(), *seen_fd])
            ours.settimeout(_START_S)
            self._control = ours
            self._received = b""
            self._receive(0)
        except BaseException as problem:
            ours.close()
            if isinstance(problem, Exception):
                raise RelayError(str(problem) or "it does not answer") from problem
            raise
        finally:
            theirs.close()
            for fd in seen_fd:
                os.close(fd)
        fd = out_of_the_way(ours.detach())
        self._control = socket.socket(fileno=fd)
        self._control.settimeout(_ANSWER_S)

    def has_all(self, pipes: Iterable[int], channel: int | None) -> bool:
        """Whether all that was printed to pipes is taken, for certain.

        And, where a channel is named, passed on.
        """
        if self._seen is None or any(map(_bytes_in, pipes)):
            return False
        return not self._seen[0] and not (channel and self._seen[channel])

    def pass_on(self, pipes: Iterable[tuple[str, int, int]]) -> None:
        """Have it read from pipes: a letter, the pipe, and where it goes on to."""
        letters = "".join(letter for letter, _, _ in pipes).encode("ascii")
        fds = [fd for _, *pair in pipes for fd in pair]
        with self._lock:
            socket.send_fds(self._control, [_HEAD.pack(b"B", 0, len(letters))], fds)
            self._control.sendall(letters)

    def keep_in(self, base: str, max_bytes: int, begin: bytes) -> Answer:
        """Drain, and say where what is printed is kept from now on.

        Args:
            base: What the names of the files begin with.
            max_bytes: About how large they are.
            begin: What each begins with.

        Raises:
            RelayError: It does not answer.
        """
        return self._ask(b"F", b"%s\0%d\0%s" % (os.fsencode(base), max_bytes, begin))

    def drain(self, *channels: int, is_end: bool = False) -> Answer:
        """Have all that was printed by now read, and return where it is kept.

        Args:
            channels: Wait until what came by these is where it goes, unless nobody reads
                it there.
            is_end: Nothing of these pipes is to be kept any more.

        Raises:
            RelayError: It does not answer.
        """
        wanted = set(channels) - self._stopped
        letters = "".join(map(str, wanted)).encode("ascii")
        return self._ask(b"E" if is_end else b"D", letters, wanted)

    def _ask(self, what: bytes, told: bytes, wanted: Iterable[int] = ()) -> Answer:
        with self._lock:
            try:
                self._asked += 1
                self._control.sendall(_HEAD.pack(what, self._asked, len(told)) + told)
                answer = self._receive(2 * self._asked)
                late = {one for one in DESCRIPTORS if answer.waiting >> one & 1}
                self._stopped &= late
                if late := late.intersection(wanted):
                    self._wait_for(late)
            except OSError as problem:
                raise RelayError(str(problem)) from problem
        return answer

    def _wait_for(self, channels: set[int]) -> None:
        try:
            self._receive(2 * self._asked + 1)
        except TimeoutError:
            self._stopped |= channels

    def close(self) -> None:
        """Say nothing any more: it goes on as long as anybody prints to its pipes."""
        with contextlib.suppress(OSError):
            self._control.close()

    def _receive(self, number: int) -> Answer:
        """Return the answer to a question; those that nobody has waited for are old."""
        while True:
            while len(self._received) < _ANSWER.size:
                piece = self._control.recv(_ANSWER.size - len(self._received))
                if not piece:
                    raise OSError("it has ended")
                self._received += piece
            answer, self._received = self._received, b""
            found, *told = _ANSWER.unpack(answer)
            if found == number:
                return Answer(*told)


def _shared() -> tuple[mmap.mmap | None, list[int]]:
    """Return memory that the relay sees, too, and the descriptor it gets it by."""
    # Some Pythons for Linux were built where there is none. Elsewhere, pipes tell only
    # at the other end how much is in them.
    if sys.platform != "linux" or not hasattr(os, "memfd_create"):
        return None, []
    fd = out_of_the_way(os.memfd_create("nextmv-autotrack"))
    os.ftruncate(fd, _SEEN_BYTES)
    return mmap.mmap(fd, _SEEN_BYTES), [fd]


def _bytes_in(pipe: int) -> int:
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, b"0000"), sys.byteorder)


def _start(fds: list[int]) -> None:
    program = [word for name in _MODULES for word in _source(name)]
    if not _is_python(sys.executable):
        raise OSError("there is no Python to start it with")
    numbers = map(str, fds)
    command = [sys.executable, "-I", "-S", "-c", _RUN, *program, "--", *numbers]
    shell = subprocess.Popen(  # noqa: S603 -- a program of ours
        ["/bin/sh", "-c", _IN_THE_BACKGROUND, "nextmv-autotrack", *command],
        pass_fds=fds,
        env={**os.environ, _IS_RELAY: "1"},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    if _exit_code(shell):
        raise OSError("it cannot be started")


def _source(name: str) -> tuple[str, str]:
    source = pkgutil.get_data(_PACKAGE, f"{name}.py")
    if source is None:
        raise OSError("the program to start is not there")
    return f"{_PACKAGE}.{name}", source.decode()


def _is_python(executable: str | None) -> bool:
    """Whether a program would run ours, and not be the user's own once more."""
    is_frozen = getattr(sys, "frozen", False) or "__compiled__" in globals()
    if is_frozen or not executable:
        return False
    # What Python was made part of, such as a server, may take itself for one.
    path = Path(executable)
    names = {path.name, path.resolve().name}
    return any(_PYTHONS.match(name) for name in names)


def _exit_code(shell: subprocess.Popen[bytes]) -> int:
    try:
        _, status, used = os.wait4(shell.pid, 0)
    except ChildProcessError:
        # Somebody waits for any child, or none is waited for: it is seen by its silence.
        shell.returncode = 0
        return 0
    # What it has used is not the model's.
    CHILDREN.leave_out(int((used.ru_utime + used.ru_stime) * 1e9))
    shell.returncode = os.waitstatus_to_exitcode(status)
    return shell.returncode
