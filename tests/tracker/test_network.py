"""Whatever happens on the way to the platform: each run arrives, and arrives once."""

from __future__ import annotations

import socket
from email.utils import formatdate

import pytest

from nextmv_autotrack import tracked
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.whereabouts import CREATE_SETTLES_S
from tests.platform_server.handle import Platform

PATIENCE_S = 25

UPLOAD_URL, PUT, CREATE = r"/uploadurl$", r"/uploads/", r"/runs$"

pytestmark = pytest.mark.usefixtures("as_for_users")


@tracked
def solve(data):
    return data


def stored(tracker) -> list[StoredRun]:
    with Store.open(tracker.sources.resolve().directory) as store:
        return store.runs(limit=100)


def arrived(platform: Platform) -> list[object]:
    return sorted(run.given for run in platform.runs())


# --- What passes by itself.


@pytest.mark.parametrize(
    ("status", "path"),
    [
        *((status, UPLOAD_URL) for status in (408, 425, 429, 500, 502, 503, 504)),
        (503, PUT),
        (429, CREATE),
    ],
)
def test_a_run_that_was_refused_for_now_arrives_once(
    to_platform, platform, status, path
):
    platform.fail_next(1, status=status, path=path)
    solve(1)
    assert to_platform.flush(PATIENCE_S)
    assert arrived(platform) == [1]


@pytest.mark.parametrize("path", [UPLOAD_URL, PUT])
def test_a_run_whose_connection_broke_arrives_once(to_platform, platform, path):
    platform.trouble("close", path=path)
    solve(1)
    assert to_platform.flush(PATIENCE_S)
    assert arrived(platform) == [1]


@pytest.mark.parametrize("body", ["<html>busy</html>", "", '{"run_id"', "[]"])
def test_an_answer_that_is_none_is_no_answer(to_platform, platform, body):
    platform.fail_next(1, status=200, path=UPLOAD_URL, body=body)
    solve(1)
    assert to_platform.flush(PATIENCE_S)
    assert arrived(platform) == [1]


def test_a_run_whose_answer_was_lost_is_found_and_not_made_again(to_platform, platform):
    platform.trouble("lose answer", path=CREATE, method="POST")
    solve(1)
    assert to_platform.flush(PATIENCE_S)
    assert arrived(platform) == [1]
    creates = [
        seen
        for seen in platform.requests()
        if seen.method == "POST" and seen.path.endswith("/runs")
    ]
    assert len(creates) == 1
    (run,) = stored(to_platform)
    assert run.platform_run_id == platform.runs()[0].id


def test_a_run_whose_call_was_lost_is_looked_for_and_then_made(to_platform, platform):
    platform.trouble("close", path=CREATE, method="POST")
    solve(1)
    assert to_platform.flush(PATIENCE_S)
    lists = [seen for seen in platform.requests() if seen.method == "GET"]
    assert len(lists) == 1
    assert arrived(platform) == [1]


@pytest.mark.parametrize("status", [502, 504])
def test_a_run_that_a_gateway_would_not_wait_for_is_found_soon_and_not_made_again(
    to_platform, platform, status
):
    platform.trouble("do and refuse", path=CREATE, method="POST", status=status)
    solve(1)
    assert to_platform.flush(PATIENCE_S)
    assert arrived(platform) == [1]


def test_while_a_call_may_be_at_work_its_run_is_looked_for_and_not_made_again(
    to_platform, platform
):
    platform.fail_next(1, status=504, path=CREATE)
    solve(1)
    assert to_platform.flush(2 * CREATE_SETTLES_S) is False
    asked = [seen.method for seen in platform.requests() if seen.path.endswith("/runs")]
    assert asked == ["POST", "GET"]
    assert platform.runs() == []


def test_nobody_looks_for_a_run_before_its_call_may_have_ended(to_platform, platform):
    platform.trouble("lose answer", path=CREATE, method="POST")
    solve(1)
    assert to_platform.flush(CREATE_SETTLES_S / 2) is False
    assert not [seen for seen in platform.requests() if seen.method == "GET"]


def test_parts_that_were_uploaded_are_not_uploaded_again(to_platform, platform):
    platform.fail_next(1, status=429, path=CREATE)
    solve("x" * 1000)
    assert to_platform.flush(PATIENCE_S)
    puts = [seen for seen in platform.requests() if seen.is_storage]
    assert len(puts) == 2


def test_an_upload_address_that_has_expired_is_asked_for_again(to_platform, platform):
    platform.fail_next(
        1,
        status=403,
        path=PUT,
        body="<Error><Code>AccessDenied</Code>"
        "<Message>Request has expired</Message></Error>",
    )
    solve(1)
    assert to_platform.flush(PATIENCE_S)
    assert arrived(platform) == [1]


# --- How long is waited.


@pytest.mark.parametrize(
    "asked", ["600", lambda: formatdate(usegmt=True, timeval=4e9)], ids=["s", "date"]
)
def test_a_wait_that_is_asked_for_holds_all_runs(to_platform, platform, asked):
    asked = asked() if callable(asked) else asked
    platform.fail_next(99, status=429, headers={"Retry-After": asked})
    solve(1)
    assert to_platform.flush(PATIENCE_S) is False
    before = len(platform.requests())
    solve(2)
    solve(3)
    assert to_platform.flush(PATIENCE_S) is False
    assert len(platform.requests()) == before


