from __future__ import annotations

import json

import pytest

from nextmv_autotrack.errors import UnreachableError
from nextmv_autotrack.nextmv_api.answers import Answer
from nextmv_autotrack.nextmv_api.documents import (
    read_document,
    read_information,
    read_outcome,
)
from nextmv_autotrack.nextmv_api.listing import moment_of, read_page, status_of
from nextmv_autotrack.status import Status

DOING = "asking about the run"


def answer(document):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Answer(200, {}, body)


def information(**metadata):
    return read_information(answer({"id": "run-1", "metadata": metadata}), DOING)


@pytest.mark.parametrize(
    "document",
    [
        *(b"", b"<html>", b"[" * 100_000, [], {}, {"id": 1}, {"metadata": {"a": 1}}),
        *({"id": odd, "metadata": {"a": 1}} for odd in ("", "../x", "a\x1b[31m")),
    ],
    ids=[
        *("nothing", "page", "depth", "list", "object", "no metadata", "no id"),
        *("empty id", "path", "escape"),
    ],
)
def test_what_tells_of_no_run_is_not_read(document):
    with pytest.raises(UnreachableError, match=f"^{DOING} failed: the answer"):
        read_information(answer(document), DOING)


@pytest.mark.parametrize("number", [10**400, float("inf"), float("nan"), True, "5"])
def test_a_duration_that_is_no_number_of_seconds_is_none(number):
    assert information(execution_duration=number, input_size=number).duration is None


def test_what_is_missing_or_odd_is_none_and_not_an_error():
    found = information(status_v2="succeeded", metrics=[], format=5, duration="long")
    assert (found.name, found.error, found.duration) == ("", None, None)
    assert (found.metrics, found.options) == ({}, {})
    assert (found.input_format, found.output_format) == ("json", "json")
    assert information(status_v2="x", duration=float("inf")).duration is None


def test_durations_are_seconds():
    assert information(a=1, duration=1500.0).duration == 1.5
    assert information(duration=9000, execution_duration=250).duration == 0.25


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status_v2": "none"}, Status.QUEUED),
        ({"status_v2": "queued"}, Status.QUEUED),
        ({"status_v2": "canceled", "status": "failed"}, Status.CANCELED),
        ({"status": "failed"}, Status.FAILED),
        ({"status_v2": "new to us"}, Status.RUNNING),
        ({}, Status.RUNNING),
    ],
    ids=str,
)
def test_a_status_is_what_the_platform_says_now(fields, status):
    assert status_of(fields) is status


@pytest.mark.parametrize(
    ("document", "output", "error"),
    [
        ({"output": [1]}, [1], None),
        ({"error_log": {"error": "no", "stdout": '{"a":1}'}}, {"a": 1}, "no"),
        ({"error_log": {"error": "no", "stdout": "a text"}}, "a text", "no"),
        ({"error_log": {"error": "", "stdout": ""}}, None, None),
        ({}, None, None),
    ],
    ids=str,
)
def test_what_came_out_is_read_from_where_it_is(document, output, error):
    assert read_outcome(answer(document), DOING) == (output, error)


def test_what_is_no_outcome_is_not_read():
    with pytest.raises(UnreachableError, match="tells of no run"):
        read_outcome(answer([]), DOING)
    with pytest.raises(UnreachableError, match="not JSON"):
        read_document(answer(b"{"), DOING)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T00:00:01.5Z", pytest.approx(1.0, abs=0.6)),
        ("1970-01-01T01:00:00.123456+01:00", pytest.approx(0.123456)),
        ("yesterday", None),
        (None, None),
        ("9.x", None),
    ],
    ids=str,
)
def test_a_moment_is_read_in_any_precision(said, seconds):
    assert moment_of(said) == seconds


@pytest.mark.parametrize("odd", ["", "..", "a/b", "a\x1b[31m", "a\n"])
def test_a_list_with_an_id_that_is_none_is_garbled(odd):
    with pytest.raises(UnreachableError, match="is no list of runs"):
        read_page(answer({"runs": [{"id": "run-1"}, {"id": odd}]}), DOING)


def test_a_list_shows_the_metrics_by_their_names():
    listed = {
        "id": "run-1",
        "name": "nightly",
        "status_v2": "succeeded",
        "metrics": {"indicators": [{"name": "value", "value": 3}, "odd", {}]},
    }
    (run,) = read_page(answer({"runs": [listed]}), DOING).runs
    assert (run.name, run.status) == ("nightly", Status.SUCCEEDED)
    assert run.metrics == {"value": 3}
