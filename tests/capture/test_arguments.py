"""The input: a call's arguments by name, as they were when it began."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmv_autotrack import tracked
from nextmv_autotrack.capture.arguments import Arguments


def _input(written, function, *args, **kwargs):
    tracked(function)(*args, **kwargs)
    return written.runs[-1].input


def test_a_single_argument_is_the_input_itself(written):
    assert _input(written, lambda data: None, {"a": 1}) == {"a": 1}
    assert _input(written, lambda data: None, data=[1]) == [1]
    assert _input(written, lambda data=5: None) == 5


def test_several_arguments_are_an_object_of_them_by_name(written):
    assert _input(written, lambda a, b, c: None, 1, c=3, b=2) == {
        "a": 1,
        "b": 2,
        "c": 3,
    }


def test_no_arguments_are_an_empty_object(written):
    assert _input(written, lambda: None) == {}


def test_defaults_are_taken_down(written):
    def solve(a, b=2, *, c=3, d):
        pass

    assert _input(written, solve, 1, d=4) == {"a": 1, "b": 2, "c": 3, "d": 4}


def test_further_arguments_are_taken_down_under_their_name(written):
    def solve(a, *rest, b=1, **named):
        pass

    assert _input(written, solve, 1, 2, 3, x=4) == {
        "a": 1,
        "rest": [2, 3],
        "b": 1,
        "named": {"x": 4},
    }
    assert _input(written, solve, 1) == {"a": 1, "rest": [], "b": 1, "named": {}}


def test_only_positional_arguments_may_have_the_name_of_a_keyword(written):
    def solve(data, /, **data_by_name):
        return data, data_by_name

    assert tracked(solve)(1, data=2) == (1, {"data": 2})
    assert written.run.input == {"data": 1, "data_by_name": {"data": 2}}


def test_only_positional_arguments_have_their_defaults(written):
    def solve(a, b=2, /, c=3):
        pass

    assert _input(written, solve, 1) == {"a": 1, "b": 2, "c": 3}


def test_what_a_partial_gives_is_no_argument_but_a_default(written):
    def solve(a, b, c=3):
        pass

    assert _input(written, functools.partial(solve, 1, c=4), 2) == {"b": 2, "c": 4}


def test_the_order_is_that_of_the_parameters(written):
    def solve(z, a, m):
        pass

    assert list(_input(written, solve, m=1, a=2, z=3)) == ["z", "a", "m"]


def test_the_input_is_frozen_at_the_call(written):
    @tracked
    def solve(data, names):
        data["a"].append(2)
        data["b"] = 1
        names.clear()

    solve({"a": [1]}, ["x"])
    assert written.run.input == {"data": {"a": [1]}, "names": ["x"]}


def test_the_arguments_arrive_as_the_very_objects(written):
    given = {"a": 1}
    seen = []
    tracked(lambda x, *, y: seen.extend([x, y]))(given, y=given)
    assert all(value is given for value in seen)


def test_arguments_by_keyword_are_the_functions_own(written):
    @tracked
    def solve(**kwargs):
        kwargs["added"] = 1
        return kwargs

    given = {"a": 1}
    assert solve(**given) == {"a": 1, "added": 1}
    assert given == written.run.input == {"a": 1}


def test_input_may_name_an_argument(written):
    @tracked(input="data")
    def solve(data, verbose=False):  # noqa: FBT002 -- as people write it
        pass

    solve([1], verbose=True)
    assert written.run.input == [1]


def test_input_may_name_several_arguments(written):
    @tracked(input=["data", "fleet"])
    def solve(data, fleet=2, verbose=False):  # noqa: FBT002 -- as people write it
        pass

    solve([1])
    assert written.run.input == {"data": [1], "fleet": 2}


def test_input_may_be_computed_from_the_arguments(written):
    @tracked(input=lambda data, **_: len(data))
    def solve(data, *, verbose):
        pass

    solve("abc", verbose=1)
    assert written.run.input == 3


def test_options_are_taken_out_of_the_input_and_are_texts(written):
    @tracked(options=["duration", "solver", "flags"])
    def solve(data, duration=10, solver="highs", flags=(1, None)):
        pass

    solve([1], duration=2.5)
    assert written.run.input == [1]
    assert written.run.end["options"] == {
        "duration": "2.5",
        "solver": "highs",
        "flags": "[1,null]",
    }


def test_options_may_be_named_by_a_single_name(written):
    tracked(options="duration")(lambda data, duration: None)(1, 2)
    assert written.run.end["options"] == {"duration": "2"}


def test_options_are_frozen_at_the_call(written):
    @tracked(options="settings")
    def solve(data, settings):
        settings["gap"] = 0.5

    solve(1, {"gap": 0.1})
    assert written.run.end["options"] == {"settings": '{"gap":0.1}'}


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((), {}),
        ((), {"b": 3}),
        ((1, 2, 3), {}),
        ((1,), {"z": 1}),
        ((1,), {"a": 1}),
    ],
    ids=str,
)
def test_a_call_that_does_not_fit_is_taken_down_as_it_came(written, args, kwargs):
    def solve(a, b=2):
        pass

    with pytest.raises(TypeError):
        tracked(solve)(*args, **kwargs)
    assert written.run.status == "failed"
    expected = {"args": list(args), "kwargs": kwargs} if kwargs else list(args)
    # One argument by position is the input itself, like any single one.
    assert written.run.input in (expected, {"args": list(args)}, kwargs)


def test_a_method_call_that_does_not_fit_leaves_out_the_receiver_too(written):
    class Model:
        @tracked
        def solve(self, data):
            pass

    with pytest.raises(TypeError):
        Model().solve(1, 2)
    with pytest.raises(TypeError):
        Model().solve(1, other=2)
    assert [str(run.input) for run in written.runs if "Model" in str(run.input)] == []


def test_annotations_are_not_evaluated(written):
    def solve(data: DoesNotExist) -> NeitherThis:  # type: ignore[name-defined]  # noqa: F821
        return data

    assert tracked(solve)(1) == 1
    assert written.run.input == 1


names = st.sampled_from(["a", "b", "c", "self", "args", "kwargs", "name"])


@st.composite
def functions(draw):
    """Any mix of parameters, with the source of a function that takes them."""
    listed = draw(st.lists(names, unique=True, max_size=5))
    cut, keyword_only = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    default_from = draw(st.integers(0, 5))
    positional = listed[: len(listed) - keyword_only] if keyword_only < 5 else listed
    rest = listed[len(positional) :]
    parts = [
        f"{name}={i}" if i >= default_from else name
        for i, name in enumerate(positional)
    ]
    if 0 < cut <= len(parts):
        parts.insert(cut, "/")
    star, double = draw(st.booleans()), draw(st.booleans())
    if star:
        parts.append("*more")
    elif rest:
        parts.append("*")
    parts += [f"{name}=7" if draw(st.booleans()) else name for name in rest]
    if double:
        parts.append("**named")
    scope: dict[str, object] = {}
    exec(f"def f({', '.join(parts)}): return dict(locals())", scope)  # noqa: S102 -- names that no test could hold
    return scope["f"]


@given(
    functions(),
    st.lists(st.integers(), max_size=4),
    st.dictionaries(names, st.integers(), max_size=4),
)
def test_arguments_are_bound_as_python_binds_them(function, args, kwargs):
    try:
        expected = function(*args, **kwargs)
    except TypeError:
        Arguments(function).of(tuple(args), kwargs, receiver=False)
        return
    assert Arguments(function).of(tuple(args), kwargs, receiver=False) == expected
