"""A tracked function looks, pickles and answers as if it were not tracked."""

from __future__ import annotations

import copy
import doctest
import functools
import gc
import inspect
import json
import multiprocessing
import os
import pickle
import random
import subprocess
import sys
import typing
import weakref
from pathlib import Path
from types import FunctionType

import pytest

from nextmv_autotrack import tracked
from tests.capture import tracked_functions as module

ROOT = Path(__file__).parents[2]

pairs = pytest.mark.parametrize(
    ("original", "made"),
    list(zip(module.ORIGINALS, module.TRACKED, strict=True)),
    ids=[function.__name__ for function in module.ORIGINALS],
)


@pairs
def test_names_docstring_and_annotations_are_kept(original, made):
    for name in (
        "__name__",
        "__qualname__",
        "__module__",
        "__doc__",
        "__annotations__",
    ):
        assert getattr(made, name) == getattr(original, name)
    for name in ("__defaults__", "__kwdefaults__", "__globals__"):
        assert getattr(made, name) == getattr(original, name)


@pairs
def test_the_signature_is_kept(original, made):
    assert inspect.signature(made) == inspect.signature(original)


@pairs
def test_types_can_be_asked_for(original, made):
    assert typing.get_type_hints(made) == typing.get_type_hints(original)


@pairs
def test_the_source_can_be_shown(original, made):
    assert inspect.getsource(made) == inspect.getsource(original)
    assert inspect.getdoc(made) == inspect.getdoc(original)
    assert inspect.getmodule(made) is module


@pairs
@pytest.mark.parametrize(
    "question",
    [
        "isfunction",
        "isroutine",
        "iscoroutinefunction",
        "isgeneratorfunction",
        "isasyncgenfunction",
        "ismethod",
        "isbuiltin",
        "isclass",
        "isawaitable",
        "ismethoddescriptor",
    ],
)
def test_inspect_gives_the_same_answers(original, made, question):
    ask = getattr(inspect, question)
    assert ask(made) == ask(original)


@pairs
def test_a_tracked_function_is_a_function(original, made):
    assert type(made) is FunctionType
    assert made.__wrapped__ is original
    assert inspect.unwrap(made) is original
    assert repr(made).startswith(f"<function {original.__qualname__} at ")


def test_attributes_of_the_function_are_kept():
    def solve():
        pass

    solve.version = 3
    made = tracked(solve)
    assert made.version == 3
    made.version = 4
    assert made.version == 4


def test_doctests_of_tracked_functions_are_found_and_run(written):
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = [test for test in finder.find(module) if test.examples]
    assert [test.name.rpartition(".")[2] for test in tests] == ["plain"]
    runner = doctest.DocTestRunner(verbose=False)
    assert runner.run(tests[0]).failed == 0
    assert written.run.input == {"data": {"a": 1}, "limit": 10, "seed": 1}


def test_a_tracked_function_pickles_by_reference():
    for function in (*module.TRACKED, module.Solver.solve, module.cached):
        data = pickle.dumps(function)
        assert pickle.loads(data) is function  # noqa: S301 -- our own
        assert len(data) < 200


def test_a_tracked_function_that_is_no_global_says_so_as_before():
    def local():
        pass

    for function in (local, tracked(local), tracked(lambda: None)):
        with pytest.raises((pickle.PicklingError, AttributeError)):
            pickle.dumps(function)


def _in_another_process(data: bytes, home: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.capture.process_of_another"],
        input=data,
        capture_output=True,
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "NEXTMV_AUTOTRACK_DIRECTORY": str(home),
            "NEXTMV_AUTOTRACK_FLUSH_TIMEOUT": "0",
        },
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("function", "name"),
    [(module.counted, "counted"), (module.Solver().solve, "Solver.solve")],
    ids=["function", "bound method"],
)
def test_a_function_pickled_by_reference_is_tracked_there(tmp_path, function, name):
    told = _in_another_process(pickle.dumps((function, (4,))), tmp_path)
    assert told == {
        "result": function.__wrapped__(4)
        if name == "counted"
        else module.Solver.factor * 4,
        "run": name,
        "status": "succeeded",
    }


_SCRIPT = """
import sys, cloudpickle
from nextmv_autotrack import tracked, configure

configure(api_key="a-secret-key", app_id="app", enabled={enabled})
FACTOR = 3

def helper(x):
    return x * FACTOR

{definition}

if {called}:
    solve(1)
configure(enabled=True, destination="local")
sys.stdout.buffer.write(cloudpickle.dumps((solve, (4,))))
"""

_PLAIN = """
@tracked
def solve(x):
    return helper(x)
"""
_PARTIAL = """
import functools
def solve(x, y):
    return helper(x + y)
solve = tracked(functools.partial(solve, 0))
"""
_RECURSIVE = """
@tracked
def solve(x):
    return 12 if x == 0 else solve(x - 1)
"""


@pytest.mark.parametrize("called", [False, True], ids=["before calls", "after calls"])
@pytest.mark.parametrize(
    "definition", [_PLAIN, _PARTIAL, _RECURSIVE], ids=["plain", "partial", "recursive"]
)
def test_a_function_of_a_script_is_tracked_where_cloudpickle_takes_it(
    tmp_path, definition, called
):
    pytest.importorskip("cloudpickle")
    script = tmp_path / "model.py"
    script.write_text(
        _SCRIPT.format(definition=definition, called=called, enabled=False)
    )
    dumped = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        check=True,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "NEXTMV_AUTOTRACK_DIRECTORY": str(tmp_path / "first"),
        },
    ).stdout
    assert b"a-secret-key" not in dumped
    told = _in_another_process(dumped, tmp_path / "second")
    assert told == {"result": 12, "run": "solve", "status": "succeeded"}


