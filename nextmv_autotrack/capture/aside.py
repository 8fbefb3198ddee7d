"""Recording a call beside the usual way: what came out goes to whoever asked for it."""

from __future__ import annotations

import copy
import inspect
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from types import CellType
from typing import Any, cast

import orjson

from nextmv_autotrack.capture.context import innermost
from nextmv_autotrack.capture.decorator import tracked
from nextmv_autotrack.capture.forced import ForcedRecorder
from nextmv_autotrack.capture.installed import install, recorder
from nextmv_autotrack.capture.plan import Plan
from nextmv_autotrack.capture.recorder import Recorder
from nextmv_autotrack.capture.watch import Watch
from nextmv_autotrack.clock import NS_PER_S, SYSTEM_CLOCK
from nextmv_autotrack.encode.formats import format_of
from nextmv_autotrack.errors import ReplayError
from nextmv_autotrack.ids import new_id_source
from nextmv_autotrack.journal import BEGIN, END, Body
from nextmv_autotrack.redact import Rules, known_values
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.status import Status

_EMPTY = CellType()

# Whatever the function's own settings say: it is called to see what comes out.
_ALWAYS = {"enabled": True, "sample": 1.0}
_IN_MEMORY = {
    "destination": "local",
    "logs": False,
    "resources": False,
    "sync": False,
}


@dataclass(frozen=True)
class Ended:
    """How a call has ended, as it would have been written down."""

    status: Status
    duration: float
    """Seconds."""
    error: str | None
    metrics: dict[str, Any]
    output: bytes
    """JSON; empty when there is none."""
    output_is_document: bool


def call_aside(
    function: Callable[..., Any],
    args: list[Any],
    kwargs: Mapping[str, Any],
    *,
    is_kept: bool = False,
) -> Ended:
    """Call a function and return what would be recorded of it.

    Tracked functions that it calls are not recorded either, in this context; whatever
    else happens in the process is recorded as ever. What the function raises ends the
    call and is not raised here.

    Args:
        function: Tracked or not, and of any kind; what is returned to be awaited or
            iterated is.
        args: Its arguments by position.
        kwargs: Its arguments by name.
        is_kept: Record it as a new run, too.
    """
    followed = function if watch_of(function) else tracked(function)
    said = _Said()
    own = _recorder_of(said, _usual(), is_kept=is_kept)

    def call() -> None:
        # Not as a part of a run that is in progress here.
        innermost.set(None)
        with _in_place_of_the_usual(own):
            _exhausted(lambda: followed(*args, **kwargs))

    copy_context().run(call)
    return said.ended()


def watch_of(function: Any) -> Watch | None:
    """Return what follows calls of it, by the settings it has; None: nothing does."""
    from nextmv_autotrack.capture.callables import TrackedCallable  # noqa: PLC0415 -- for what is no function

    if issubclass(type(function), TrackedCallable):
        found: Watch = function._self_watch
        return found
    # What follows the calls of a function is bound to its watch.
    inner = getattr(function, "__func__", function)
    cells = getattr(inner, "__closure__", None) or ()
    contents = [cell.cell_contents for cell in cells if cell != _EMPTY]
    receivers = [getattr(one, "__self__", None) for one in contents]
    return next((one for one in receivers if isinstance(one, Watch)), None)


def _exhausted(call: Callable[[], Any]) -> None:
    """Call, await and iterate, until there is nothing to come."""
    try:
        result = call()
        if inspect.isawaitable(result) or inspect.isasyncgen(result):
            _awaited(result)
        elif inspect.isgenerator(result):
            for _ in result:
                pass
    except (KeyboardInterrupt, ReplayError):
        raise
    except BaseException:  # noqa: BLE001, S110 -- it has been recorded
        pass


def _awaited(result: Any) -> None:
    import asyncio  # noqa: PLC0415 -- tens of milliseconds; few models need it

    if asyncio._get_running_loop() is not None:
        if inspect.iscoroutine(result):
            result.close()
        raise ReplayError(
            "a coroutine cannot be replayed where an event loop runs: replay it in a "
            "thread, as in await asyncio.to_thread(replay, run, function)"
        )
    asyncio.run(_to_its_end(result))


async def _to_its_end(result: Any) -> None:
    if inspect.isasyncgen(result):
        async for _ in result:
            pass
    else:
        await result


