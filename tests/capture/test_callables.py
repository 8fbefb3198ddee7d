"""Callables that are no plain functions: partials, objects, C functions, lambdas."""

from __future__ import annotations

import asyncio
import collections.abc
import copy
import functools
import inspect
import math
import operator
import os
import pickle
import types
import weakref

import cloudpickle
import pytest

from nextmv_autotrack import NotCallableError, tracked


class Doubler:
    """A callable object."""

    def __init__(self, factor=2):
        self.factor = factor

    def __call__(self, data, *, plus=0):
        return data * self.factor + plus if plus else data * self.factor


class AsyncDoubler:
    async def __call__(self, data):
        return data * 2


def product(a, b, c=1):
    return a * b * c


doubler = tracked(Doubler(4))


def test_a_lambda_is_tracked(written):
    assert tracked(lambda x: x + 1)(1) == 2
    assert (written.run.input, written.run.output) == (1, 2)


def test_a_nested_function_keeps_its_closure(written):
    total = 0

    @tracked
    def add(n):
        nonlocal total
        total += n
        return total

    assert (add(1), add(2)) == (1, 3)
    assert total == 3


def test_a_partial_is_tracked_under_the_name_of_its_function(written):
    assert tracked(functools.partial(product, 2, c=5))(3) == 30
    assert written.run.name == "product"
    assert written.run.input == {"b": 3, "c": 5}


def test_a_partial_stays_a_partial(written):
    part = tracked(functools.partial(product, 2, c=5))
    assert isinstance(part, functools.partial)
    assert (part.func, part.args, part.keywords) == (product, (2,), {"c": 5})
    assert functools.partial(part, 4)() == 40


def test_a_partial_of_a_tracked_function_is_tracked(written):
    assert functools.partial(tracked(product), 2)(3) == 6
    assert written.run.input == {"a": 2, "b": 3, "c": 1}


def test_an_object_is_tracked_and_keeps_its_type_and_attributes(written):
    plain = Doubler(3)
    solver = tracked(plain)
    assert solver(2, plus=1) == 7
    assert isinstance(solver, Doubler)
    assert solver.factor == 3
    solver.factor = 10
    assert plain.factor == 10
    assert (written.run.name, written.run.input) == ("Doubler", {"data": 2, "plus": 1})


def test_an_object_looks_like_itself(written):
    plain = Doubler()
    solver = tracked(plain)
    assert (repr(solver), str(solver)) == (repr(plain), str(plain))
    assert solver == plain
    assert hash(solver) == hash(plain)


@pytest.mark.parametrize(
    "abstract",
    ["Iterable", "Sized", "Container", "Awaitable", "Iterator", "AsyncIterable"],
)
def test_an_object_gains_no_ability(written, abstract):
    kind = getattr(collections.abc, abstract)
    assert isinstance(tracked(Doubler()), kind) == isinstance(Doubler(), kind)


def test_an_object_with_an_async_call_is_followed_to_its_end(written):
    assert asyncio.run(tracked(AsyncDoubler())(2)) == 4
    assert written.run.output == 4


def test_a_partial_of_a_coroutine_function_is_followed_to_its_end(written):
    async def solve(a, b):
        await asyncio.sleep(0)
        return a + b

    part = tracked(functools.partial(solve, 1))
    assert inspect.iscoroutinefunction(part)
    assert asyncio.run(part(2)) == 3
    assert (written.run.input, written.run.output) == (2, 3)


def test_a_partial_of_a_generator_function_is_followed_to_its_end(written):
    def solve(n):
        yield from range(n)

    part = tracked(functools.partial(solve, 3))
    assert inspect.isgeneratorfunction(part)
    assert list(part()) == [0, 1, 2]
    assert written.run.output == [0, 1, 2]


@pytest.mark.parametrize(
    ("function", "args", "result"),
    [
        (math.hypot, (3, 4), 5.0),
        (len, ("abc",), 3),
        (str.upper, ("a",), "A"),
        ([1, 2].index, (2,), 1),
        (operator.itemgetter(1), ("ab",), "b"),
        (dict.fromkeys, ("a", 1), {"a": 1}),
    ],
    ids=["builtin", "one argument", "descriptor", "bound", "object", "class method"],
)
def test_a_c_function_is_tracked(written, function, args, result):
    assert tracked(function)(*args) == result
    assert written.run.output == result


def test_a_c_function_stays_a_builtin(written):
    assert inspect.isbuiltin(tracked(len))
    assert isinstance(tracked(len), types.BuiltinFunctionType)
    assert tracked(len).__name__ == "len"
    assert tracked(math.hypot).__doc__ == math.hypot.__doc__


