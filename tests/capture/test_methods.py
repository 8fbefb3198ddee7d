"""Methods of every kind: bound as before, and the receiver is no input."""

from __future__ import annotations

import abc
import copy
import dataclasses
import functools
import inspect
import pickle
from typing import Protocol, runtime_checkable

import pytest

from nextmv_autotrack import tracked


class Solver:
    """What most users have."""

    def __init__(self, factor=2):
        self.factor = factor

    @tracked
    def solve(self, data, limit=10):
        return data * self.factor

    @tracked
    def with_another_name(this, data):  # noqa: N805 -- the point of the test
        return data * this.factor

    @tracked
    @classmethod
    def outside_class(cls, data):
        return cls.__name__, data

    @classmethod
    @tracked
    def inside_class(cls, data):
        return cls.__name__, data

    @tracked
    @staticmethod
    def outside_static(data):
        return data

    @staticmethod
    @tracked
    def inside_static(data):
        return data

    @property
    @tracked
    def size(self):
        return self.factor

    @size.setter
    @tracked
    def size(self, value):
        self.factor = value

    @tracked
    def __call__(self, data):
        return data


class Child(Solver):
    @tracked
    def solve(self, data, limit=10):
        return super().solve(data, limit) + 1


def test_a_method_is_bound_and_its_receiver_is_no_input(written):
    assert Solver().solve(3) == 6
    assert written.run.input == {"data": 3, "limit": 10}


def test_a_method_called_through_its_class_is_the_same(written):
    assert Solver.solve(Solver(), 3, limit=1) == 6
    assert written.run.input == {"data": 3, "limit": 1}


def test_the_receiver_is_dropped_whatever_it_is_called(written):
    assert Solver().with_another_name(3) == 6
    assert written.run.input == 3


@pytest.mark.parametrize("name", ["outside_class", "inside_class"])
@pytest.mark.parametrize("owner", [Solver, Solver(), Child, Child()])
def test_a_class_method_works_in_both_orders(written, name, owner):
    result = getattr(owner, name)(3)
    assert result == (getattr(owner, "__name__", type(owner).__name__), 3)
    assert written.run.input == 3


@pytest.mark.parametrize("name", ["outside_static", "inside_static"])
@pytest.mark.parametrize("owner", [Solver, Solver(), Child, Child()])
def test_a_static_method_works_in_both_orders(written, name, owner):
    assert getattr(owner, name)(3) == 3
    assert written.run.input == 3
    assert isinstance(inspect.getattr_static(Solver, name), staticmethod)


def test_an_object_given_to_a_static_method_of_its_class_is_an_input(written):
    class Config:
        @staticmethod
        @tracked
        def merged(first, second):
            return second

    Config.merged(Config(), 2)
    assert set(written.run.input) == {"first", "second"}


def test_an_inherited_method_drops_the_receiver(written):
    class Grandchild(Child):
        pass

    assert Grandchild().with_another_name(2) == 4
    assert written.run.input == 2


def test_super_works_and_both_methods_are_runs(written):
    assert Child().solve(3) == 7
    outer, inner = written.runs
    assert outer.input == inner.input == {"data": 3, "limit": 10}
    assert (outer.name, inner.name) == ("Child.solve", "Solver.solve")
    assert inner.parent_id == outer.id


def test_a_property_may_be_tracked_on_its_functions(written):
    solver = Solver()
    assert solver.size == 2
    solver.size = 5
    assert solver.factor == 5
    assert [run.input for run in written.runs] == [{}, 5]


def test_a_cached_property_drops_the_receiver(written):
    class Model:
        @functools.cached_property
        @tracked
        def matrix(self):
            return [1]

    model = Model()
    assert model.matrix is model.matrix
    assert written.run.input == {}


def test_an_object_that_is_called_drops_the_receiver(written):
    assert Solver()(4) == 4
    assert written.run.input == 4


def test_a_single_dispatch_method_works_and_drops_the_receiver(written):
    class Model:
        @functools.singledispatchmethod
        @tracked
        def add(self, item):
            return "any"

        @add.register
        @tracked
        def _(self, item: int):
            return "int"

        @add.register
        @tracked
        def _(self, item: str):
            return "str"

    model = Model()
    assert [model.add(item) for item in (1.5, 1, "a")] == ["any", "int", "str"]
    assert [run.input for run in written.runs] == [1.5, 1, "a"]


def test_a_partial_method_drops_the_receiver(written):
    class Model:
        @tracked
        def solve(self, data, limit):
            return data, limit

        quick = functools.partialmethod(solve, limit=1)

    assert Model().quick(3) == (3, 1)
    assert written.run.input == {"data": 3, "limit": 1}


