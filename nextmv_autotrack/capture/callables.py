"""Tracked callables that are not Python functions: partials, objects, C functions."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from types import MethodType
from typing import Any

from wrapt import BaseObjectProxy

from nextmv_autotrack.capture.calls import follow
from nextmv_autotrack.capture.failures import without_our_frame
from nextmv_autotrack.capture.watch import Watch


class TrackedCallable(BaseObjectProxy):  # type: ignore[type-arg]  # generic for its checker only
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

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the callable, and follow the call."""
        try:
            return self._self_call(*args, **kwargs)
        except BaseException as error:
            without_our_frame(error)
            raise

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Bind as the callable would, if it is one that binds."""
        inner = self.__wrapped__
        if instance is None or not hasattr(type(inner), "__get__"):
            return self
        bound = type(inner).__get__(inner, instance, owner)
        return self if bound is inner else MethodType(self, instance)

    def __reduce_ex__(self, protocol: Any) -> Any:
        if name := _where_it_is_found(self):
            return name
        return _again, (self.__wrapped__, self._self_watch.name, self._self_watch.own)

    def __copy__(self) -> TrackedCallable:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> TrackedCallable:
        return self


def _where_it_is_found(tracked: Any) -> str | None:
    """The name it pickles by, when it stands in its module in place of its function."""
    name = getattr(tracked, "__qualname__", None)
    found = sys.modules.get(str(getattr(tracked, "__module__", None)))
    for part in name.split(".") if isinstance(name, str) else ("",):
        found = getattr(found, part, None)
    return name if found is tracked else None


# What Python asks the type about, and not the object.
_ABILITIES = (
    "__len__",
    "__contains__",
    "__iter__",
    "__next__",
    "__await__",
    "__aiter__",
    "__anext__",
    "__fspath__",
    "__getitem__",
)


@lru_cache(maxsize=64)
def _proxy_for(kind: type) -> type[TrackedCallable]:
    """A proxy with just the abilities that `kind` has (None says: not able)."""
    abilities = {
        name: _forwarded(name) if hasattr(kind, name) else None for name in _ABILITIES
    }
    return type(TrackedCallable.__name__, (TrackedCallable,), abilities)


def _forwarded(name: str) -> Callable[..., Any]:
    def forward(self: TrackedCallable, *args: Any) -> Any:
        inner = self.__wrapped__
        return getattr(type(inner), name)(inner, *args)

    forward.__name__ = name
    return forward


def as_callable(watch: Watch) -> TrackedCallable:
    """Return what stands for the watched callable from now on."""
    kind: Any = type(watch.function)
    return _proxy_for(kind)(watch)


def _again(
    function: Callable[..., Any], name: str, own: dict[str, Any]
) -> TrackedCallable:
    return as_callable(Watch(function, name, own))
