"""Results nobody can make JSON of: the run arrives, with a note where the value would be."""

from __future__ import annotations

import threading
import tracemalloc

import numpy as np
import pytest

from nextmv_autotrack import tracked


class Opaque:
    __slots__ = ()

    def __repr__(self):
        return "an opaque solution"


class Liar:
    __dict__ = {"cost": 1}

    def __repr__(self):
        return "a liar"


class Refusing:
    def __getattribute__(self, name):
        raise ValueError(name)


class Counting(dict):
    """A dict that grows whenever it is looked at by its own means."""

    def items(self):
        self[len(self)] = 0
        return super().items()

    __iter__ = keys = items


NOTES = [
    (Opaque(), {"repr": "an opaque solution", "type": f"{__name__}.Opaque"}),
    (Liar(), {"repr": "a liar", "type": f"{__name__}.Liar"}),
    (Refusing(), {"type": f"{__name__}.Refusing"}),
    (Counting(a=1), {"a": 1}),
    (threading.Lock(), {"repr": "<unlocked _thread.lock object>"}),
    ((item for item in [1]), {"type": "generator"}),
]


@pytest.mark.parametrize(("value", "note"), NOTES, ids=lambda one: type(one).__name__)
def test_a_result_of_any_kind_is_returned_and_described(written, value, note):
    assert tracked(lambda: value)() is value
    found = written.run.output
    assert {name: found[name] for name in note} == note
    assert written.run.status == "succeeded"


@pytest.mark.parametrize(("value", "note"), NOTES, ids=lambda one: type(one).__name__)
def test_an_argument_of_any_kind_is_given_and_described(written, value, note):
    seen = []
    tracked(seen.append)([value])
    assert seen[0][0] is value
    found = written.run.input[0]
    assert {name: found[name] for name in note} == note


def test_a_generator_that_is_recorded_is_not_consumed(written):
    @tracked
    def solve(items):
        return list(items)

    assert solve(item for item in [1, 2]) == [1, 2]
    assert written.run.input["type"] == "generator"


def test_an_array_of_5_gb_is_told_by_its_shape_and_takes_no_memory(written):
    value = np.broadcast_to(np.float64(0.5), (5_000, 125_000))
    assert value.nbytes == 5 * 10**9
    tracemalloc.start()
    try:
        assert tracked(lambda: value)() is value
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < value.nbytes / 500
    found = written.run.output
    assert (found["shape"], found["dtype"]) == ([5_000, 125_000], "float64")
    assert found["head"].startswith("[0.5,0.5,")
    [line] = written.run.logs
    assert line.startswith("... the output is a summary")


def test_a_value_that_another_thread_changes_is_recorded_as_it_was_at_some_time(
    written,
):
    value = {"rows": [[n, {n}] for n in range(200)]}
    ends = threading.Event()

    def change():
        while not ends.is_set():
            value["rows"].append(value["rows"].pop(0))
            value[len(value)] = 0
            value.popitem()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(50):
            assert tracked(lambda: value)() is value
    finally:
        ends.set()
        thread.join()
    assert len(written.runs) == 50
    for run in written.runs:
        assert run.status == "succeeded"
        assert run.output is not None
