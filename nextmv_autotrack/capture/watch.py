"""One tracked function: what is known of it, and the run that each call begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from sys import modules
from typing import Any

from nextmv_autotrack import safely
from nextmv_autotrack.capture import nextmv_arguments
from nextmv_autotrack.capture.arguments import Arguments, check_names, input_of
from nextmv_autotrack.capture.beside import Beside
from nextmv_autotrack.capture.context import enclosing, innermost
from nextmv_autotrack.capture.installed import recorder
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.plan import Plan
from nextmv_autotrack.capture.receiver import ReceiverTest
from nextmv_autotrack.capture.recorder import Recorder
from nextmv_autotrack.encode.discreet import Shown


class Watch:
    """What is known of one tracked function, and what happens at its calls."""

    def __init__(
        self, function: Callable[..., Any], name: str, own: Mapping[str, Any]
    ) -> None:
        self.function = function
        self.arguments = Arguments(function)
        check_names(self.arguments.names, own)
        self.has_receiver = ReceiverTest(
            getattr(function, "__module__", None),
            getattr(function, "__qualname__", None),
        )
        self.name = name
        self.own = dict(own)
        self._takes_one = self.arguments.takes_one
        self._hides = False
        """Whether an argument may be a secret, by its name."""
        self._plan: Plan | None = None

    def __getstate__(self) -> dict[str, Any]:
        # A plan holds what was set in one process, keys included.
        return {**self.__dict__, "_plan": None}

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> OpenRun | None:
        """Write down that a call begins; None when it is not to be tracked."""
        try:
            now = recorder()
            plan = self._plan
            if plan is None or plan.version is not now.sources.version:
                plan = self._planned(now)
            parent = enclosing()
            if not plan.enabled or (parent is not None and parent.is_inside(self)):
                return None
            value, named = self._input_of(plan, args, kwargs)
            beside = None
            if plan.says_more or (
                "nextmv" in modules and nextmv_arguments.are_possible(value, named)
            ):
                beside = Beside(plan, args, kwargs, value, named)
                value, description = beside.input, beside.description
                opened = now.open(plan, self, parent, beside.name, description, value)
            else:
                opened = now.open(plan, self, parent, plan.name, None, value)
        except BaseException as error:
            if not safely.is_meant_for_us(error):
                raise
            safely.failed("recording the begin of a run", error)
            return None
        if beside is not None:
            try:
                beside.tell(opened)
            except BaseException as interrupt:
                opened.recorder.interrupted(opened, interrupt)
                raise
        if type(value) is Shown:
            opened.input = value.value
        return opened

    def _planned(self, now: Recorder) -> Plan:
        """Return what holds from now on."""
        plan = now.plan(self.own, self.name)
        self._hides = plan.discreet.concerns(self.arguments.names or ())
        self._takes_one = self.arguments.takes_one and not self._hides
        self._plan = plan
        return plan

    def begin_here(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> OpenRun | None:
        """Begin a run and make it the innermost one of this context."""
        opened = self.begin(args, kwargs)
        if opened is not None:
            try:
                opened.token = innermost.set(opened)
            except BaseException as interrupt:
                opened.recorder.interrupted(opened, interrupt)
                raise
        return opened

    def _input_of(
        self, plan: Plan, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, dict[str, Any] | None]:
        """Return the input of a call, and its arguments by name where they matter."""
        receiver = False
        if args:
            known = self.has_receiver.of_instances.get(type(args[0]))
            receiver = self.has_receiver(args[0]) if known is None else known
        is_one = self._takes_one and len(args) == 1 and not kwargs
        if is_one and plan.is_simple and not receiver:
            # The usual model: one argument, which is the input itself.
            return args[0], None
        named = self.arguments.of(args, kwargs, receiver=receiver)
        if self._hides:
            named = plan.discreet.members(named)
        if not callable(plan.settings.input):
            value = input_of(named, plan.settings)
            is_seen = self._hides and plan.discreet.has_functions
            return (Shown(value) if is_seen else value), named
        try:
            return plan.settings.input(*args, **kwargs), named
        except BaseException as error:
            if not safely.is_meant_for_us(error):
                raise
            doing = "the input of a run"
            safely.warn(f"{doing}: {type(error).__name__}: {error}", doing)
            return input_of(named, plan.settings), named
