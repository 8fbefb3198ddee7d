"""What has no form of its own: described, and never consumed."""

from __future__ import annotations

import functools

import orjson
import pytest

from nextmv_autotrack.encode import forms
from tests.encode.reading import read


class Thing:
    def __repr__(self) -> str:
        return "a thing"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Thing(), {"repr": "a thing", "type": f"{__name__}.Thing"}),
        (object(), {"repr": "<object object>", "type": "object"}),
        (..., {"repr": "Ellipsis", "type": "ellipsis"}),
        (slice(1, 2), {"repr": "slice(1, 2, None)", "type": "slice"}),
        (
            functools.partial(max, 1),
            {
                "repr": "functools.partial(<built-in function max>, 1)",
                "type": "functools.partial",
            },
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_anything_else_is_described(value, expected):
    assert read(value) == expected
    assert read({"a": [value]}) == {"a": [expected]}


def test_an_address_in_memory_is_left_out():
    class Model:
        pass

    assert read([Model()]) == read([Model()])
    assert "0x" not in read(Model())["repr"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: (n for n in range(3)),
        lambda: iter([0, 1, 2]),
        lambda: map(int, "012"),
        lambda: zip([0, 1, 2], strict=True),
        lambda: filter(lambda _: True, [0, 1, 2]),
        lambda: enumerate([0, 1, 2]),
        lambda: iter({0: 1, 1: 2, 2: 3}.items()),
        lambda: reversed([2, 1, 0]),
    ],
    ids=lambda make: type(make()).__name__,
)
def test_what_can_be_read_once_is_not_read(make):
    value = make()
    for max_bytes in (1_000, 40, 1):
        read(value, max_bytes=max_bytes)
        read({"a": [value]}, max_bytes=max_bytes)
    assert len(list(value)) == 3


def test_classes_made_while_a_program_runs_do_not_pile_up():
    for _ in range(3):
        read([type("Made", (), {})() for _ in range(500)])
    assert len(forms._known) <= 1_000


def test_a_coroutine_is_not_awaited():
    async def solve():
        return 1

    value = solve()
    assert read(value)["type"] == "coroutine"
    value.close()


def test_a_fragment_is_the_json_it_holds():
    assert read([orjson.Fragment(b'{"a":1}'), 2**70]) == [{"a": 1}, 2**70]
    assert read([orjson.Fragment('"text"')]) == ["text"]