def test_the_arguments_of_a_c_function_that_tells_none_are_a_list(written):
    tracked(max)(1, 2)
    tracked(max)([3, 4], default=0)
    assert [run.input for run in written.runs] == [
        [1, 2],
        {"args": [[3, 4]], "kwargs": {"default": 0}},
    ]


@pytest.mark.parametrize("name", ["self", "args", "kwargs", "instance", "watch"])
def test_no_keyword_of_a_callable_is_swallowed(written, name):
    def everything(**kwargs):
        return kwargs

    class Everything:
        def __call__(self, /, **kwargs):
            return kwargs

    for function in (functools.partial(everything), Everything(), dict):
        wrapped = function if isinstance(function, type) else tracked(function)
        assert wrapped(**{name: 1}) == {name: 1}


def test_a_tracked_object_in_a_class_is_bound_as_before(written):
    class Model:
        solve = tracked(Doubler())
        shout = tracked(str.upper)

    assert Model().solve(3) == Model.solve(3) == 6
    assert Model.solve.factor == 2

    class Name(str):
        __slots__ = ()
        shout = tracked(str.upper)

    assert Name("a").shout() == "A"


@pytest.mark.parametrize("function", [Doubler(3), functools.partial(product, 3), len])
def test_a_tracked_callable_can_be_copied_and_referred_to_weakly(written, function):
    made = tracked(function)
    assert weakref.ref(made)() is made
    for again in (copy.copy(made), copy.deepcopy(made)):
        again("ab")
    assert len(written.runs) == 2


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_tracked_callable_pickles_and_is_still_tracked(written, protocol):
    for made in (doubler, tracked(functools.partial(product, 3)), tracked(len)):
        again = pickle.loads(pickle.dumps(made, protocol))  # noqa: S301 -- our own
        again("ab")
    assert len(written.runs) == 3
    assert written.runs[0].name == "Doubler"


def test_what_functools_cache_makes_keeps_its_own_methods(written):
    cached = tracked(functools.cache(product))
    assert cached(2, 3) == cached(2, 3) == 6
    assert cached.cache_info().hits == 1
    cached.cache_clear()
    assert cached.cache_info().hits == 0
    assert len(written.runs) == 2


def test_a_cache_below_a_tracked_method_keeps_its_binding(written):
    class Model:
        @tracked
        @functools.cache  # noqa: B019 -- as people do
        def solve(self, data):
            return data

    model = Model()
    assert model.solve(1) == model.solve(1) == 1
    assert [run.input for run in written.runs] == [1, 1]
    assert Model.solve.cache_info().hits == 1


def test_single_dispatch_works_above_tracked_functions(written):
    @functools.singledispatch
    @tracked
    def solve(data):
        return "any"

    @solve.register
    @tracked
    def solve_int(data: int):
        return "int"

    assert (solve("a"), solve(1)) == ("any", "int")
    assert [run.input for run in written.runs] == ["a", 1]


# --- What a proxy must not lose.


@functools.lru_cache
def cached(data):
    return data * 2


above_a_cache = cached = tracked(cached)
with_a_lambda = tracked(output=lambda result: result)(Doubler(3))
with_a_lambda.__module__, with_a_lambda.__qualname__ = __name__, "with_a_lambda"


def test_what_stands_in_its_module_pickles_by_its_name():
    # As the cache itself does, which cannot be pickled in any other way.
    for kept in (above_a_cache, with_a_lambda):
        assert pickle.loads(pickle.dumps(kept)) is kept  # noqa: S301 -- our own
        assert cloudpickle.loads(cloudpickle.dumps(kept)) is kept


class Able:
    def __call__(self, data):
        return data

    def __iter__(self):
        return iter([1, 2])

    def __next__(self):
        return 3

    def __await__(self):
        yield from ()
        return 4

    def __aiter__(self):
        return self

    async def __anext__(self):
        raise StopAsyncIteration

    def __fspath__(self):
        return "model.mps"

    def __len__(self):
        return 5

    def __contains__(self, item):
        return item == 6

    def __getitem__(self, item):
        return item


def test_an_object_can_all_that_it_could():
    able = tracked(Able())

    async def awaited():
        return await able, [item async for item in able]

    assert (list(able), next(able), len(able), 6 in able) == ([1, 2], 3, 5, True)
    assert (os.fspath(able), able[7]) == ("model.mps", 7)
    assert asyncio.run(awaited()) == (4, [])


@pytest.mark.parametrize("kind", [classmethod, staticmethod])
def test_what_was_set_on_a_method_is_kept(kind):
    method = kind(lambda *_: 1)
    method.marker = "mine"
    assert tracked(method).marker == "mine"


def test_what_cannot_be_called_is_said_even_when_it_has_no_text():
    class Mute:
        def __repr__(self):
            raise ZeroDivisionError

    with pytest.raises(NotCallableError, match="can be called"):
        tracked(Mute())
