from __future__ import annotations

import json
import math
from datetime import datetime, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nextmv_autotrack.nextmv_api.wire import Facts, create_body, duration_ms, marker
from nextmv_autotrack.status import Status
from nextmv_autotrack.testing.create_check import check

ID = "0192f0c1a2b37c4d8e5f60718293a4b5"
UPLOADS = {"in": b"{}", "out": b"{}", "logs": b"a line"}

anything = st.text(st.characters(exclude_categories=()), max_size=400)
numbers = st.floats() | st.just(0.0)
facts = st.builds(
    Facts,
    id=st.just(ID),
    name=anything,
    status=st.sampled_from([Status.SUCCEEDED, Status.FAILED]),
    started_at=numbers,
    duration=st.none() | numbers,
    host=anything,
    description=st.none() | anything,
    error=st.none() | anything,
    options=st.dictionaries(anything, anything, max_size=3),
)


def a_run(**changes):
    usual = {
        "id": ID,
        "name": "solve",
        "status": Status.SUCCEEDED,
        "started_at": 1_700_000_000.25,
        "duration": 1.5,
        "host": "box",
    }
    return Facts(**(usual | changes))


def body_of(**changes):
    return create_body(a_run(**changes), input_id="in")


@given(facts, st.none() | st.just("out"), st.none() | st.just("logs"))
@example(a_run(duration=1e308), None, None)
@example(a_run(started_at=1e308), None, None)
@example(a_run(started_at=-1e18), None, None)
def test_whatever_is_known_of_a_run_the_platform_takes_it(known, output_id, logs_id):
    body = create_body(known, input_id="in", output_id=output_id, logs_id=logs_id)
    sent = json.dumps(body, allow_nan=False).encode("ascii")
    check(json.loads(sent), UPLOADS)


@given(facts)
def test_the_description_always_holds_the_whole_marker_and_start_and_host(known):
    description = create_body(known, input_id="in")["description"]
    assert f"autotrack:{ID} started " in description
    assert " on " in description or len(known.name) > 128
    assert len(description) <= 256


def test_a_managed_input_is_told_by_its_id_instead_of_an_upload():
    body = create_body(a_run(managed_input_id="depot-1"))
    assert (body["input_id"], "upload_id" in body) == ("depot-1", False)
    check(body, {})


def test_a_plain_run_has_just_what_the_platform_documents():
    run = a_run(description="nightly", options={"gap": "0.01"})
    body = create_body(run, input_id="in", output_id="out", logs_id="logs")
    ours = f"autotrack:{ID} started 2023-11-14T22:13:20.250Z on box"
    assert body == {
        "upload_id": "in",
        "name": "solve",
        "description": f"nightly | {ours}",
        "options": {"gap": "0.01"},
        "configuration": {
            "format": {"input": {"type": "json"}, "output": {"type": "json"}},
            "run_type": {"type": "external"},
        },
        "result": {
            "status": "succeeded",
            "execution_duration": 1500,
            "output_upload_id": "out",
            "error_upload_id": "logs",
        },
    }


def test_what_there_is_not_is_not_mentioned():
    body = body_of()
    assert "options" not in body
    assert set(body["result"]) == {"status", "execution_duration"}
    assert body["description"].startswith("autotrack:")


def test_a_name_of_blanks_is_none():
    assert "name" not in body_of(name=" \n")


def test_long_names_and_descriptions_are_cut_and_show_it():
    body = body_of(name="n" * 129, description="d" * 300)
    assert body["name"] == "n" * 125 + "..."
    assert len(body["description"]) == 256
    assert "d... | autotrack:" in body["description"]
    assert body_of(name="n" * 128)["name"] == "n" * 128


def test_a_name_that_is_cut_is_whole_in_the_description():
    name = " ".join(["nightly"] * 17)
    description = body_of(name=name, description="for the depot")["description"]
    assert description.startswith(f"{name} | for the d")
    assert " started " in description
    longer = " ".join(["nightly"] * 22)
    assert body_of(name=longer, host="h" * 60)["description"].startswith(f"{longer} |")


def test_each_upload_and_each_format_has_its_place():
    run = a_run(
        input_format="text", output_format="multi-file", batch_experiment_id="exp"
    )
    uploads = {"output_id": "o", "metrics_id": "m", "assets_id": "a"}
    body = create_body(run, input_id="in", statistics_id="s", **uploads)
    assert body["batch_experiment_id"] == "exp"
    assert body["configuration"]["format"] == {
        "input": {"type": "text"},
        "output": {"type": "multi-file"},
    }
    assert body["result"] == {
        "status": "succeeded",
        "execution_duration": 1500,
        "output_upload_id": "o",
        "statistics_upload_id": "s",
        "metrics_upload_id": "m",
        "assets_upload_id": "a",
    }


def test_a_long_host_is_cut_before_the_marker_suffers():
    description = body_of(host="h" * 300)["description"]
    assert marker(ID) in description
    assert description.endswith("hhh...")


def test_only_a_failed_run_has_an_error_message():
    assert "error_message" not in body_of(error="a warning")["result"]
    failed = body_of(status=Status.FAILED, error="ValueError: no vehicles")
    assert failed["result"]["error_message"] == "ValueError: no vehicles"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (None, "the run failed"),
        ("", "the run failed"),
        ("\n", "the run failed"),
        ("a\nb\tc", "a b c"),
        ("für", "f\\xfcr"),
        ("bell \x07", "bell ?"),
        ("\ud800", "?"),
        ("x" * 301, "x" * 297 + "..."),
    ],
)
def test_an_error_becomes_one_short_line_of_plain_ascii(error, message):
    failed = body_of(status=Status.FAILED, error=error)
    assert failed["result"]["error_message"] == message


@given(numbers)
def test_a_duration_is_a_whole_number_and_never_negative(duration):
    ms = duration_ms(duration)
    assert type(ms) is int
    assert ms >= 0
    if math.isfinite(duration) and 0 <= duration < 1e9:
        assert abs(ms - duration * 1000) <= 0.5 + 1e-6


@pytest.mark.parametrize(
    ("duration", "ms"),
    [(None, 0), (0.0004, 0), (0.0006, 1), (12.9996, 13_000), (-1.0, 0), (math.nan, 0)],
)
def test_a_duration_is_rounded_to_milliseconds(duration, ms):
    assert duration_ms(duration) == ms


@given(st.floats(0, 4e9))
def test_the_start_can_be_read_back_to_the_millisecond(started_at):
    description = body_of(started_at=started_at)["description"]
    text = description.partition(" started ")[2].partition(" on ")[0]
    assert text.endswith("Z")
    read = datetime.fromisoformat(text[:-1]).replace(tzinfo=timezone.utc)
    assert abs(read.timestamp() - started_at) <= 0.001


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.CANCELED])
def test_a_run_that_has_not_ended_is_not_sent(status):
    with pytest.raises(ValueError, match="not ended"):
        body_of(status=status)
