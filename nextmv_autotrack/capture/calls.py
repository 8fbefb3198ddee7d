"""Following one call of each kind of function, from its begin to its end.

The four kinds stand side by side. The functions defined in here refer to nothing
but their own closure: `decorator` gives them the globals of the tracked function, so
that whoever looks there (doctest, annotations) finds what it looks for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from types import MethodType
from typing import Any

from nextmv_autotrack.capture.endings import interrupted, raised, returned
from nextmv_autotrack.capture.failures import without_our_frame
from nextmv_autotrack.capture.generators import async_generator, generator
from nextmv_autotrack.capture.watch import Watch

Function = Callable[..., Any]


def follow(watch: Watch) -> Function:
    """Return a function that calls the watched one and writes down how it went."""
    kind = _kind_of(watch.function)
    if inspect.isasyncgenfunction(kind):
        return async_generator(watch)
    if inspect.isgeneratorfunction(kind):
        return generator(watch)
    if inspect.iscoroutinefunction(kind):
        return _coroutine(watch)
    return _plain(watch)


def _kind_of(function: Function) -> Function:
    """What tells the kind: the function inside partials, methods and objects."""
    while isinstance(function, (partial, MethodType)):
        function = function.func if isinstance(function, partial) else function.__func__
    if inspect.isroutine(function) or hasattr(function, "__wrapped__"):
        return function
    return type(function).__call__


def _plain(watch: Watch) -> Function:
    function, begin, base = watch.function, watch.begin_here, BaseException
    end, fail, again, hide = returned, raised, interrupted, without_our_frame

    def call(*args: Any, **kwargs: Any) -> Any:
        opened = begin(args, kwargs)
        try:
            result = function(*args, **kwargs)
        except base as error:
            try:
                hide(error)
                fail(opened, error)
            except base:
                again(opened, error)
                raise
            raise
        try:
            end(opened, result)
        except base as interrupt:
            again(opened, interrupt)
            raise
        return result

    return call


def _coroutine(watch: Watch) -> Function:
    function, begin, base = watch.function, watch.begin_here, BaseException
    end, fail, again, hide = returned, raised, interrupted, without_our_frame

    async def call(*args: Any, **kwargs: Any) -> Any:
        opened = begin(args, kwargs)
        try:
            result = await function(*args, **kwargs)
        except base as error:
            try:
                hide(error)
                fail(opened, error)
            except base:
                again(opened, error)
                raise
            raise
        try:
            end(opened, result)
        except base as interrupt:
            again(opened, interrupt)
            raise
        return result

    return call
