"""Seeing what is written to a stream object, which stays the object it is.

Its `write` is replaced by one of the instance: `isatty`, `fileno`, `encoding`, `buffer`
and `reconfigure` answer as before, `sys.stdout is sys.__stdout__` still holds, and who
has kept the stream, as a logging handler does, is seen, too. What the program does with
`sys.stdout` itself, such as `contextlib.redirect_stdout`, meets nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from threading import get_ident
from typing import TYPE_CHECKING, Any, Protocol

from nextmv_autotrack.capture.context import enclosing
from nextmv_autotrack.capture.open_run import OpenRun, Printed
from nextmv_autotrack.capture.streams.said import who_knows

if TYPE_CHECKING:
    from nextmv_autotrack.capture.streams.descriptors import Descriptors

_MISSING = object()

# Besides `write`, what hands pending text on to the buffer.
_HANDS_ON = ("flush", "reconfigure", "detach", "close")

# Threads that are inside a write that is seen: what a stream writes to the one under
# it, be it the bytes of a text or a stream that was replaced by a wrapper of it, is the
# same text.
_inside: set[int] = set()


Known = Collection[OpenRun] | None
Write = Callable[..., Any]


class Watching(Protocol):
    """What is in place besides."""

    descriptors: Descriptors | None

    def take(self, *, is_passed_on: bool = False) -> None:
        """Give the runs what was printed to the descriptors by now."""


class Tee:
    """Sees the writes to one stream and to its buffer.

    Args:
        stream: The stream; its writes go on as before.
        name: What the stream is to the log, `stdout` or `stderr`.
        watching: Knows whether the descriptors are watched, too.
    """

    def __init__(self, stream: Any, name: str, watching: Watching) -> None:
        self.stream = stream
        self._watching = watching
        self.name = name
        self.descriptor = _descriptor_of(stream)
        self.is_on = False
        self._replaced: list[tuple[Any, str, object, object]] = []

    def install(self) -> None:
        """Begin to see writes.

        Raises:
            AttributeError: The stream does not let its methods be replaced.
            TypeError: The same.
        """
        self.is_on = True
        try:
            self._replace(self.stream, "write", self._seen(self.stream.write))
            buffer: Any = getattr(self.stream, "buffer", None)
            if hasattr(buffer, "write") and hasattr(buffer, "__dict__"):
                self._replace(buffer, "write", self._seen(buffer.write))
                for name in _HANDS_ON:
                    if hasattr(self.stream, name):
                        method = getattr(self.stream, name)
                        self._replace(self.stream, name, _inside_of(method))
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        """See no more; what others have put over ours stays, and goes through."""
        self.is_on = False
        while self._replaced:
            owner, name, ours, before = self._replaced.pop()
            if vars(owner).get(name) is not ours:
                continue
            if before is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, before)

    def keep_answering(self) -> None:
        """Keep saying whether it is a terminal, also when a pipe is in between."""
        if self.descriptor is not None:
            answer = self.stream.isatty()
            self._replace(self.stream, "isatty", lambda: answer)

    def _replace(self, owner: Any, name: str, ours: Callable[..., Any]) -> None:
        before = vars(owner).get(name, _MISSING)
        setattr(owner, name, ours)
        self._replaced.append((owner, name, ours, before))

    def _seen(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def seen(*args: Any, **kwargs: Any) -> Any:
            me = get_ident()
            if not self.is_on or me in _inside:
                return write(*args, **kwargs)
            known = who_knows()
            takers = self._takers(known)
            _inside.add(me)
            try:
                if self._watching.descriptors is None:
                    result = write(*args, **kwargs)
                else:
                    result = self._write_beside(takers, known, write, *args, **kwargs)
            finally:
                _inside.discard(me)
            if takers and args:
                piece = _as_bytes(args[0])
                for printed in takers:
                    printed.add(self.name, piece)
            return result

        return seen

    def _write_beside(
        self,
        takers: list[Printed],
        known: Known,
        write: Write,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Write while the descriptors are watched, too."""
        watched = self._watching.descriptors
        if self.descriptor is None:
            # It goes where C code prints to, by another way. Only for a run's own
            # writes: what it waits for may be read by the thread that writes here.
            if any(printed.by_descriptor for printed in takers):
                self._watching.take(is_passed_on=True)
        elif known and watched is not None and len(args) == 1 and not kwargs:
            asked = [opened.printed for opened in known]
            if any(printed is not None and printed.by_descriptor for printed in asked):
                return watched.write_past(self.stream, self.descriptor, write, args[0])
        return write(*args, **kwargs)

    def _takers(self, known: Known) -> list[Printed]:
        """The runs of this context that are to have what is written now."""
        takers: list[Printed] = []
        opened = enclosing()
        has_descriptor = self.descriptor is not None
        while opened is not None:
            printed = opened.printed
            is_news = opened.is_open and (known is None or opened not in known)
            # What arrives at a descriptor is seen there.
            is_seen = has_descriptor and printed is not None and printed.by_descriptor
            if printed is not None and is_news and not is_seen:
                takers.append(printed)
            opened = opened.parent
        return takers


def _inside_of(method: Callable[..., Any]) -> Callable[..., Any]:
    def inside(*args: Any, **kwargs: Any) -> Any:
        me = get_ident()
        if me in _inside:
            return method(*args, **kwargs)
        _inside.add(me)
        try:
            return method(*args, **kwargs)
        finally:
            _inside.discard(me)

    return inside


def _as_bytes(written: Any) -> bytes:
    if isinstance(written, str):
        return written.encode("utf-8", "backslashreplace")
    return bytes(written)


def _descriptor_of(stream: Any) -> int | None:
    """Which of the descriptors 1 and 2 a stream writes to; None: neither."""
    try:
        number = stream.fileno()
    except Exception:  # noqa: BLE001 -- a stream of anybody's
        return None
    return number if number in (1, 2) else None
