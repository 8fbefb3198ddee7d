"""Time: how long code of the user's may hold up a walk."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import json

import pytest

from nextmv_autotrack.encode import to_json
from nextmv_autotrack.encode.budget import MAX_WALK_NS, STEPS_BETWEEN_LOOKS


class Watch:
    """A clock that goes on when it is told to."""

    def __init__(self):
        self.ns = self.times_read = 0

    def __call__(self):
        self.times_read += 1
        return self.ns


@pytest.fixture
def watch():
    return Watch()


def slow_values(watch):
    """What takes a second of the user's own code, in each way that code is called."""

    def text(self=None):
        watch.ns += 10**9
        return "text"

    def fail(self):
        text()
        raise ValueError

    class Described:
        __repr__ = text

    class Failed(Exception):  # noqa: N818 -- not ours to name
        __str__ = text

    class Items(collections.UserList):
        __len__ = lambda self: len(text())  # noqa: E731 -- one line of a table

    class Named(enum.Enum):
        A = 1
        value = property(text)

    class Field:
        at = property(text)

    class Refusing:
        at = property(fail)

    return [
        Described(),
        Failed(),
        Items("text"),
        Named.A,
        dataclasses.make_dataclass("Field", ["at"], bases=(Field,), init=False)(),
        dataclasses.make_dataclass("Refused", ["at"], bases=(Refusing,), init=False)(),
    ]


@pytest.mark.parametrize("at", range(6))
def test_slow_code_of_the_users_ends_the_walk_when_the_time_is_up(watch, at):
    losses = []
    value = [slow_values(watch)[at]] * 100
    found = json.loads(to_json(value, max_bytes=10**6, losses=losses, now_ns=watch))
    kept = [one for one in found if "<cut" not in str(one)]
    assert 3 <= len(kept) <= 1 + MAX_WALK_NS // 10**9
    assert watch.ns <= MAX_WALK_NS + 2 * 10**9
    [loss] = losses
    assert loss.startswith("has parts left out: to look at all of it takes")


def test_what_is_quick_is_not_timed_item_by_item(watch):
    value = [object, 1.5, dt.date(2024, 1, 1), {1: 2}] * 5_000
    assert len(to_json(value, max_bytes=10**6, now_ns=watch)) > 10**5
    assert watch.times_read <= 2 + 30_000 // STEPS_BETWEEN_LOOKS


def test_quick_steps_end_when_the_time_is_up(watch):
    class Moment(dt.date):
        def isoformat(self):
            watch.ns += 10**9
            return "now"

    value = [Moment(2024, 1, 1)] * (2 * STEPS_BETWEEN_LOOKS)
    found = json.loads(to_json(value, max_bytes=10**6, now_ns=watch))
    assert found.count("now") <= STEPS_BETWEEN_LOOKS
