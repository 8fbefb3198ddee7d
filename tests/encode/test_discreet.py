"""Names in the upper levels of a value, at the call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

import orjson
import pytest

from nextmv_autotrack.encode.discreet import MAX_MEMBERS, MAX_NAMES, Discreet
from nextmv_autotrack.redact import DEFAULT_RULES, Rules

R = "[redacted]"


def written(value, *rules, max_bytes=10_000_000):
    return orjson.loads(Discreet(Rules(rules), max_bytes).json(value))


@dataclass
class Login:
    user: str
    password: str


class Name(str, Enum):
    KEY = "api_key"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"a": 1, "token": "x"}, {"a": 1, "token": R}),
        ({"a": {"b": {"pwd": "x", "c": 1}}}, {"a": {"b": {"pwd": R, "c": 1}}}),
        ({"password": {"a": 1}}, {"password": R}),
        ({"token": 5, "password": None}, {"token": 5, "password": None}),
        (Login("me", "x"), {"user": "me", "password": R}),
        ({"a": Login("me", "x")}, {"a": {"user": "me", "password": R}}),
        ([Login("me", "x")], [{"user": "me", "password": R}]),
        ({Name.KEY: "x"}, {"api_key": R}),
        ({5: "x", "secret": "y"}, {"5": "x", "secret": R}),
        ("password=x", "password=x"),
    ],
    ids=str,
)
def test_what_is_named_a_secret_is_left_out_when_it_is_written_down(value, wanted):
    discreet = Discreet(DEFAULT_RULES, 10_000)
    # The second time, the names have been seen before.
    assert orjson.loads(discreet.json(value)) == wanted
    assert orjson.loads(discreet.json(value)) == wanted


def test_the_value_stays_as_it_is():
    value = {"password": "x", "a": {"token": "y"}}
    written(value)
    assert value == {"password": "x", "a": {"token": "y"}}


def test_among_many_members_the_usual_names_are_found():
    many = {f"row {number}": number for number in range(2 * MAX_MEMBERS)}
    found = written({**many, "password": "x", "apiKey": "y", "ACCESS_TOKEN": "z"})
    assert found == {**many, "password": R, "apiKey": R, "ACCESS_TOKEN": R}


def test_the_names_of_one_value_are_few_however_its_members_are_nested():
    rules = Rules()
    side = MAX_MEMBERS - 1
    value = {
        f"order {row}": {f"sku {row} {number}": 1 for number in range(10)}
        for row in range(side)
    }
    found = orjson.loads(
        Discreet(rules, 10_000_000).json({**value, "last": {"password": "x", "a": 1}})
    )
    assert found == {**value, "last": {"password": R, "a": 1}}
    assert len(rules.harmless) <= MAX_NAMES


def test_an_allowed_name_is_allowed_among_many_members_too():
    many = {f"row {number}": number for number in range(2 * MAX_MEMBERS)}
    assert written({**many, "token": "x"}, "!token") == {**many, "token": "x"}


def test_names_of_ones_own_are_hidden_and_patterns_are_for_the_background():
    found = written({"iban": "x", "note": "K-1"}, "iban", re.compile("K-[0-9]"))
    assert found == {"iban": R, "note": "K-1"}


def test_a_secret_does_not_get_into_the_summary_of_what_is_too_large():
    value = {"password": "hunter2", "rows": ["x" * 100] * 100}
    body = Discreet(DEFAULT_RULES, 1000).json(value)
    assert b"hunter2" not in body
    assert orjson.loads(body)["truncated"] is True


def test_keys_that_fail_are_written_down_as_ever():
    class Key(str):  # noqa: SLOT000 -- as users write them
        def __hash__(self):
            return 5

        def __eq__(self, other):
            raise ValueError(other)

    value = {Key("a"): 1}
    assert written(value) == {"a": 1}


def test_names_that_were_seen_do_not_pile_up():
    rules = Rules()
    discreet = Discreet(rules, 10_000)
    for number in range(60):
        discreet.json({f"name {number * 1000 + n}": n for n in range(1000)})
    assert len(rules.harmless) <= 20_000
