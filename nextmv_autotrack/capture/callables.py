"""Tracked callables that are not Python functions: partials, objects, C functions."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

from wrapt import ObjectProxy

from nextmv_autotrack.capture.calls import follow
from nextmv_autotrack.capture.watch import Watch


class TrackedCallable(ObjectProxy):  # type: ignore[type-arg]
    """Stands for a callable in every respect, and follows its calls.

    A function becomes a function again (see `decorator`), which pickles and binds by
    itself. Other callables keep their type, their attributes and their `isinstance`
    through a proxy.
    """

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch.function)
        self._self_watch = watch
        self._self_call = follow(watch)
        watch.has_receiver.look_for(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the callable, and follow the call."""
        return self._self_call(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Bind as the callable would, if it is one that binds."""
        if instance is None or not hasattr(type(self.__wrapped__), "__get__"):
            return self
        return MethodType(self, instance)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _again, (self.__wrapped__, self._self_watch.name, self._self_watch.own)

    def __copy__(self) -> TrackedCallable:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> TrackedCallable:
        return self


def _again(
    function: Callable[..., Any], name: str, own: dict[str, Any]
) -> TrackedCallable:
    return TrackedCallable(Watch(function, name, own))