def test_a_tracked_function_can_be_the_target_of_a_spawned_process(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        assert pool.map(module.counted, [1, 2]) == [2, 3]


@pytest.mark.parametrize("made", module.TRACKED, ids=lambda made: made.__name__)
def test_a_tracked_function_is_copied_as_functions_are(made):
    assert copy.copy(made) is made
    assert copy.deepcopy([made])[0] is made


def test_an_object_that_holds_a_tracked_function_can_be_copied():
    class Model:
        def __init__(self):
            self.solver = module.counted

    assert copy.deepcopy(Model()).solver is module.counted


def test_a_tracked_function_can_be_referred_to_weakly_and_goes_when_unused(written):
    @tracked
    def solve(x):
        return x

    solve(1)
    reference = weakref.ref(solve)
    assert reference() is solve
    del solve
    gc.collect()
    assert reference() is None


def test_arguments_and_results_are_let_go_of_when_the_call_has_ended(written):
    class Big:
        pass

    solve = tracked(lambda data: Big())
    given = Big()
    result = solve(given)
    references = weakref.ref(given), weakref.ref(result)
    del given, result
    assert [reference() for reference in references] == [None, None]


def test_an_exception_leaves_no_reference_to_the_arguments_behind(written):
    class Big:
        pass

    @tracked
    def solve(data):
        del data
        raise ValueError

    given = Big()
    reference = weakref.ref(given)
    try:
        solve(given)
    except ValueError:
        del given
    assert reference() is None


def test_functools_cache_works_above_and_below(written):
    calls = []

    def solve(n):
        calls.append(n)
        return n

    above, below = functools.cache(tracked(solve)), tracked(functools.cache(solve))
    assert [above(1), above(1), below(2), below(2)] == [1, 1, 2, 2]
    assert calls == [1, 2]
    assert above.cache_info().hits == below.cache_info().hits == 1
    assert [run.input for run in written.runs] == [1, 2, 2]


def test_other_decorators_work_above_and_below(written):
    def doubled(function):
        @functools.wraps(function)
        def inner(*args, **kwargs):
            return function(*args, **kwargs) * 2

        return inner

    @doubled
    @tracked
    def above(a, b=1):
        return a + b

    @tracked
    @doubled
    def below(a, b=1):
        return a + b

    assert above(1) == below(1) == 4
    assert [run.output for run in written.runs] == [2, 4]
    assert [run.input for run in written.runs] == [{"a": 1, "b": 1}] * 2


OURS = ["name", "input", "config", "function", "self", "args", "kwargs", "opened"]
MORE = ["call", "watch", "error", "settings", "instance", "cls", "_self_call", "value"]


def _takes(**kwargs):
    return kwargs


async def _takes_later(**kwargs):
    return kwargs


def _yields(**kwargs):
    yield kwargs


@pytest.mark.parametrize("name", OURS + MORE)
def test_no_keyword_of_the_users_is_swallowed(written, name):
    assert tracked(_takes)(**{name: 5}) == {name: 5}
    assert next(tracked(_yields)(**{name: 5})) == {name: 5}
    coroutine = tracked(_takes_later)(**{name: 5})
    with pytest.raises(StopIteration) as stop:
        coroutine.send(None)
    assert stop.value.value == {name: 5}
    assert [run.input for run in written.runs] == [{name: 5}] * 3


@pytest.mark.parametrize("name", OURS + MORE)
def test_no_parameter_of_the_users_is_in_the_way(written, name):
    scope: dict[str, object] = {}
    exec(f"def solve({name}, *, other=1): return {name}", scope)  # noqa: S102 -- names that no test could hold
    solve = tracked(scope["solve"])
    assert solve(5) == solve(**{name: 5}) == 5
    assert [run.input for run in written.runs] == [{name: 5, "other": 1}] * 2


def test_mutable_defaults_stay_the_functions_own(written):
    @tracked
    def solve(item, seen=[]):  # noqa: B006 -- the point of the test
        seen.append(item)
        return seen

    assert solve(1) is solve(2)
    assert [run.input for run in written.runs] == [
        {"item": 1, "seen": []},
        {"item": 2, "seen": [1]},
    ]


def test_module_level_names_are_looked_up_in_the_users_module(written, monkeypatch):
    assert module.counted.__globals__ is vars(module)
    monkeypatch.setattr(module, "sorted", lambda data: ["patched"], raising=False)
    assert module.plain({"a": 1}) == ["patched"]


def test_the_users_random_numbers_are_left_alone(written):
    random.seed(1)
    expected = random.random()  # noqa: S311 -- no secret
    for settings in ({}, {"sample": 0.5}, {"sample": 0.0}):
        random.seed(1)
        tracked(**settings)(lambda: None)()
        assert random.random() == expected  # noqa: S311 -- no secret


def test_nothing_is_printed(written, capfd):
    tracked(lambda: None)()
    with pytest.raises(ZeroDivisionError):
        tracked(lambda: 1 / 0)()
    assert capfd.readouterr() == ("", "")
