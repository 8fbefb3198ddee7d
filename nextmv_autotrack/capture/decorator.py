"""`tracked`: every call of a function becomes a run."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping
from types import FunctionType, coroutine
from typing import Any, TypeVar, overload

from nextmv_autotrack.capture.calls import follow
from nextmv_autotrack.capture.installed import recorder
from nextmv_autotrack.capture.watch import Watch
from nextmv_autotrack.encode.descriptions import text_of
from nextmv_autotrack.errors import NotCallableError
from nextmv_autotrack.redact.rules import Given as Redacted
from nextmv_autotrack.settings import checked

_NOT_GIVEN: Any = object()

Redact = bool | Redacted | list[Redacted] | tuple[Redacted, ...] | set[str]

F = TypeVar("F", bound="Callable[..., Any] | classmethod[Any, Any, Any]")


@overload
def tracked(function: F, /) -> F: ...


@overload
def tracked(
    *,
    name: str | Callable[..., str] = ...,
    description: str | Callable[..., str] = ...,
    input: str | list[str] | tuple[str, ...] | Callable[..., Any] = ...,
    input_dir: str | os.PathLike[str] | Callable[..., Any] = ...,
    options: str | list[str] | tuple[str, ...] = ...,
    output: Callable[[Any], Any] | bool = ...,
    output_dir: str | os.PathLike[str] | Callable[..., Any] = ...,
    metrics: Callable[[Any], Mapping[str, Any]] = ...,
    enabled: bool = ...,
    destination: str = ...,
    app_id: str = ...,
    instance_id: str = ...,
    redact: Redact = ...,
    logs: bool | int | str = ...,
    streams: str = ...,
    resources: bool = ...,
    sample: float = ...,
    max_payload: int = ...,
    max_log: int = ...,
    sync: bool = ...,
) -> Callable[[F], F]: ...


def tracked(function: Any = _NOT_GIVEN, /, **settings: Any) -> Any:
    """Track every call of a function as a run.

    The function behaves as before: same arguments, same result, same exceptions, same
    kind (plain, coroutine, generator, async generator), same signature. If recording
    fails, the call goes on and the failure is logged.

    The input is taken down when the call begins, so that what the function does to its
    arguments does not show. When the call has returned, the run survives the death of
    the process; it is moved and sent in the background, `flush` waits for that. A call
    of the same function inside itself is part of the outer run.

    Example:
        >>> from nextmv_autotrack import tracked
        >>> @tracked
        ... def solve(demand: dict[str, int], *, vehicles: int = 2) -> dict:
        ...     return {"solution": sorted(demand), "metrics": {"value": len(demand)}}
        >>> solve({"bonn": 3, "aachen": 1})["metrics"]
        {'value': 2}

        >>> @tracked(name="nightly", options=["vehicles"])
        ... def plan(demand: dict[str, int], vehicles: int = 2) -> list[str]:
        ...     return sorted(demand)

    Args:
        function: What to track. Left out when settings are given.
        settings: See `Settings`; they hold for this function before all others.

    Raises:
        SettingsError: A setting is wrong. Raised here, never from a call.
        NotCallableError: `function` cannot be called, or is a class.
    """
    own = checked(settings, of_a_run=True)
    if function is _NOT_GIVEN:
        return functools.partial(_track, own=own)
    return _track(function, own=own)


def _track(function: Any, *, own: Mapping[str, Any]) -> Any:
    if isinstance(function, (classmethod, staticmethod)):
        kept = type(function)(_track(function.__func__, own=own))
        kept.__dict__.update(vars(function))
        return kept
    if isinstance(function, type):
        msg = (
            f"tracked goes on functions and methods, not on a class: put it on "
            f"the method of {function.__qualname__} that solves"
        )
        raise NotCallableError(msg)
    if not callable(function):
        msg = (
            f"tracked goes on something that can be called, not on "
            f"{text_of(function):.80}; settings are given by name, as in @tracked(name=...)"
        )
        raise NotCallableError(msg)
    watch = Watch(function, _name_of(function), own)
    recorder().has_functions = True
    if type(function) is FunctionType:
        return _as_function(watch, function)
    # wrapt takes longer to import than all of this package.
    from nextmv_autotrack.capture.callables import as_callable  # noqa: PLC0415 -- for what is no function

    return as_callable(watch)


def _as_function(watch: Watch, function: FunctionType) -> FunctionType:
    """Return a function like `function` in all but its code.

    A function rather than a proxy of one: it binds to objects, pickles by reference
    and, by cloudpickle, by value, and is what C code takes for a function. The globals
    are those of `function`, where annotations and doctest look names up.
    """
    call = follow(watch)
    wrapper = FunctionType(
        call.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        call.__closure__,
    )
    functools.update_wrapper(wrapper, function)
    if function.__code__.co_flags & inspect.CO_ITERABLE_COROUTINE:
        coroutine(wrapper)  # marks it in place
    wrapper.__kwdefaults__ = function.__kwdefaults__
    watch.has_receiver.look_for(wrapper)
    return wrapper


def _name_of(function: Any) -> str:
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    name = getattr(inner, "__qualname__", None)
    return name if isinstance(name, str) else type(inner).__qualname__
