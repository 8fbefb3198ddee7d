from __future__ import annotations

import copy
import dataclasses
import math
import pickle
import traceback
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction

import numpy as np
import pytest

from nextmv_autotrack import InvalidRunError, Status, TrackedRun


class Ended(Enum):
    WELL = "succeeded"


@pytest.mark.parametrize(
    "status", ["succeeded", Status.SUCCEEDED, Ended.WELL], ids=repr
)
def test_a_status_is_a_word_or_an_enum_of_it(status):
    assert TrackedRun(status).status is Status.SUCCEEDED


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        (None, None),
        (0, 0.0),
        (1.5, 1.5),
        (timedelta(minutes=1), 60.0),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (Fraction(1, 4), 0.25),
    ],
)
def test_a_duration_is_in_seconds(duration, seconds):
    assert TrackedRun("failed", duration=duration).duration == seconds


def test_the_start_is_a_moment_or_seconds():
    moment = datetime(2026, 1, 2, tzinfo=timezone.utc)
    assert TrackedRun("failed", started_at=moment).started_at == moment.timestamp()
    assert TrackedRun("failed", started_at=12.5).started_at == 12.5
    assert TrackedRun("failed").started_at is None


@pytest.mark.parametrize(
    ("logs", "text"),
    [
        (None, ""),
        ("one\ntwo\n", "one\ntwo\n"),
        (["one", "two"], "one\ntwo"),
        (("one\n", "two\n"), "one\ntwo"),
        ([], ""),
        (iter(["one", "", "two"]), "one\n\ntwo"),
    ],
)
def test_logs_are_lines(logs, text):
    assert TrackedRun("failed", logs=logs).logs == text


def test_options_are_texts():
    run = TrackedRun("failed", options={"gap": 0.1, "name": "a", 3: [1], "no": None})
    assert run.options == {"gap": "0.1", "name": "a", "3": "[1]", "no": "null"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"status": "done"}, "status must be 'succeeded' or 'failed', not 'done'"),
        ({"status": None}, "status must be 'succeeded' or 'failed', not None"),
        ({"status": Status.RUNNING}, "status must be .*, not 'running'"),
        ({"status": "canceled"}, "status must be .*, not 'canceled'"),
        ({"duration": -0.001}, "duration must be .*, not -0.001"),
        ({"duration": math.nan}, "duration must be .*, not nan"),
        ({"duration": math.inf}, "duration must be .*, not inf"),
        ({"duration": 10**400}, "duration must be .*, not 1000.*"),
        ({"duration": timedelta(seconds=-1)}, "duration must be .*, not -1"),
        ({"duration": True}, "duration must be .*, not True"),
        ({"duration": "1.5"}, "duration must be .*, not '1.5'"),
        ({"duration": Decimal(1)}, "duration must be .*, not a Decimal"),
        ({"error": ValueError("x")}, "error must be a text, not a ValueError"),
        ({"logs": 5}, "logs must be a text, or a list of lines, not 5"),
        ({"logs": b"line"}, "logs must be .*, not a bytes"),
        ({"logs": ["a", 5]}, r"logs\[1\] must be a text, not 5"),
        ({"name": 5}, "name must be a text, not 5"),
        ({"description": []}, "description must be a text, not a list"),
        ({"options": "gap"}, "options must be a dict, not 'gap'"),
        ({"metrics": [1]}, "metrics must be a dict, not a list"),
        ({"statistics": 5}, "statistics must be a dict, not 5"),
        ({"assets": {"name": "map"}}, "assets must be a list of dicts, not a dict"),
        ({"assets": [5]}, r"assets\[0\] must be a dict, not 5"),
        ({"assets": [{}]}, r"assets\[0\]\['name'\] must be a text, not None"),
        ({"input_dir": "no/such"}, "input_dir must be an existing folder, not 'no/s"),
        ({"output_dir": ""}, "output_dir must be an existing folder, not ''"),
        ({"output_dir": 5}, "output_dir must be an existing folder, not 5"),
        ({"input_dir": "a\0b"}, "input_dir must be an existing folder"),
        ({"started_at": "today"}, "started_at must be .*, not 'today'"),
        ({"started_at": math.nan}, "started_at must be .*, not nan"),
        ({"input": 0, "input_dir": "."}, "input and input_dir are given both"),
        ({"output": {}, "output_dir": "."}, "output and output_dir are given both"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_by_its_field(fields, message):
    with pytest.raises(InvalidRunError, match=f"^{message}") as caught:
        TrackedRun(**{"status": "succeeded"} | fields)
    field = [*fields][-1]
    assert caught.value.field.startswith(field)
    assert isinstance(caught.value, ValueError)


def test_a_secret_in_a_value_is_in_no_message_and_no_repr():
    run = TrackedRun("failed", input={"password": "hunter2"}, logs="hunter2", name="n")
    assert repr(run) == "<TrackedRun 'n' failed>"
    with pytest.raises(InvalidRunError) as caught:
        TrackedRun("failed", metrics=["hunter2"])
    assert "hunter2" not in str(caught.value)


def test_what_has_been_checked_stays_so():
    run = TrackedRun("failed", metrics={"value": 1})
    with pytest.raises(AttributeError):
        run.status = "done"


def test_what_is_given_may_be_changed_later():
    metrics, assets = {"value": 1}, [{"name": "map"}]
    run = TrackedRun("failed", metrics=metrics, assets=assets)
    metrics.clear()
    assets.clear()
    assert (run.metrics, run.assets) == ({"value": 1}, [{"name": "map"}])


def test_it_can_be_copied_and_pickled():
    run = TrackedRun("failed", input={"stops": 3}, duration=2)
    for another in (copy.copy(run), pickle.loads(pickle.dumps(run))):  # noqa: S301 -- our own
        assert (another.input, another.duration) == ({"stops": 3}, 2.0)


def test_another_one_can_be_made_of_it():
    run = TrackedRun(
        "failed", input={"a": 1}, options={"gap": 0.1}, duration=2, logs=["one"]
    )
    another = dataclasses.replace(run, name="x", status="succeeded")
    assert (another.name, another.status) == ("x", Status.SUCCEEDED)
    assert (another.input, another.options) == ({"a": 1}, {"gap": "0.1"})
    assert (another.duration, another.logs) == (2.0, "one")


def test_a_traceback_can_show_one_that_could_not_be_made():
    with pytest.raises(InvalidRunError) as caught:
        TrackedRun("done")
    shown = traceback.TracebackException.from_exception(
        caught.value, capture_locals=True
    )
    assert "self = <TrackedRun>" in "".join(shown.format())
