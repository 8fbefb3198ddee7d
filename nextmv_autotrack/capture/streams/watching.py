"""Which runs want what is printed, and what is in place for them meanwhile."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from nextmv_autotrack import safely
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.streams.printed import Printed, is_of_this_process
from nextmv_autotrack.capture.streams.said import nobody_prints, watched_streams
from nextmv_autotrack.capture.streams.tee import Tee

if TYPE_CHECKING:
    from nextmv_autotrack.capture.streams.descriptors import Descriptors
    from nextmv_autotrack.capture.streams.relay import Relay


class Watching:
    """The runs of this process that want what is printed, and how they get it."""

    def __init__(self) -> None:
        # Re-entrant: a signal handler may call what is tracked.
        self._lock = threading.RLock()
        self._runs: list[OpenRun] = []
        self._tees: dict[int, Tee] = {}
        self.descriptors: Descriptors | None = None
        """While they are redirected, which is while a run asks for it."""
        self.threads_before: frozenset[int | None] = frozenset()
        """Those that ran when they were redirected."""
        self._relay: Relay | None = None

    def begin(self, opened: OpenRun) -> None:
        """Give a run what is printed from now on."""
        with self._lock:
            printed = opened.printed = Printed(opened, self.take)
            self._runs.append(opened)
            self._watch("stdout", sys.stdout)
            self._watch("stderr", sys.stderr)
            if opened.plan.streams == "fd" and self._redirect(opened.recorder.beside):
                printed.by_descriptor = True
                self._tell()

    def end(self, opened: OpenRun) -> None:
        """Give a run the last of it; let go of the streams if nobody is left."""
        with self._lock:
            printed = opened.printed
            if opened in self._runs:
                self._runs.remove(opened)
            if printed is not None and printed.by_descriptor:
                self._tell()
            if not self._runs:
                self._let_go()
            opened.printed = None
            if printed is not None and is_of_this_process(opened):
                printed.end()

    def take(self, *, passed_on_to: int | None = None) -> None:
        """Give the runs what was printed to the descriptors by now."""
        found = self.descriptors
        if found is not None:
            try:
                found.take(passed_on_to=passed_on_to)
            except OSError as problem:
                self._give_up(problem)

    def at_exit(self) -> None:
        """Have the descriptors lead where they led: a run may never end."""
        found, self.descriptors = self.descriptors, None
        self._end_bypasses()
        if found is not None:
            found.restore()

    def after_fork_in_child(self) -> None:
        """Leave to the parent what is the parent's; what is printed goes its way."""
        self._lock = threading.RLock()
        self.descriptors = None
        self._end_bypasses()
        self._forget_relay()

    def all_by_descriptor(self) -> list[OpenRun]:
        """The runs that are to have all that this process prints.

        None of the parent's in a forked child: its relay has what is printed there, too.
        """
        return [
            opened
            for opened in self._runs
            if _is_by_descriptor(opened) and is_of_this_process(opened)
        ]

    def _redirect(self, beside: str | None) -> bool:
        if self.descriptors is not None:
            return True
        # Who has kept them, such as a logging handler, writes to them still.
        self._watch("stdout", sys.__stdout__)
        self._watch("stderr", sys.__stderr__)
        for tee in self._tees.values():
            tee.keep_answering()
        # Milliseconds to import, and few programs ask for it.
        from nextmv_autotrack.capture.streams import descriptors, relay  # noqa: PLC0415 -- see above

        try:
            descriptors.printed_to()
            if self._relay is None:
                self._relay = relay.Relay()
            self.descriptors = descriptors.Descriptors(self._relay, beside)
            running = threading.enumerate()
            self.threads_before = frozenset(thread.ident for thread in running)
            self.descriptors.redirect()
        except OSError as problem:
            self._give_up(problem)
        return self.descriptors is not None

    def _tell(self) -> None:
        """Say whose is what is printed from now on."""
        found = self.descriptors
        if found is None:
            return
        runs = self.all_by_descriptor()
        try:
            if runs:
                found.set_runs(runs)
            else:
                self.descriptors = None
                self._end_bypasses()
                found.end()
        except OSError as problem:
            self._give_up(problem)

    def _give_up(self, problem: Exception) -> None:
        """Go on without, where it is not to be had, or somebody has ended the relay."""
        self.at_exit()
        self._forget_relay()
        for opened in self._runs:
            if opened.printed is not None:
                opened.printed.by_descriptor = False
        safely.warn(
            f"what C code prints is not recorded: {problem}; what Python prints is, as "
            "with streams='python'",
            "streams",
        )

    def _end_bypasses(self) -> None:
        for tee in self._tees.values():
            if tee.bypass is not None:
                tee.bypass.lead_to(None)

    def _forget_relay(self) -> None:
        if self._relay is not None:
            self._relay.close()
            self._relay = None

    def _watch(self, name: str, stream: object) -> None:
        # None where there is no console, as under pythonw.
        if stream is None or id(stream) in self._tees:
            return
        tee = Tee(stream, name, self)
        try:
            tee.install()
        except (AttributeError, TypeError):
            safely.warn(
                f"what is printed to sys.{name} is not recorded: a "
                f"{type(stream).__name__} does not let its writes be seen"
            )
            return
        # It keeps the stream, and with it its id.
        self._tees[id(stream)] = tee
        watched_streams.append(stream)

    def _let_go(self) -> None:
        for tee in self._tees.values():
            tee.remove()
        self._tees.clear()
        self.threads_before = frozenset()
        nobody_prints()


def _is_by_descriptor(opened: OpenRun) -> bool:
    return opened.printed is not None and opened.printed.by_descriptor
