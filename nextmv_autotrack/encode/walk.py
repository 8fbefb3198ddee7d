"""A copy of any value out of what orjson writes natively, made step by step.

It keeps its own stack: neither the depth of a value nor that of the user's calls can
exhaust Python's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import length_hint
from typing import Any, NamedTuple

from orjson import Fragment, dumps

from nextmv_autotrack import safely
from nextmv_autotrack.encode.budget import (
    SHORTEST_ITEM_BYTES,
    Budget,
    TooLargeError,
)
from nextmv_autotrack.encode.builtin_values import Pairs, Unordered, integer
from nextmv_autotrack.encode.descriptions import described, encodable
from nextmv_autotrack.encode.forms import form_of
from nextmv_autotrack.encode.keys import distinct, texts_of, unkeyed
from nextmv_autotrack.encode.native import (
    MAX_DEPTH,
    NATIVE,
    SCALARS,
    has_own_value,
    is_asked_for_its_value,
)

# An enum's value can be an enum whose value is an enum.
_MAX_FORMS_OF_FORMS = 8

CYCLE = "<cycle>"
TOO_DEEP = "<too deep>"
CUT = "<cut>"

Finish = Callable[[list[Any], int], object]
"""Joins the children to a list or a dict, given how many of them were cut."""


class _Opened(NamedTuple):
    """A container whose children are still to be walked."""

    children: list[Any]
    finish: Finish


class _Frame(NamedTuple):
    """A container being walked: the children to come, and those that are done."""

    children: Iterator[Any]
    done: list[Any]
    finish: Finish
    mark: int


def plain(value: object, budget: Budget) -> object:
    """Return a copy that orjson can write; the value stays as it is."""
    return plain_all([value], budget)[0]


def plain_all(values: list[Any], budget: Budget) -> list[Any]:
    """Return such a copy of each value, within one budget."""
    frame = _Frame(iter(values), [], _as_list, 0)
    stack: list[_Frame] = []
    path: set[int] = set()
    while True:
        opened = _advance(frame, len(stack), path, budget)
        if opened is not None:
            stack.append(frame)
            frame = opened
            continue
        missing = length_hint(frame.children)
        if missing:
            budget.is_spent = True
        if not stack:
            return frame.done + [CUT] * missing
        finished = frame.finish(frame.done, missing)
        path.discard(frame.mark)
        frame = stack.pop()
        frame.done.append(finished)


def _advance(
    frame: _Frame, depth: int, path: set[int], budget: Budget
) -> _Frame | None:
    """Take children until one must be walked itself, or none is left."""
    children, done = frame.children, frame.done
    while budget.steps > 0 or budget.renew():
        budget.steps -= 1
        try:
            child = next(children)
        except StopIteration:
            return None
        mark = id(child)
        if mark in path:
            budget.is_cyclic = True
            done.append(CYCLE)
            continue
        result = _step(child, depth, budget)
        if type(result) is _Opened:
            path.add(mark)
            return _Frame(iter(result.children), [], result.finish, mark)
        done.append(result)
    return None


def _step(child: Any, depth: int, budget: Budget) -> object:
    try:
        return _plain_or_opened(child, depth, budget)
    except TooLargeError:
        raise
    except BaseException as error:
        # Code of the user's, which can do anything, even exit.
        if not safely.is_meant_for_us(error):
            raise
        return described(child, budget)


def _plain_or_opened(value: Any, depth: int, budget: Budget) -> object:
    for _ in range(_MAX_FORMS_OF_FORMS):
        kind = type(value)
        if kind is str:
            budget.spend_bytes(len(value))
            return encodable(value)
        if value is None or kind is bool or kind is float or kind is Fragment:
            return value
        if kind is int:
            return integer(value, budget)
        if kind is list or kind is Unordered or kind is dict or kind is Pairs:
            if depth < MAX_DEPTH:
                return _open(kind, value, budget)
            budget.is_too_deep = True
            return TOO_DEEP
        value = form_of(kind)(value, budget)
    return described(value, budget)


def _open(kind: type, value: Any, budget: Budget) -> object:
    budget.need_room_for(len(value))
    if kind is list:
        return _open_list(value.copy(), budget)
    if kind is Unordered:
        return _Opened(value, _in_order)
    return _open_object(value, budget)


def _open_list(items: list[Any], budget: Budget) -> object:
    scalars = _scalars(items)
    if scalars is not None:
        encoded = _in_bulk(scalars, scalars, budget)
        if encoded is not None:
            return encoded
    return _Opened(items, _as_list)


def _open_object(value: Any, budget: Budget) -> object:
    pairs = list(value.items()) if type(value) is dict else value
    keys, values = [key for key, _ in pairs], [item for _, item in pairs]
    texts = texts_of(keys)
    if texts is None:
        return _Opened([*map(unkeyed, keys), *values], _as_keyed_object)
    scalars = _scalars(values)
    if scalars is not None:
        named = dict(zip(texts, scalars, strict=True))
        encoded = _in_bulk(named, scalars, budget)
        if encoded is not None:
            return encoded
    budget.spend_bytes(sum(map(len, texts)))
    return _Opened(values, lambda done, cut: _as_object(texts, done, cut))


def _scalars(items: list[Any]) -> list[Any] | None:
    """Return the items, members of enums as their values, if they all are scalars."""
    try:
        kinds = set(map(type, items))
        if kinds <= SCALARS:
            return items
        members = set(filter(is_asked_for_its_value, kinds))
        if members:
            if any(map(has_own_value, members)):
                return None
            items = [item.value if type(item) in members else item for item in items]
            kinds = set(map(type, items))
        return items if all(map(_is_scalar, kinds)) else None
    except Exception:  # noqa: BLE001 -- a member, or a metaclass, of the user's
        return None


def _is_scalar(kind: type) -> bool:
    return kind in SCALARS or issubclass(kind, (str, int))


def _in_bulk(value: Any, scalars: list[Any], budget: Budget) -> Fragment | None:
    texts = [item for item in scalars if type(item) is str]
    budget.need_bytes(sum(map(len, texts)))
    try:
        body = dumps(value, option=NATIVE)
    except TypeError:  # a lone surrogate, or more than 64 bits
        return None
    budget.spend_bytes(len(body) - SHORTEST_ITEM_BYTES)
    return Fragment(body)


def _as_list(done: list[Any], missing: int) -> object:
    if missing:
        done.append(f"<cut: {missing} more>")
    return done


def _in_order(done: list[Any], missing: int) -> object:
    done.sort(key=dumps)
    return _as_list(done, missing)


def _as_object(texts: list[str], done: list[Any], missing: int) -> object:
    made = dict(zip(texts, done, strict=False))
    if missing:
        made[distinct([*made, CUT])[-1]] = f"{missing} more"
    return made


def _as_keyed_object(done: list[Any], missing: int) -> object:
    count = (len(done) + missing) // 2
    keys, values = done[:count], done[count:]
    texts = [key if type(key) is str else dumps(key).decode() for key in keys]
    return _as_object(distinct(texts), values, count - len(values))
