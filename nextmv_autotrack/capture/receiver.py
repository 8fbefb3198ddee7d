"""Whether a call came with the object or class that it is bound to."""

from __future__ import annotations

from functools import partialmethod
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
    first argument (or in it, when it is a class), as Python finds it to bind it.
    """

    __slots__ = ("_face", "_name", "_of_classes", "of_instances")

    def __init__(self, name: str) -> None:
        self._name = name
        self._face: object = None
        self.of_instances: dict[type, bool] = {}
        """The answers so far for objects that are no classes, by their class."""
        self._of_classes: dict[type, bool] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return ReceiverTest, (self._name,), {"face": self._face}

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
            members = parent.__dict__
            if self._name in members and self._leads_here(members[self._name]):
                return not isinstance(members[self._name], staticmethod)
            for member in members.values():
                if self._is_face(member):
                    return not isinstance(member, staticmethod)
        return False

    def _is_face(self, member: object) -> bool:
        if isinstance(member, (staticmethod, classmethod)):
            member = member.__func__
        return member is self._face

    def _leads_here(self, member: object) -> bool:
        """Whether `member`, or what it decorates, is the tracked function."""
        for _ in range(_DECORATORS_FOLLOWED):
            if self._is_face(member):
                return True
            inner = _inner(member)
            if inner is None:
                return False
            member = inner
        return False


def _inner(member: object) -> object | None:
    if isinstance(member, (staticmethod, classmethod)):
        return member.__func__
    if isinstance(member, property):
        return member.fget
    if isinstance(member, partialmethod):
        return member.func
    if isinstance(member, FunctionType) or hasattr(type(member), "cache_info"):
        return getattr(member, "__wrapped__", None)
    return None
