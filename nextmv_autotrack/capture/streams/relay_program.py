"""The program that passes on what a process prints, and keeps it: run by itself.

It is a process of its own, so that it reads while the other one's threads cannot, since
a solver holds Python's lock, and so that what was printed is on the disk when the other
one is killed. It waits for nobody who reads, up to a bound: that may be a thread of the
other one. It imports nothing that takes time: it is started in the middle of a run.

What it is told, by the socket it is given: a head of `!cIH` (what, number, bytes that
follow). `B`: pipes, and where what comes out of each goes on to, as descriptors; the
bytes are a letter for each pipe. `D`: read all that was printed by now. Answered at once
by twice the number and the files there are, and by one more than that once all of it is
passed on. `E`: as `D`, and keep nothing of these pipes any more. `F`: as `D`, and keep
what is printed from now on in files whose names begin so, that are about so large, and
that themselves begin so.

It may be given memory that both processes see: the first byte says that something is not
passed on yet, and the second that there is something in the files. Who sees a pipe that
is empty, and then two zeros, need not ask.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # signal itself takes milliseconds
import _socket
import mmap
import os
import select
import stat
import struct
import sys

_HEAD = struct.Struct("!cIH")
_ANSWER = struct.Struct("!IIIQ")
_PIECE = struct.Struct("!cI")

_READ_BYTES = 64 * 1024

# What a pipe that is ready takes without waiting, everywhere.
_READY_BYTES = 512 if sys.platform == "darwin" else 4096

# Kept in memory for a reader that does not read; then whoever prints has to wait, too.
_MOST_WAITING_BYTES = 64 * 1024 * 1024

# All that was printed before somebody asks is in the pipe, whose size is mostly 64 KiB;
# whoever goes on printing must not keep them waiting for ever.
_MOST_OF_A_PIPE_BYTES = 1024 * 1024

# Of what nobody takes, the first file is kept, and the last two.
_FILES_KEPT = 3


class Files:
    """What is printed, in files that the other process takes away."""

    def __init__(self) -> None:
        self.base = self.begin = b""
        self.most_bytes = 0
        self._fd = -1
        self._bytes = 0
        self._number = 0
        self._lines = 0
        self._there: list[tuple[int, int]] = []
        """Number and lines of each."""
        self._lost_lines = 0

    def keep(self, letter: bytes, piece: bytes) -> None:
        """Keep a piece, once it is known where."""
        if not self.base:
            return
        try:
            if self._fd < 0 or self._bytes >= self.most_bytes:
                self._next()
            os.write(self._fd, _PIECE.pack(letter, len(piece)) + piece)
            self._bytes += len(piece)
            self._lines += piece.count(b"\n")
        except OSError:
            # A full disk: it still reaches the terminal.
            self._lost_lines += piece.count(b"\n")

    def taken(self) -> tuple[int, int, int]:
        """Return what files there are, which are the other process's from now on."""
        self.complete()
        first = self._there[0][0] if self._there else self._number
        lost, self._lost_lines = self._lost_lines, 0
        self._there.clear()
        return first, self._number, lost

    def complete(self) -> None:
        """End the file that is being written, if there is one."""
        if self._fd >= 0:
            os.close(self._fd)
            self._there[-1] = (self._number - 1, self._lines)
        self._fd, self._bytes, self._lines = -1, 0, 0

    def _next(self) -> None:
        self.complete()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        number, self._number = self._number, self._number + 1
        self._fd = os.open(self._path(number), flags, 0o600)
        self._there.append((number, 0))
        os.write(self._fd, self.begin)
        if len(self._there) > _FILES_KEPT:
            left_out, lines = self._there.pop(1)
            os.unlink(self._path(left_out))  # noqa: PTH108 -- pathlib takes milliseconds
            self._lost_lines += lines

    def _path(self, number: int) -> bytes:
        return self.base + b".%d.printed" % number


class Channel:
    """One pipe, and where what comes out of it goes on to."""

    def __init__(self, letter: bytes, pipe: int, sink: int) -> None:
        os.set_blocking(pipe, False)
        self.letter, self.pipe, self.sink = letter, pipe, sink
        self.is_kept = True
        self.has_ended = False
        """Nobody prints to it any more."""
        self.waiting = bytearray()
        """What was read and is not passed on yet."""
        self._ready = select.poll()
        self._ready.register(sink, select.POLLOUT)
        is_file = stat.S_ISREG(os.fstat(sink).st_mode)
        self._most_bytes = _READ_BYTES if is_file else _READY_BYTES

    def read(self) -> bytes:
        """Return a piece; nothing when there is none now."""
        try:
            piece = os.read(self.pipe, _READ_BYTES)
        except BlockingIOError:
            return b""
        self.has_ended = not piece
        self.waiting += piece
        return piece

    def pass_on(self) -> None:
        """Pass on what can be without waiting."""
        while self.waiting and self._ready.poll(0):
            try:
                passed = os.write(self.sink, self.waiting[: self._most_bytes])
            except BlockingIOError:
                return
            except BrokenPipeError:
                # Nobody reads on, which whoever prints is to notice.
                self.waiting.clear()
                self.has_ended = True
                return
            except OSError:
                # A full disk, a terminal that is gone: what follows may have room.
                self.waiting.clear()
                return
            del self.waiting[:passed]


