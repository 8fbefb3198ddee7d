"""The program that passes on what a process prints, and keeps it: run by itself.

It is a process of its own, so that it reads while the other one's threads cannot, since
a solver holds Python's lock, and so that what was printed is on the disk when the other
one is killed. It waits for nobody who reads, up to a bound: that may be a thread of the
other one. It imports nothing that takes time: it is started in the middle of a run.

What it is told, by the socket it is given: a head of `!cIH` (what, number, bytes that
follow). `B`: pipes, and where what comes out of each goes on to, as descriptors; the
bytes are a letter for each pipe, `1` or `2`. `D`: read all that was printed by now.
Answered at once by twice the number, the files there are, and a bit for each letter of
which something is not passed on yet; and, where such a letter is among the bytes that
follow, by one more than that number once it is. `E`: as `D`, and keep nothing of these
pipes any more. `F`: as `D`, and keep what is printed from now on in files whose names
begin so, that are about so large, and that themselves begin so.

It may be given memory that both processes see: the first byte says that there may be
something in the files, the others, by letter, that something is not passed on yet. Who
sees a pipe that is empty, and then zeros, need not ask.

It is two processes. The other one holds the same pipes and does nothing, until the first
is killed, for which the system may have its reasons: it then passes on what comes, so
that whoever prints does not meet the end of a pipe.
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

from nextmv_autotrack.capture.streams.relay_files import Files

_HEAD = struct.Struct("!cIH")
_ANSWER = struct.Struct("!IIIQB")
_NOTHING = (0, 0, 0)
# To the stand-in: what, the letter, and the number of the pipe.
_TOLD = struct.Struct("!ccI")

_READ_BYTES = 64 * 1024

# What a pipe that is ready takes without waiting, everywhere.
_READY_BYTES = 512 if sys.platform == "darwin" else 4096

# Kept in memory for a reader that does not read; then whoever prints has to wait, too.
_MOST_WAITING_BYTES = 64 * 1024 * 1024

# All that was printed before somebody asks is in the pipe, whose size is mostly 64 KiB;
# whoever goes on printing must not keep them waiting for ever.
_MOST_OF_A_PIPE_BYTES = 1024 * 1024


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

    def __init__(
        self,
        control: _socket.socket | None,
        seen: bytearray | mmap.mmap,
        stand_in: _socket.socket | None = None,
    ) -> None:
        self._control = control
        self._seen = seen
        self._stand_in = stand_in
        self._files = Files()
        self._channels: list[Channel] = []
        self._asked: tuple[int, bytes] | None = None
        """What is to be answered once all of these letters is passed on."""

    def add(self, letter: bytes, pipe: int, sink: int) -> None:
        """Pass on from a pipe, too."""
        self._channels.append(Channel(letter, pipe, sink))
        self._tell_stand_in(b"B", letter, pipe, sink)

    def _tell_stand_in(self, what: bytes, letter: bytes, pipe: int, *sink: int) -> None:
        if self._stand_in is None:
            return
        fds = struct.pack("2i", pipe, *sink) if sink else b""
        more = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, fds)] if fds else []
        try:
            self._stand_in.sendmsg([_TOLD.pack(what, letter, pipe)], more)
        except OSError:
            self._stand_in = None  # it was killed

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
        # First: what is in the pipe no more is seen to be here.
        self._seen[int(channel.letter)] = 1
        before, self._seen[0] = self._seen[0], 1
        piece = channel.read()
        if piece and channel.is_kept:
            self._files.keep(channel.letter, piece)
        else:
            self._seen[0] = before
        return len(piece)

    def _settle(self) -> None:
        """Let go of what has ended; say what is passed on."""
        for channel in [*self._channels]:
            if channel.has_ended and not channel.waiting:
                self._channels.remove(channel)
                self._tell_stand_in(b"E", channel.letter, channel.pipe)
                os.close(channel.pipe)
                os.close(channel.sink)
        waiting = self._waiting()
        for letter in b"12":
            self._seen[int(chr(letter))] = letter in waiting
        if self._asked is not None and not waiting.intersection(self._asked[1]):
            self._answer(self._asked[0] + 1, _NOTHING)
            self._asked = None

    def _waiting(self) -> set[int]:
        """Return the letters of which something is not passed on yet."""
        return {channel.letter[0] for channel in self._channels if channel.waiting}

    def _listen(self, control: _socket.socket) -> None:
        """Do what the other process says next."""
        head, fds = _received(control, _HEAD.size)
        if not head:
            # It has died, or has become another program: what its children print goes
            # on, and is nobody's.
            self._drain(is_end=True)
            self._files.complete()
            control.close()
            self._control = self._asked = None
            return
        what, number, size = _HEAD.unpack(head)
        told = _received(control, size)[0] if size else b""
        if what == b"B":
            for letter, pipe, sink in zip(told, fds[::2], fds[1::2], strict=False):
                self.add(bytes([letter]), pipe, sink)
            return
        self._drain(is_end=what == b"E")
        self._asked = None if what == b"F" else (2 * number, told)
        self._seen[0] = 0
        self._answer(2 * number, self._files.taken())
        if what == b"F":
            self._files.base, most, self._files.begin = told.split(b"\0", 2)
            self._files.most_bytes = int(most)

    def _drain(self, *, is_end: bool) -> None:
        for channel in self._channels:
            if not channel.is_kept:
                continue
            read = 1
            while read and read < _MOST_OF_A_PIPE_BYTES and not channel.has_ended:
                if len(channel.waiting) >= _MOST_WAITING_BYTES and not is_end:
                    break
                size = self._read(channel)
                read = read + size if size else 0
            channel.is_kept = not is_end
            channel.pass_on()

    def _answer(self, number: int, told: tuple[int, int, int]) -> None:
        try:
            if self._control is not None:
                bits = sum(1 << int(chr(letter)) for letter in self._waiting())
                self._control.sendall(_ANSWER.pack(number, *told, bits))
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
    seen: bytearray | mmap.mmap = bytearray(3)
    if len(sys.argv) > 2:
        seen = mmap.mmap(int(sys.argv[2]), len(seen))
    ours, theirs = _socket.socketpair()
    if os.fork():
        control.close()
        theirs.close()
        _stand_in(ours, seen)
        return
    ours.close()
    # Rather without it than to wait for it.
    theirs.settimeout(0)
    control.sendall(_ANSWER.pack(0, *_NOTHING, 0))
    Relay(control, seen, theirs).run()


def _stand_in(told: _socket.socket, seen: bytearray | mmap.mmap) -> None:
    """Wait for the end of the other one, and pass on what it has left."""
    channels: dict[int, tuple[bytes, list[int]]] = {}
    while True:
        data, fds = _received(told, _TOLD.size)
        if not data:
            break
        what, letter, pipe = _TOLD.unpack(data)
        if what == b"B":
            channels[pipe] = letter, fds
        else:
            for fd in channels.pop(pipe)[1]:
                os.close(fd)
    os.wait()
    seen[0] = 1  # whoever asks about it is to notice
    relay = Relay(None, bytearray(len(seen)))
    for letter, (pipe, sink) in channels.values():
        relay.add(letter, pipe, sink)
    relay.run()


if __name__ == "__main__":
    main()
