"""Metrics that are too long together."""

from __future__ import annotations

import json

import pytest

from nextmv_autotrack.encode.fitting_metrics import fitting


@pytest.mark.parametrize("large", ["t" * 2000, list(range(1000))], ids=["text", "list"])
def test_one_large_metric_costs_itself_only(large):
    body, (note,) = fitting({"value": 5, "all": large, "gap": 0.1}, max_bytes=1000)
    assert json.loads(body) == {"value": 5, "gap": 0.1}
    assert note == "metric 'all' is left out: together they have more than 1,000 bytes"


def test_the_largest_go_first_and_no_more_than_have_to():
    given = {"a": "x" * 40, "b": "x" * 60, "c": "x" * 50, "value": 1}
    body, notes = fitting(given, max_bytes=120)
    assert list(json.loads(body)) == ["a", "c", "value"]
    assert len(notes) == 1


def test_of_many_that_are_alike_the_first_stay():
    given = {f"metric-{number:04}": number for number in range(1000, 2000)}
    body, notes = fitting(given, max_bytes=1000)
    assert len(body) <= 1000
    found = json.loads(body)
    assert found == dict(list(given.items())[: len(found)])
    assert len(found) > 40
    assert len(notes) == 11
    assert notes[-1].startswith(f"{1000 - len(found) - 10} more metrics are left out")


@pytest.mark.parametrize("max_bytes", range(2, 60))
def test_whatever_the_bound_is_it_is_an_object_within_it(max_bytes):
    given = {"a": 1, "bb": "é", 3: [1, 2], "d": {"e": None}}
    body, notes = fitting(given, max_bytes=max_bytes)
    assert len(body) <= max_bytes
    assert len(json.loads(body)) + len(notes) == len(given)
