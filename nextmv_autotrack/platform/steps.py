"""What an operation does, one step after another, whoever does it: no I/O, no waiting.

An operation is a generator. It yields a step and is sent what came of it, or is thrown
what went wrong; a driver does the steps, in threads or in tasks. So there is one text of
each operation, for those who call it and for those who await it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from nextmv_autotrack.nextmv_api import Call

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Ask:
    """Make a call to the platform."""

    call: Call[Any]
    time_s: float
    """How long it may take."""


@dataclass(frozen=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True)
class Work:
    """Do what takes time of the processor or the disk."""

    do: Callable[[], Any]


@dataclass(frozen=True)
class Tell:
    """Call a function of the user's, which may be one to await."""

    listener: Callable[[Any], Any]
    what: Any


@dataclass(frozen=True)
class Together:
    """Do several operations side by side; the first problem is that of all."""

    operations: Mapping[str, Steps[Any]]


Step = Ask | Pause | Work | Tell | Together

Steps = Generator[Step, Any, _Result]
"""An operation that ends with a result."""


def work(do: Callable[[], _Result]) -> Steps[_Result]:
    """Return what a function returns."""
    done: _Result = yield Work(do)
    return done


def together(operations: Mapping[str, Steps[_Result]]) -> Steps[dict[str, _Result]]:
    """Return the results of operations that are done side by side."""
    done: dict[str, _Result] = yield Together(operations)
    return done
