"""Classes that lie about themselves and about their instances."""

from __future__ import annotations

import enum

import pytest

from tests.encode.reading import read


class Lying(type):
    """A metaclass that has everything about a class wrong."""

    def _fail(cls, *args):
        raise ValueError

    __hash__ = __eq__ = __instancecheck__ = __subclasscheck__ = __getattribute__ = _fail
    __repr__ = __str__ = _fail
    __name__ = __module__ = __mro__ = __dict__ = property(_fail)


class Liar(metaclass=Lying):
    pass


def test_a_metaclass_that_breaks_costs_its_own_instances_only():
    found = read([1, Liar(), Liar, {"a": Liar()}])
    assert found[0] == 1
    assert set(found[1]) == set(found[3]["a"]) == {"repr", "type"}
    assert isinstance(found[2], str)
    assert read({1: Liar(), "b": 2})["b"] == 2
    assert read({Liar(): 1, "b": 2})["b"] == 2
    assert read((2**70, Liar()))[0] == 2**70


class Posing(type):
    """A metaclass whose classes say that they are `str`."""

    def __eq__(cls, other):
        return other is str

    def __hash__(cls):
        return hash(str)


def test_a_class_that_is_equal_to_another_is_not_taken_for_it():
    class Poser(metaclass=Posing):
        def __repr__(self):
            return "a poser"

    for value in ([Poser(), 2**70], ["a", Poser(), 2**70], {"a": Poser(), 1: 2}):
        found = read(value)
        assert {"repr": "a poser", "type": f"{__name__}.{Poser.__qualname__}"} in (
            found if isinstance(found, list) else found.values()
        )
    assert "a poser" in next(iter(read({Poser(): 1})))


@pytest.mark.parametrize("kind", [list, dict, str, int, bool, type(None), range])
def test_an_object_is_not_what_it_says_its_class_is(kind):
    taken = []

    class Pretender:
        __class__ = property(lambda self: kind)

        def __iter__(self):
            taken.append(self)
            return iter([1])

        def __repr__(self):
            return "漢" * 1_000

    assert set(read([Pretender()])[0]) == {"repr", "type"}
    assert read(Pretender(), max_bytes=1_024)["truncated"]
    assert taken == []


class Strange(enum.Enum):
    A = 1

    @property
    def value(self):
        raise ValueError


class Endless(enum.Enum):
    A = 1

    @property
    def value(self):
        return self


def test_a_member_of_an_enum_without_a_value_is_described():
    for member in (Strange.A, Endless.A):
        found = {"repr": repr(member), "type": f"{__name__}.{type(member).__name__}"}
        assert read(member) == found
        assert read([member, {"a": (member, 1)}]) == [found, {"a": [found, 1]}]
        assert list(read({member: 1})) != []


def test_names_of_classes_are_cut_and_can_be_encoded():
    long = type("漢" * 5_000, (), {"__module__": "m"})
    found = read([long(), long])
    assert found[0]["type"] == found[1] == "m." + "漢" * 198
