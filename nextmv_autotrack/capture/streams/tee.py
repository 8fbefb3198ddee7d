"""Seeing what is written to a stream object, which stays the object it is.

Its `write` is replaced by one of the instance: `isatty`, `fileno`, `encoding`, `buffer`
and `reconfigure` answer as before, `sys.stdout is sys.__stdout__` still holds, and who
has kept the stream, as a logging handler does, is seen, too. What the program does with
`sys.stdout` itself, such as `contextlib.redirect_stdout`, meets nothing of ours.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import get_ident
from typing import TYPE_CHECKING, Any, Protocol

from nextmv_autotrack.capture.context import (
    and_around,
    enclosing,
    the_only_one,
)
from nextmv_autotrack.capture.failures import without_our_frames
from nextmv_autotrack.capture.open_run import OpenRun, Printed
from nextmv_autotrack.capture.streams.bypass import Bypass
from nextmv_autotrack.capture.streams.printed import is_of_this_process
from nextmv_autotrack.capture.streams.said import who_knows

if TYPE_CHECKING:
    from nextmv_autotrack.capture.streams.descriptors import Descriptors

_MISSING = object()

_NUMBERS = {"stdout": 1, "stderr": 2}
_OTHER = {1: 2, 2: 1}

# Besides `write`, what hands pending text on to the buffer.
_HANDS_ON = ("flush", "reconfigure", "detach", "close")

# Threads that are inside a write that is seen: what a stream writes to the one under
# it, be it the bytes of a text or a stream that was replaced by a wrapper of it, is the
# same text.
_inside: set[int] = set()


class Watching(Protocol):
    """What is in place besides."""

    descriptors: Descriptors | None
    threads_before: frozenset[int | None]

    def take(self, *, passed_on_to: int | None = None) -> None:
        """Give the runs what was printed to the descriptors by now."""

    def all_by_descriptor(self) -> list[OpenRun]:
        """The runs that are to have all that this process prints."""


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
        """Which of them it writes to; None: neither."""
        self.bypass = None if self.descriptor is None else Bypass.of(stream)
        self.is_on = False
        self._is_within_line = False
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
                write = buffer.write
                if self.bypass is not None:
                    write = self.bypass.around(write)
                self._replace(buffer, "write", self._seen(self._in_order(write)))
                for name in _HANDS_ON:
                    if hasattr(self.stream, name):
                        method = getattr(self.stream, name)
                        self._replace(self.stream, name, self._inside_of(method))
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        """See no more; what others have put over ours stays, and goes through."""
        self.is_on = False
        if self.bypass is not None:
            self.bypass.lead_to(None)
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
            try:
                if not self.is_on or me in _inside or self._is_seen_elsewhere:
                    return write(*args, **kwargs)
                takers = self._takers()
                self._before_text(takers)
                _inside.add(me)
                try:
                    result = write(*args, **kwargs)
                except KeyboardInterrupt:
                    # Most often it comes when all is written.
                    self._give(takers, args)
                    raise
                finally:
                    _inside.discard(me)
                self._give(takers, args)
            except BaseException as error:
                without_our_frames(error)
                raise
            return result

        return seen

    def _in_order(self, write: Callable[..., Any]) -> Callable[..., Any]:
        """Return what to call in place of the `write` of the buffer of a stream.

        The text layer calls it with lines that are complete, which are out of it by
        then: while this waits, other threads may print, and break no line by it.
        """

        def in_order(*args: Any, **kwargs: Any) -> Any:
            try:
                if self.is_on:
                    self._let_c_go_first()
                return write(*args, **kwargs)
            except BaseException as error:
                without_our_frames(error)
                raise

        return in_order

    @property
    def _is_seen_elsewhere(self) -> bool:
        """Whether it arrives at a descriptor that is watched, by ways not known here."""
        watched = self._watching.descriptors
        return (
            watched is not None and self.descriptor is not None and self.bypass is None
        )

    def _let_c_go_first(self) -> None:
        """Pass on what C code has printed: what follows goes another way."""
        watched = self._watching.descriptors
        if watched is None or self.bypass is None or self.descriptor is None:
            return
        past = _way_past(watched, self.descriptor)
        if past is not None:
            me = get_ident()
            is_inside = me in _inside
            # Here a signal handler may be called; what it prints is news.
            _inside.discard(me)
            try:
                self._watching.take(passed_on_to=self.descriptor)
            finally:
                if is_inside:
                    _inside.add(me)
        self.bypass.lead_to(past)

    def _before_text(self, takers: list[Printed]) -> None:
        if (
            self.bypass is None
            and not self._is_within_line
            and self._watching.descriptors is not None
            and any(printed.by_descriptor for printed in takers)
        ):
            # Only for a run's own prints: those of C code may be read by the very
            # thread that prints them here, as in a notebook.
            self._watching.take(passed_on_to=_NUMBERS[self.name])

    def _give(self, takers: list[Printed], args: tuple[Any, ...]) -> None:
        if not args:
            return
        piece = _as_bytes(args[0])
        self._is_within_line = not piece.endswith(b"\n")
        if not takers:
            return
        # Not at each piece of a line: meanwhile other threads would print theirs.
        if b"\n" in piece and any(printed.by_descriptor for printed in takers):
            self._watching.take()
        for printed in takers:
            printed.add(self.name, piece)

    def _takers(self) -> list[Printed]:
        """The runs that are to have what is written now: those of this context.

        What is printed where there is none is for those that want all of the process.
        """
        known = who_knows() or ()
        is_redirected = self._watching.descriptors is not None
        found = and_around(enclosing()) or self._of_threads_without()
        takers: list[Printed] = []
        for opened in found:
            printed = opened.printed
            if printed is None or not opened.is_open or opened in known:
                continue
            # In a forked child it arrives at the parent's relay.
            is_seen = self.descriptor is not None and printed.by_descriptor
            if not is_seen or (is_redirected and is_of_this_process(opened)):
                takers.append(printed)
        return takers

    def _of_threads_without(self) -> list[OpenRun]:
        """The runs that are to have what is printed outside of every run."""
        if self.bypass is None and get_ident() in self._watching.threads_before:
            # It may be what reads the descriptors, as in a notebook.
            return []
        all_of_it = self._watching.all_by_descriptor()
        only = the_only_one()
        if only is None or only in all_of_it or only.printed is None:
            return all_of_it
        # As its records, but of other threads alone: here a consumer may print, while
        # the generator that is the run waits.
        return all_of_it if only.printed.is_begun_here else [*all_of_it, only]

    def _inside_of(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def inside(*args: Any, **kwargs: Any) -> Any:
            me = get_ident()
            try:
                if not self.is_on or me in _inside:
                    return method(*args, **kwargs)
                self._let_c_go_first()
                _inside.add(me)
                try:
                    return method(*args, **kwargs)
                finally:
                    _inside.discard(me)
            except BaseException as error:
                without_our_frames(error)
                raise

        return inside


def _way_past(watched: Descriptors, number: int) -> int | None:
    """Where to write what is not to arrive at the relay; None: to where it leads."""
    try:
        past = watched.way_past(number)
        if past is None and _lead_to_the_same():
            # By os.dup2(2, 1), say: it arrives there by the other pipe.
            past = watched.way_past(_OTHER[number])
    except OSError:  # closed: the write says so
        return None
    return past


def _lead_to_the_same() -> bool:
    return os.path.sameopenfile(*_OTHER)


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
