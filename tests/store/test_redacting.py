"""What is secret stays behind when a journal is moved, however it is cut."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest

from nextmv_autotrack.journal import Frame, Kind
from nextmv_autotrack.redact import DEFAULT_RULES
from nextmv_autotrack.redact.pace import Pace
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.redacting import WITHHELD, Redactor
from tests.store.journals import Journal, run_id

KEY = [
    "-----BEGIN PRIVATE KEY-----",
    "A" * 64,
    "B" * 64,
    "Cc==",
    "-----END PRIVATE KEY-----",
]


def moved_one_by_one(folder: Path, lines: list[str]) -> str:
    with Store.open(folder) as store, Journal(folder) as journal:
        journal.begin(1)
        for line in lines:
            journal.log(1, f"INFO app: {line}\n".encode())
            journal.move(store, limit_bytes=1)
        journal.end(1)
        journal.move(store)
        return store.log_text(run_id(1))


def test_a_private_key_over_several_moves_goes_as_a_whole(tmp_path):
    text = moved_one_by_one(tmp_path, ["before", *KEY[:3], "after"])
    assert text.startswith("INFO app: before\n")
    assert text.endswith("INFO app: after\n")
    assert "AAAA" not in text
    assert "BBBB" not in text


def test_a_private_key_in_one_move_goes_as_a_whole(tmp_path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1)
        for line in ["before", *KEY, "after"]:
            journal.log(1, f"{line}\n".encode())
        journal.move(store)
        assert store.log_text(run_id(1)) == "before\n[redacted]\nafter\n"


@pytest.mark.parametrize("part", ["input", "assets"])
def test_large_and_small_documents_are_without_secrets(tmp_path, part):
    for number, size in enumerate((1, 200_000), start=1):
        with Store.open(tmp_path) as store, Journal(tmp_path, f"{number}-a") as journal:
            body = orjson.dumps([{"x": "y" * size, "password": "hunter2", "n": 1}])
            journal.begin(number, body)
            journal.part(number, part, body)
            journal.end(number, body, metrics={"token": "hunter2", "n": 1})
            journal.move(store)
            run = store.run(run_id(number))
            for digest in (run.input, run.output, getattr(run, part)):
                (row,) = json.loads(store.payload(digest))
                assert row == {"x": "y" * size, "password": "[redacted]", "n": 1}
            assert run.metrics == {"token": "[redacted]", "n": 1}


def test_what_a_run_is_known_by_stays_whatever_is_a_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("APP_TOKEN", "routing-2025")
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(
            1, b'"routing-2025"', app_id="routing-2025", name="of routing-2025"
        )
        journal.end(1)
        journal.move(store)
        run = store.run(run_id(1))
        assert (run.app_id, run.name) == ("routing-2025", "of [redacted]")
        assert store.payload(run.input) == b'"[redacted]"'


def test_text_of_an_end_is_without_secrets(tmp_path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, description="--password hunter2")
        journal.end(
            1,
            status="failed",
            error="OSError: no db://me:hunter2@host",
            options={"api_key": "hunter2", "gap": "0.1"},
        )
        journal.move(store)
        run = store.run(run_id(1))
        assert run.description == "--password [redacted]"
        assert run.error == "OSError: no db://me:[redacted]@host"
        assert run.options == {"api_key": "[redacted]", "gap": "0.1"}


def test_an_archive_is_kept_as_it_is(tmp_path):
    archive = b"\x1f\x8b" + b'"password":"hunter2" AKIAIOSFODNN7EXAMPLE'
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, archive)
        journal.end(1)
        journal.move(store)
        assert store.payload(store.run(run_id(1)).input) == archive


def test_each_frame_is_looked_at_by_its_own_rules(tmp_path):
    body = orjson.dumps({"iban": "DE", "password": "x"})
    told = {"iban": {"names": ["iban"]}, "off": {"off": True}, "usual": None, "bad": 5}
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        for number, rules in enumerate(told.values(), start=1):
            meta = {"id": run_id(number), "part": "input"}
            journal.begin(number)
            if rules is not None:
                meta["redact"] = rules
            journal.raw(Kind.PART, json.dumps(meta).encode(), body)
            journal.end(number)
        journal.move(store)
        found = [
            json.loads(store.payload(store.run(run_id(number)).input))
            for number in range(1, 5)
        ]
    usual = {"iban": "DE", "password": "[redacted]"}
    assert found == [
        {"iban": "[redacted]", "password": "[redacted]"},
        {"iban": "DE", "password": "x"},
        usual,
        usual,
    ]


def _late() -> Pace:
    times = iter([0.0])
    return Pace(1.0, lambda: next(times, 5.0))


SLOW = ["token=Hunter2x "] * 200


def test_a_payload_that_takes_too_long_to_scan_is_withheld():
    redactor = Redactor((), lambda _: b"", _late)
    frame = Frame(Kind.END, b"{}", orjson.dumps(SLOW), 0)
    redactor.begin([frame])
    found = orjson.loads(redactor.payload(frame, DEFAULT_RULES))
    assert found == WITHHELD


def test_lines_that_take_too_long_to_scan_are_withheld():
    redactor = Redactor((), lambda _: b"", _late)
    found = redactor.lines("a", "".join(SLOW).encode(), DEFAULT_RULES)
    assert found.decode() == f"{WITHHELD}\n"


def test_of_a_run_that_takes_too_long_to_scan_what_we_say_ourselves_is_kept():
    redactor = Redactor((), lambda _: b"", _late)
    meta = orjson.dumps({"id": "a", "status": "succeeded", "options": SLOW})
    frame = Frame(Kind.END, meta, b"", 0)
    redactor.begin([frame])
    assert redactor.meta(frame)[0] == {"id": "a", "status": "succeeded"}


def test_a_number_of_the_metrics_is_measured_and_no_secret():
    metrics = {"authorization_time_s": 4.5, "db_password": "hunter2"}
    meta = orjson.dumps({"id": "a", "metrics": metrics, "options": {"password": 5}})
    redactor = Redactor((), lambda _: b"")
    frame = Frame(Kind.END, meta, b"", 0)
    redactor.begin([frame])
    found = redactor.meta(frame)[0]
    assert found["metrics"] == {**metrics, "db_password": "[redacted]"}
    assert found["options"] == {"password": "[redacted]"}
