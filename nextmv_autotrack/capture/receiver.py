"""Whether a call came with the object or class that it is bound to."""

from __future__ import annotations

from functools import cached_property, partial, partialmethod, singledispatchmethod
from types import FunctionType
from typing import Any

# A function is called on objects of a few classes; a program that makes classes as it
# runs must not be kept from freeing them.
_CLASSES_REMEMBERED = 32

# A chain of decorators is short; a cycle of `__wrapped__` must end somewhere.
_DECORATORS_FOLLOWED = 20


class ReceiverTest:
    """Tells whether the first argument is the receiver of a bound call.

    A name proves nothing: receivers are not always called `self`, and plain functions
    may have a `self`. What proves it is that the function is found in the class of the
    first argument (or in it, when it is a class), as Python finds it to bind it; or,
    below a decorator that hides it, that it was defined in the body of that class.
    """

    __slots__ = ("_face", "_module", "_of_classes", "_qualname", "of_instances")

    def __init__(self, module: object, qualname: object) -> None:
        self._module = module
        self._qualname = qualname
        self._face: object = None
        self.of_instances: dict[type, bool] = {}
        """The answers so far for objects that are no classes, by their class."""
        self._of_classes: dict[type, bool] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return ReceiverTest, (self._module, self._qualname), {"face": self._face}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._face = state["face"]

    def look_for(self, face: object) -> None:
        """Set what stands in the class: the tracked function itself."""
        self._face = face

    def __call__(self, first: Any) -> bool:
        """Whether `first` is the receiver."""
        kind = type(first)
        if not issubclass(kind, type):
            return self._remembered(self.of_instances, kind)
        # A class is the receiver of its class methods, and of its metaclass's methods.
        return self._remembered(self._of_classes, first) or self._is_in(kind)

    def _remembered(self, known: dict[type, bool], owner: type) -> bool:
        if owner not in known:
            if len(known) >= _CLASSES_REMEMBERED:
                known.clear()
            known[owner] = self._is_in(owner)
        return known[owner]

    def _is_in(self, owner: type) -> bool:
        for parent in owner.__mro__:
            for member in parent.__dict__.values():
                if self._leads_here(member):
                    return not isinstance(member, staticmethod) or self._is_new
        return any(self._was_defined_in(parent) for parent in owner.__mro__)

    def _was_defined_in(self, owner: type) -> bool:
        if owner.__module__ != self._module or not isinstance(self._qualname, str):
            return False
        body, _, name = self._qualname.rpartition(".")
        member = owner.__dict__.get(name)
        if self._is_new:
            return body == owner.__qualname__
        return body == owner.__qualname__ and not isinstance(member, staticmethod)

    @property
    def _is_new(self) -> bool:
        """Whether it is `__new__`: static, and given the class all the same."""
        return str(self._qualname).endswith(".__new__")

    def _leads_here(self, member: object) -> bool:
        """Whether `member`, or what it decorates, is the tracked function."""
        left, seen = [member], 0
        while left and seen < _DECORATORS_FOLLOWED:
            inner = left.pop()
            seen += 1
            if inner is self._face:
                return True
            left += _insides(inner)
        return False


def _insides(member: object) -> list[object]:
    """What a decorator of the standard library's kind has decorated."""
    if isinstance(member, (staticmethod, classmethod)):
        return [member.__func__]
    if isinstance(member, property):
        return [member.fget, member.fset, member.fdel]
    if isinstance(member, (partial, partialmethod, cached_property)):
        return [member.func]
    if isinstance(member, singledispatchmethod):
        return [member.func, *member.dispatcher.registry.values()]
    if isinstance(member, FunctionType) or hasattr(type(member), "cache_info"):
        return [getattr(member, "__wrapped__", None)]
    return []