class _Said:
    """The frames of a call, as far as they say how it ended."""

    def __init__(self) -> None:
        self._run_id: str | None = None
        self._end: tuple[dict[str, Any], Body] | None = None

    def append(self, kind: int, meta: bytes, payload: Body) -> None:
        """Take in a frame."""
        if kind == BEGIN and self._run_id is None:
            self._run_id = orjson.loads(meta)["id"]
        elif kind == END:
            told = orjson.loads(meta)
            if told["id"] == self._run_id:
                self._end = _as_in_the_store(told, payload)

    def ended(self) -> Ended:
        """Return how the first call has ended.

        Raises:
            ReplayError: It could not be recorded.
        """
        if self._end is None:
            raise ReplayError("the call could not be recorded: see the log")
        told, output = self._end
        return Ended(
            status=Status(told["status"]),
            duration=told["duration_ns"] / NS_PER_S,
            error=told.get("error"),
            metrics=told.get("metrics") or {},
            output=output if isinstance(output, bytes) else output.read(),
            output_is_document=bool(told.get("is_document")),
        )


def _as_in_the_store(
    told: dict[str, Any], payload: Body
) -> tuple[dict[str, Any], Body]:
    """Return the same without secrets, or it would differ from what is there."""
    from nextmv_autotrack.redact.json_scan import scan_json  # noqa: PLC0415 -- it takes milliseconds, and only a replay needs it

    rules, known = Rules.read(told.get("redact")), known_values()
    metrics = scan_json(orjson.dumps(told.get("metrics")), rules, known)
    told = {**told, "metrics": orjson.loads(metrics)}
    if not isinstance(payload, bytes) or format_of(payload) == "multi-file":
        return told, payload
    return told, scan_json(payload, rules, known)


class _Own(ForcedRecorder):
    """The recorder of a call aside."""

    is_kept: bool

    def plan(self, own: Mapping[str, Any], name: str) -> Plan:
        """Return the settings that hold here, made ready."""
        made = super().plan(own, name)
        if self.is_kept or made.settings.output is not False:
            return made
        # It is looked at, not written down.
        return super().plan({**own, "output": None}, name)


def _recorder_of(said: _Said, usual: Recorder, *, is_kept: bool) -> _Own:
    def append(kind: int, meta: bytes, payload: Body) -> None:
        said.append(kind, meta, payload)
        if is_kept:
            usual.append(kind, meta, payload)

    own = _Own(
        append=append,
        clock=SYSTEM_CLOCK,
        new_id=usual.new_id if is_kept else new_id_source(),
        sources=_another_version(usual.sources),
        settle=usual.settle if is_kept else lambda _: None,
    )
    own.timeline = usual.timeline
    own.is_kept = is_kept
    own.forced = _ALWAYS if is_kept else {**_ALWAYS, **_IN_MEMORY}
    return own


def _another_version(sources: Sources) -> Sources:
    """The same settings, which no plan has been made from: none is forced on others."""
    found = copy.copy(sources)
    found.version = object()
    return found


_here: ContextVar[Recorder | None] = ContextVar("autotrack_aside", default=None)

_lock = threading.Lock()
_in_use: list[Recorder] = []


class _ByContext:
    """Stands in the place of the usual recorder, and is another one in some contexts."""

    def __init__(self, usual: Recorder) -> None:
        self.__dict__["usual"] = usual

    def __getattr__(self, name: str) -> Any:
        return getattr(_here.get() or self.__dict__["usual"], name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.__dict__["usual"], name, value)


def _usual() -> Recorder:
    """The recorder of this context, not the one that only leads to it."""
    now = recorder()
    return _here.get() or now.usual if isinstance(now, _ByContext) else now


@contextmanager
def _in_place_of_the_usual(own: Recorder) -> Iterator[None]:
    """Let tracked functions that are called in this context write to `own`."""
    with _lock:
        if not _in_use:
            install(cast("Recorder", _ByContext(recorder())))
        _in_use.append(own)
    token = _here.set(own)
    try:
        yield
    finally:
        _here.reset(token)
        with _lock:
            _in_use.remove(own)
            now = recorder()
            if not _in_use and isinstance(now, _ByContext):
                install(now.usual)