def test_an_outage_costs_one_probe_at_a_time(to_platform, platform):
    platform.fail_next(1000, status=503)
    for number in range(30):
        solve(number)
    # The first burst finds it out; then one run is tried after a second or less, and
    # one after two seconds or less.
    assert to_platform.flush(0.5) is False
    first = len(platform.requests())
    assert to_platform.flush(2) is False
    assert 1 <= len(platform.requests()) - first <= 4
    platform.reset()
    assert to_platform.flush(PATIENCE_S)
    assert arrived(platform) == list(range(30))


# --- What somebody has to mend.


@pytest.mark.parametrize("status", [401, 403, 404, 405, 307])
def test_a_run_that_needs_somebody_waits_and_one_warning_says_so(
    to_platform, platform, caplog, status
):
    platform.fail_next(99, status=status, headers={"Location": "http://127.0.0.1:9/"})
    for number in range(3):
        solve(number)
    assert to_platform.flush(PATIENCE_S) is False
    assert {run.delivery for run in stored(to_platform)} == {Delivery.WAITING}
    (warning,) = caplog.records
    assert str(status) in warning.getMessage()
    platform.reset()


def test_another_key_is_tried_at_once(to_platform, platform, caplog):
    right = platform.key
    to_platform.configure({"api_key": "wrong"})
    solve(1)
    assert to_platform.flush(PATIENCE_S) is False
    to_platform.configure({"api_key": right})
    solve(2)
    assert to_platform.flush(PATIENCE_S)
    assert arrived(platform) == [1, 2]


def test_a_key_that_is_mended_in_the_environment_is_read_afresh(
    to_platform, platform, monkeypatch
):
    del to_platform.sources._configured["api_key"]
    environ = {"NEXTMV_API_KEY": "wrong"}
    monkeypatch.setattr(to_platform.sources, "_environ", environ)
    to_platform.configure({})
    solve(1)
    assert to_platform.flush(PATIENCE_S) is False
    environ["NEXTMV_API_KEY"] = platform.key
    solve(2)
    assert to_platform.flush(PATIENCE_S)
    assert arrived(platform) == [1, 2]


def test_an_application_that_is_unknown_does_not_hold_up_another(to_platform, platform):
    platform.fail_next(99, status=404, path="/applications/unknown/")
    tracked(app_id="unknown")(lambda: 1)()
    solve(2)
    assert to_platform.flush(PATIENCE_S) is False
    assert arrived(platform) == [2]
    platform.reset()


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_run_that_is_rejected_keeps_the_words_and_stops_no_other(
    to_platform, platform, status
):
    platform.fail_next(1, status=status, path=CREATE, body="no such field: stops")
    solve(1)
    assert to_platform.flush(PATIENCE_S)
    solve(2)
    assert to_platform.flush(PATIENCE_S)
    second, first = stored(to_platform)
    assert first.delivery is Delivery.REJECTED
    assert "no such field: stops" in (first.problem or "")
    assert second.delivery is Delivery.DELIVERED


def test_a_run_that_the_platform_cannot_bear_does_not_stop_the_others(
    to_platform, platform
):
    solve("poison")
    platform.fail_next(1, status=500, path=UPLOAD_URL)
    assert to_platform.flush(0.3) is False
    for number in range(5):
        solve(number)
    assert to_platform.flush(PATIENCE_S)
    assert len(platform.runs()) == 6


# --- Nobody there at all.


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.mark.parametrize(
    "endpoint",
    [
        lambda: f"http://127.0.0.1:{unused_port()}",
        lambda: "http://no-such-host.invalid",
    ],
    ids=["refused", "no such host"],
)
def test_without_a_platform_runs_wait(to_platform, endpoint, caplog):
    to_platform.configure({"endpoint": endpoint(), "allow_http": True})
    for number in range(3):
        solve(number)
    assert to_platform.flush(0.5) is False
    assert {run.delivery for run in stored(to_platform)} == {Delivery.WAITING}
    assert len(caplog.records) == 1


def test_without_encryption_nothing_is_sent_and_one_message_has_the_way_out(
    to_platform, caplog
):
    to_platform.configure({"endpoint": "http://platform.invalid"})
    for number in range(3):
        solve(number)
    assert to_platform.flush(0.5) is False
    assert {run.delivery for run in stored(to_platform)} == {Delivery.WAITING}
    (record,) = caplog.records
    assert "http://platform.invalid" in record.getMessage()
    assert "NEXTMV_AUTOTRACK_ALLOW_HTTP=true" in record.getMessage()


def test_a_platform_without_tls_behind_https_gets_nothing(
    to_platform, platform, caplog
):
    to_platform.configure({"endpoint": platform.endpoint.replace("http:", "https:")})
    solve(1)
    assert to_platform.flush(0.5) is False
    assert platform.requests() == []
    assert "no connection came about" in caplog.records[0].getMessage()