def test_decorators_above_a_tracked_method_do_not_hide_its_receiver(written):
    def with_wraps(function):
        @functools.wraps(function)
        def inner(*args, **kwargs):
            return function(*args, **kwargs)

        return inner

    class Model:
        @with_wraps
        @with_wraps
        @tracked
        def solve(self, data):
            return data

        @functools.cache  # noqa: B019 -- as people do
        @tracked
        def cached(self, data):
            return data

    model = Model()
    assert model.solve(1) == model.cached(1) == model.cached(1) == 1
    assert [run.input for run in written.runs] == [1, 1]


def test_a_decorator_that_says_nothing_of_what_it_wraps_does_not_hide_it(written):
    def without_wraps(function):
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)

        return wrapper

    assert _Bare.decorated(without_wraps)().solve(1) == 1
    assert written.run.input == 1


class _Bare:
    @staticmethod
    def decorated(decorator):
        class Model:
            @decorator
            @tracked
            def solve(self, data):
                return data

        return Model


def test_a_method_set_from_outside_drops_the_receiver(written):
    class Model:
        pass

    @tracked
    def solve(model, data):
        return data

    Model.compute = solve
    assert Model().compute(2) == 2
    assert written.run.input == 2


def test_a_plain_function_keeps_its_self(written):
    @tracked
    def solve(self, data):
        return data

    solve({"a": 1}, 2)
    assert written.run.input == {"self": {"a": 1}, "data": 2}


def test_a_plain_function_keeps_an_object_whose_class_has_a_method_of_its_name(written):
    class Model:
        def solve(self):
            return None

        def __reduce__(self):
            raise TypeError

    @tracked
    def solve(model, data):
        return data

    solve(Model(), 2)
    assert set(written.run.input) == {"model", "data"}


def test_a_method_of_a_metaclass_drops_the_class(written):
    class Meta(type):
        @tracked
        def build(cls, size):
            return cls.__name__, size

    class Model(metaclass=Meta):
        pass

    assert Model.build(3) == ("Model", 3)
    assert written.run.input == 3


def test_a_bound_method_can_be_tracked_for_itself(written):
    solve = tracked(Solver(3).with_another_name)
    assert solve(2) == 6
    assert [run.input for run in written.runs] == [2, 2]


def test_a_bound_method_tracked_as_a_class_attribute_is_bound_as_before(written):
    class Model:
        quick = tracked(Solver(5).with_another_name)

    assert Model().quick(2) == Model.quick(2) == 10


def test_a_bound_method_knows_its_object(written):
    solver = Solver()
    assert inspect.ismethod(solver.solve)
    assert solver.solve.__self__ is solver
    assert solver.solve == solver.solve
    assert str(inspect.signature(solver.solve)) == "(data, limit=10)"


def test_a_bound_method_pickles_with_its_object(written):
    again = pickle.loads(pickle.dumps(Solver(7).solve))  # noqa: S301 -- our own
    assert again(2) == 14
    assert written.run.input == {"data": 2, "limit": 10}


def test_objects_with_tracked_methods_can_be_copied(written):
    for made in (copy.copy(Solver(3)), copy.deepcopy(Solver(3))):
        assert made.solve(1) == 3
    assert len(written.runs) == 2


def test_objects_without_a_dict_can_have_tracked_methods(written):
    class Small:
        __slots__ = ("factor",)

        @tracked
        def solve(self, data):
            self.factor = data
            return self.factor

    assert Small().solve(4) == 4
    assert written.run.input == 4


def test_an_abstract_method_stays_abstract(written):
    class Base(abc.ABC):
        @tracked
        @abc.abstractmethod
        def solve(self, data): ...

        @abc.abstractmethod
        @tracked
        def check(self, data): ...

    assert Base.__abstractmethods__ == {"solve", "check"}
    with pytest.raises(TypeError, match="abstract"):
        Base()


def test_protocols_see_a_tracked_method(written):
    @runtime_checkable
    class Solves(Protocol):
        def solve(self, data): ...

    assert isinstance(Solver(), Solves)


def test_dataclasses_work_with_tracked_methods_and_fields(written):
    @dataclasses.dataclass(frozen=True)
    class Model:
        size: int
        solver: object = tracked(len)

        @tracked
        def __post_init__(self):
            pass

        @tracked
        def solve(self, data):
            return self.size * data

    model = Model(3)
    assert model.solve(2) == 6
    assert model.solver("abc") == 3
    assert [run.input for run in written.runs] == [{}, 2, "abc"]
    assert {field.name for field in dataclasses.fields(Model)} == {"size", "solver"}


def test_a_method_wrongly_called_through_its_class_raises_as_before(written):
    with pytest.raises(TypeError, match="missing 2 required positional arguments"):
        Solver.with_another_name()
    assert written.run.status == "failed"


def test_the_class_that_new_is_given_is_no_input(written):
    class Model:
        @tracked
        def __new__(cls, size):
            return object.__new__(cls)

    Model(3)
    assert written.run.input == 3
