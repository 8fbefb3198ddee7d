from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmv_autotrack.errors import RefusedError, UnreachableError
from nextmv_autotrack.nextmv_api.answers import (
    Answer,
    api_refusal,
    id_field,
    retry_after_s,
    storage_refusal,
    text_field,
)

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("7", 7.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:50 -0000", 30.0),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("٣", None),
        ("9" * 400, None),
        ("Tue, 99 Nov 2023 22:13:50 GMT", None),
    ],
)
def test_how_long_to_wait_is_read_from_seconds_or_a_date(asked, seconds):
    assert retry_after_s({"retry-after": asked}, NOW) == seconds


def test_a_date_is_compared_with_the_clock_of_the_answer():
    headers = {
        "retry-after": "Tue, 14 Nov 2023 22:13:50 GMT",
        "date": "Tue, 14 Nov 2023 22:13:49 GMT",
    }
    assert retry_after_s(headers, NOW + 5000) == 1.0


@given(st.text(), st.text())
def test_no_header_can_break_it(asked, date):
    seconds = retry_after_s({"retry-after": asked, "date": date}, NOW)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'"text"',
        b"{}",
        b'{"run_id":null}',
        b'{"run_id":7}',
        b'{"run_id":""}',
        b'{"run_id":',
        b"\xff\xfe",
        b"[" * 200_000,
    ],
)
def test_an_answer_without_the_text_it_must_hold_is_garbled(body):
    with pytest.raises(UnreachableError, match="creating"):
        text_field(Answer(200, {}, body), "run_id", "creating the run")


@pytest.mark.parametrize(
    "found",
    ["../../x\n\x1b[31m", "..", ".", "a/b", "a b", "a\n", "a\x1b", "\ud800", "?"],
)
def test_an_id_that_is_none_is_garbled(found):
    answer = Answer(200, {}, json.dumps({"run_id": found}).encode())
    with pytest.raises(UnreachableError, match="creating failed") as caught:
        id_field(answer, "run_id", "creating")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("found", ["latest-4Gh_x", "zwölf&c-1", "a.b~c:d"])
def test_an_id_is_taken_as_it_is(found):
    answer = Answer(200, {}, json.dumps({"run_id": found}).encode())
    assert id_field(answer, "run_id", "creating") == found


def refused(status: int, body: bytes, hidden: str) -> RefusedError:
    answer = Answer(status, {}, body)
    return api_refusal(
        answer, "asking", hidden=hidden, unknown="check the key", now=NOW
    )


def test_a_refusal_carries_the_words_of_the_server_in_one_line_without_the_key():
    body = b"bad key  s3cr3t\x07\n given " + b"x" * 5000
    refusal = refused(401, body, hidden="s3cr3t")
    assert "check the key" in str(refusal)
    assert "bad key [key] given xxx" in str(refusal)
    assert str(refusal).isprintable()
    assert len(str(refusal)) < 500


def test_a_key_cut_off_by_the_bound_on_words_is_not_shown_in_part():
    body = b"x" * 295 + b"s3cr3t-of-many-characters"
    key = "s3cr3t-of-many-characters"
    refusal = refused(400, body, hidden=key)
    assert "s3cr" not in str(refusal)


def test_an_address_that_moved_says_so():
    refusal = refused(301, b"", hidden="k")
    assert "set the endpoint" in str(refusal)


@pytest.mark.parametrize(
    ("status", "code", "message", "meant"),
    [
        (403, "AccessDenied", "Request has expired", 408),
        (403, "AccessDenied", "Access Denied", 403),
        (400, "ExpiredToken", "The provided token has expired.", 408),
        (400, "RequestTimeout", "Your socket connection was idle", 408),
        (400, "EntityTooLarge", "too large", 413),
        (503, "SlowDown", "Reduce your request rate.", 503),
        (500, "", "", 500),
    ],
)
def test_storage_is_understood_by_its_codes(status, code, message, meant):
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    refusal = storage_refusal(Answer(status, {}, body), "uploading", now=NOW)
    assert refusal.status_code == meant
    assert str(status) in str(refusal)


def test_what_storage_repeats_of_a_signature_is_not_shown():
    body = b"<Error><Code>SignatureDoesNotMatch</Code><Got>abc</Got></Error>"
    refusal = storage_refusal(Answer(403, {}, body), "uploading", now=NOW)
    assert "SignatureDoesNotMatch" in str(refusal)
    assert "abc" not in str(refusal)