class Relay:
    """Passes on, and listens to whoever has started it."""

    def __init__(self, control: _socket.socket, seen: bytearray | mmap.mmap) -> None:
        self._control: _socket.socket | None = control
        self._seen = seen
        self._files = Files()
        self._channels: list[Channel] = []
        self._asked: int | None = None
        """Who is to be told once all is passed on."""

    def run(self) -> None:
        """Go on until nobody is left who could print."""
        while self._control is not None or self._channels:
            wanted = select.poll()
            if self._control is not None:
                wanted.register(self._control.fileno(), select.POLLIN)
            for channel in self._channels:
                if len(channel.waiting) < _MOST_WAITING_BYTES and not channel.has_ended:
                    wanted.register(channel.pipe, select.POLLIN)
                if channel.waiting:
                    wanted.register(channel.sink, select.POLLOUT)
            ready = {fd for fd, _ in wanted.poll()}
            for channel in self._channels:
                if channel.pipe in ready:
                    self._read(channel)
                channel.pass_on()
            if self._control is not None and self._control.fileno() in ready:
                self._listen(self._control)
            self._settle()

    def _read(self, channel: Channel) -> int:
        self._seen[0] = 1  # first: what is in the pipe no more is seen to be here
        piece = channel.read()
        if piece and channel.is_kept:
            self._files.keep(channel.letter, piece)
            self._seen[1] = 1
        return len(piece)

    def _settle(self) -> None:
        """Let go of what has ended; say so when all is passed on."""
        for channel in [*self._channels]:
            if channel.has_ended and not channel.waiting:
                self._channels.remove(channel)
                os.close(channel.pipe)
                os.close(channel.sink)
        if any(one.waiting for one in self._channels):
            return
        self._seen[0] = 0
        if self._asked is not None:
            self._answer(self._asked + 1, (0, 0, 0))
            self._asked = None

    def _listen(self, control: _socket.socket) -> None:
        """Do what the other process says next."""
        head, fds = _received(control, _HEAD.size)
        if not head:
            # It has died, or has become another program: what it prints goes on.
            control.close()
            self._control = self._asked = None
            return
        what, number, size = _HEAD.unpack(head)
        told = _received(control, size)[0] if size else b""
        if what == b"B":
            for letter, pipe, sink in zip(told, fds[::2], fds[1::2], strict=False):
                self._channels.append(Channel(bytes([letter]), pipe, sink))
            return
        self._drain(is_end=what == b"E")
        self._asked = 2 * number
        self._seen[1] = 0
        self._answer(self._asked, self._files.taken())
        if what == b"F":
            self._files.base, most, self._files.begin = told.split(b"\0", 2)
            self._files.most_bytes = int(most)

    def _drain(self, *, is_end: bool) -> None:
        for channel in self._channels:
            if not channel.is_kept:
                continue
            read = 1
            while read and read < _MOST_OF_A_PIPE_BYTES and not channel.has_ended:
                size = self._read(channel)
                read = read + size if size else 0
            channel.is_kept = not is_end
            channel.pass_on()

    def _answer(self, number: int, told: tuple[int, int, int]) -> None:
        try:
            if self._control is not None:
                self._control.sendall(_ANSWER.pack(number, *told))
        except OSError:
            return  # it has just died


def _received(control: _socket.socket, size: int) -> tuple[bytes, list[int]]:
    """Return so many bytes, and what descriptors came with them; no bytes at the end."""
    data = b""
    fds: list[int] = []
    room = _socket.CMSG_LEN(4 * struct.calcsize("i"))
    while len(data) < size:
        try:
            piece, more, _, _ = control.recvmsg(size - len(data), room)
        except OSError:
            return b"", fds  # it has died
        for level, kind, given in more:
            if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
                fds += struct.unpack(f"{len(given) // 4}i", given)
        if not piece:
            return b"", fds
        data += piece
    return data, fds


def main() -> None:
    """Relay for the process that has started this one."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP", "SIGTTOU"):
        _signal.signal(getattr(_signal, name), _signal.SIG_IGN)
    os.chdir("/")
    control = _socket.socket(fileno=int(sys.argv[1]))
    seen: bytearray | mmap.mmap = bytearray(2)
    if len(sys.argv) > 2:
        seen = mmap.mmap(int(sys.argv[2]), len(seen))
    control.sendall(_ANSWER.pack(0, 0, 0, 0))
    Relay(control, seen).run()


if __name__ == "__main__":
    main()
