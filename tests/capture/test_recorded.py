"""A function is called as it was when its run was recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nextmv_autotrack import tracked
from nextmv_autotrack.capture.recorded import NO_INPUT, arguments_for
from nextmv_autotrack.encode.option_texts import option_texts
from nextmv_autotrack.errors import ReplayError
from tests.written import Written


def one(data): ...
def one_of_two(data, limit=3): ...
def by_keyword(*, data): ...
def nothing(): ...
def several(demand, capacity=10): ...
def only_position(demand, /, capacity): ...
def any_position(*values): ...
def first_and_rest(first, *rest): ...
def any_keyword(**values): ...
def some_keyword(data, **more): ...
def typed(data, *, n: int, share: float, word: str, flag: bool): ...
def optional(data, *, n: int | None = None, word: str | None = "x"): ...
def wrong_hint(data, *, n: NoSuchType = 3): ...  # noqa: F821 -- the point of the test


@pytest.mark.parametrize(
    ("function", "given", "options", "args", "kwargs"),
    [
        (one, {"data": 1}, {}, [{"data": 1}], {}),
        (one, [1], {"unknown": "3"}, [[1]], {}),
        (one_of_two, [1], {}, [[1]], {}),
        (one_of_two, [1], {"limit": "5"}, [[1]], {"limit": 5}),
        (one_of_two, {"data": 1, "limit": 2}, {}, [], {"data": 1, "limit": 2}),
        (one_of_two, {"a": 1}, {}, [{"a": 1}], {}),
        (by_keyword, 3, {}, [], {"data": 3}),
        (nothing, {}, {}, [], {}),
        (nothing, NO_INPUT, {}, [], {}),
        (several, {"demand": 1}, {}, [], {"demand": 1}),
        (several, {"capacity": 1}, {}, [{"capacity": 1}], {}),
        (only_position, {"demand": 1, "capacity": 2}, {}, [1], {"capacity": 2}),
        (any_position, [1, 2], {}, [1, 2], {}),
        (any_position, 1, {}, [1], {}),
        (first_and_rest, {"first": 1, "rest": [2, 3]}, {}, [1, 2, 3], {}),
        (any_keyword, {"a": 1}, {}, [], {"a": 1}),
        (some_keyword, {"data": 1, "more": {"a": 2}}, {}, [], {"data": 1, "a": 2}),
        (some_keyword, [1], {"b": "2"}, [[1]], {"b": 2}),
        (
            typed,
            [1],
            {"n": "3", "share": "1", "word": "3", "flag": "true"},
            [[1]],
            {"n": 3, "share": 1.0, "word": "3", "flag": True},
        ),
        (optional, [], {"n": "null", "word": "null"}, [[]], {"n": None, "word": None}),
        (optional, [], {"n": "3", "word": "3"}, [[]], {"n": 3, "word": "3"}),
        (wrong_hint, [], {"n": "3"}, [[]], {"n": 3}),
        (wrong_hint, [], {"n": "many words"}, [[]], {"n": "many words"}),
    ],
)
def test_input_and_options_become(
    function: Callable[..., Any],
    given: Any,
    options: dict[str, str],
    args: list[Any],
    kwargs: dict[str, Any],
):
    assert arguments_for(function, given, options) == (args, kwargs)


@pytest.mark.parametrize(
    ("function", "given", "named"),
    [
        (nothing, {"a": 1}, "nothing()"),
        (one, NO_INPUT, "no input was recorded"),
        (typed, [1], "missing a required"),
        (only_position, {"demand": 1}, "only_position(demand, /, capacity)"),
    ],
)
def test_what_does_not_fit_is_said(
    function: Callable[..., Any], given: Any, named: str
):
    with pytest.raises(ReplayError) as caught:
        arguments_for(function, given, {})
    assert named in str(caught.value)


def test_a_function_that_does_not_say_what_it_takes_gets_the_input():
    assert arguments_for(dict.fromkeys, [1], {})[0] == [[1]]
    assert arguments_for(type, [1], {}) == ([[1]], {})


class Model:
    def solve(self, demand, capacity=10): ...


CALLS = [
    (one, ([1, 2],), {}),
    (one, ({"data": 3},), {}),
    (one_of_two, ([1],), {"limit": 7}),
    (several, ({"a": 1}, 2), {}),
    (only_position, (1, 2), {}),
    (any_position, (1, 2, 3), {}),
    (first_and_rest, (1, 2, 3), {}),
    (any_keyword, (), {"a": 1, "b": 2}),
    (some_keyword, (1,), {"a": 1}),
    (nothing, (), {}),
    (Model().solve, ([1],), {"capacity": 3}),
]


@pytest.mark.parametrize(("function", "args", "kwargs"), CALLS, ids=range(len(CALLS)))
def test_a_call_that_was_tracked_is_repeated(
    written: Written,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
):
    tracked(function)(*args, **kwargs)
    again = arguments_for(function, written.run.input, {})
    tracked(function)(*again[0], **again[1])
    first, second = written.runs
    assert first.input == second.input


@pytest.mark.parametrize("value", [float("inf"), float("-inf")], ids=repr)
def test_an_option_without_an_end_is_a_number_again(value):
    recorded = option_texts({"share": value})
    _, kwargs = arguments_for(
        typed, 1, {"n": "1", "word": "", "flag": "true"} | recorded
    )
    assert kwargs["share"] == value
