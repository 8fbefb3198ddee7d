"""A process of its own in which runs are replayed: what ends it ends nothing else.

Whoever has begun it sends lines to its stdin, the job first and then the id of a run
each, and reads what came out from its stdout, as lines of JSON with one member:

| member | what it says |
|---|---|
| `ready` | the function is there |
| `refused`, `broken` | it is not: it is named wrongly, or importing it failed |
| `old` | what came out of the run, before the function is called |
| `skipped` | why it is not called |
| `replayed` | what came out now |
| `interrupted` | somebody wants it all to end |

By the time a model is imported, neither of them is stdin or stdout any more: it has
nothing to read, and prints to stderr.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from nextmv_autotrack.errors import AutotrackError, ReplayError
from nextmv_autotrack.replaying.calling import before, check_function, replay_recorded
from nextmv_autotrack.replaying.recording import read
from nextmv_autotrack.replaying.replayed import Terms
from nextmv_autotrack.store import Store

_STDIN, _STDOUT, _STDERR = 0, 1, 2


class _BrokenModuleError(Exception):
    """Importing a model has failed."""


def main() -> None:
    """Replay the runs that are asked for, until there are no more."""
    asked, answers = _moved_pipes()

    def say(what: str, value: Any) -> None:
        try:
            answers.write(orjson.dumps({what: value}, option=orjson.OPT_APPEND_NEWLINE))
            answers.flush()
        except (OSError, ValueError):
            # Nobody listens any more, or a model has forked and come back twice.
            sys.exit(1)

    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _answer(asked, say)
        _end_in_peace()
    except KeyboardInterrupt:
        _end_in_peace()
        say("interrupted", True)  # noqa: FBT003 -- the value of a member


def _end_in_peace() -> None:
    """Take no notice of an interrupt: what it would end is ending already."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _moved_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take stdin and stdout away from the model; return what they were."""
    asked = os.fdopen(os.dup(_STDIN), "rb")
    answers = os.fdopen(os.dup(_STDOUT), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN)
    os.close(nothing)
    os.dup2(_STDERR, _STDOUT)
    sys.stdout = sys.stderr
    if hasattr(os, "register_at_fork"):
        # A model's children may live longer than it, and have no say here.
        os.register_at_fork(after_in_child=answers.close)
        os.register_at_fork(after_in_child=asked.close)
    return asked, answers


def _answer(asked: BinaryIO, say: Callable[[str, Any], None]) -> None:
    line = asked.readline()
    if not line:  # whoever has begun it was interrupted
        return None
    job = orjson.loads(line)
    try:
        function = _function(job["function"])
    except ReplayError as error:
        return say("refused", str(error))
    except _BrokenModuleError as error:
        return say("broken", str(error))
    say("ready", True)  # noqa: FBT003 -- the value of a member
    folder, terms = Path(job["folder"]), Terms(**job["terms"])
    for line in asked:
        try:
            # A model may fork: no store is open meanwhile.
            with Store.open(folder) as store:
                recorded = read(store, store.run(line.decode().strip()))
            say("old", asdict(before(recorded, terms)))
            found = replay_recorded(recorded, function, terms, track=job["track"])
            say("replayed", asdict(found))
        except AutotrackError as error:  # noqa: PERF203 -- one of many
            say("skipped", str(error))
    return None


def _function(words: str) -> Callable[..., Any]:
    """Return the function that `module:function` names, as Python finds it here."""
    module_name, _, path = words.partition(":")
    try:
        value: Any = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{module_name}.".startswith(f"{missing}."):
            raise ReplayError(str(error)) from error
        raise _BrokenModuleError(
            f"importing {module_name} failed: {type(error).__name__}: {error}"
        ) from error
    for name in path.split("."):
        if not hasattr(value, name):
            raise ReplayError(f"{module_name} has no {path}")
        value = getattr(value, name)
    check_function(value)
    return value  # type: ignore[no-any-return]  # whatever it is, it can be called
