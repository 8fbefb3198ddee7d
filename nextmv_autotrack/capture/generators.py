"""Following a generator from its first step until it is exhausted or closed.

Its run is the innermost one only while a step of it runs: between the steps the
context is the consumer's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nextmv_autotrack.capture.context import enter, leave
from nextmv_autotrack.capture.failures import without_our_frame
from nextmv_autotrack.capture.watch import Watch
from nextmv_autotrack.capture.yielded import Yielded

Function = Callable[..., Any]


def generator(watch: Watch) -> Function:
    """Return a generator function that steps through the watched one (PEP 380)."""
    function, begin, track = watch.function, watch.begin, Yielded
    on, off, hide = enter, leave, without_our_frame
    base, closing, exhausted = BaseException, GeneratorExit, StopIteration

    def call(*args: Any, **kwargs: Any) -> Any:
        opened = begin(args, kwargs)
        yielded = track(opened)
        try:
            inner = function(*args, **kwargs)
            resume, value = inner.send, None
            while True:
                on(opened)
                try:
                    item = resume(value)
                finally:
                    off(opened)
                yielded.add(item)
                try:
                    value = yield item
                    resume = inner.send
                except closing:
                    inner.close()
                    raise
                except base as thrown:
                    resume, value = inner.throw, thrown
        except exhausted as stop:
            yielded.end(stop.value)
            return stop.value
        except base as error:
            hide(error)
            yielded.end(None, error)
            raise

    return call


def async_generator(watch: Watch) -> Function:
    """Return an async generator function that steps through the watched one."""
    function, begin, track = watch.function, watch.begin, Yielded
    on, off, hide = enter, leave, without_our_frame
    base, closing, exhausted = BaseException, GeneratorExit, StopAsyncIteration

    async def call(*args: Any, **kwargs: Any) -> Any:
        opened = begin(args, kwargs)
        yielded = track(opened)
        try:
            inner = function(*args, **kwargs)
            resume, value = inner.asend, None
            while True:
                on(opened)
                try:
                    item = await resume(value)
                finally:
                    off(opened)
                yielded.add(item)
                try:
                    value = yield item
                    resume = inner.asend
                except closing:
                    await inner.aclose()
                    raise
                except base as thrown:
                    resume, value = inner.athrow, thrown
        except exhausted:
            yielded.end(None)
        except base as error:
            hide(error)
            yielded.end(None, error)
            raise

    return call
