"""Following a generator from its first step until it is exhausted or closed.

Its run is the innermost one only while a step of it runs: between the steps the
context is the consumer's.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable
from typing import Any

from nextmv_autotrack.capture.context import enter, leave
from nextmv_autotrack.capture.endings import interrupted
from nextmv_autotrack.capture.failures import without_our_frame
from nextmv_autotrack.capture.watch import Watch
from nextmv_autotrack.capture.yielded import Yielded

Function = Callable[..., Any]


def generator(watch: Watch) -> Function:
    """Return a generator function that steps through the watched one (PEP 380)."""
    function, begin, track = watch.function, watch.begin, Yielded
    on, off, again, hide = enter, leave, interrupted, without_our_frame
    base, exhausted = BaseException, StopIteration

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
                except base as thrown:  # a GeneratorExit, too: the inner one may answer
                    hide(thrown)
                    resume, value = inner.throw, thrown
        except exhausted as stop:
            try:
                yielded.end(stop.value)
            except base as interrupt:
                again(opened, interrupt)
                raise
            return stop.value
        except base as error:
            try:
                hide(error)
                yielded.end(None, error)
            except base:
                again(opened, error)
                raise
            raise

    return call


def async_generator(watch: Watch) -> Function:
    """Return an async generator function that steps through the watched one."""
    function, begin, track = watch.function, watch.begin, Yielded
    on, off, again, hide = enter, leave, interrupted, without_our_frame
    base, exhausted, unseen = BaseException, StopAsyncIteration, _unseen_by_the_loop

    async def call(*args: Any, **kwargs: Any) -> Any:
        opened = begin(args, kwargs)
        yielded = track(opened)
        try:
            inner = function(*args, **kwargs)
            resume, value = unseen(inner), None
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
                except base as thrown:
                    hide(thrown)
                    resume, value = inner.athrow, thrown
        except exhausted:
            try:
                yielded.end(None)
            except base as interrupt:
                again(opened, interrupt)
                raise
        except base as error:
            try:
                hide(error)
                yielded.end(None, error)
            except base:
                again(opened, error)
                raise
            raise

    return call


def _unseen_by_the_loop(inner: AsyncGenerator[Any, Any]) -> Function:
    """Return `inner.asend` for its first step, hidden from the event loop.

    At its first step a generator is put on the loop's list of those to be closed at
    the end. The outer one stands there, and closes the inner one; two closing it at
    once would fail.
    """

    def first(value: Any) -> Any:
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(None, None)
        try:
            return inner.asend(value)
        finally:
            sys.set_asyncgen_hooks(*hooks)

    return first
