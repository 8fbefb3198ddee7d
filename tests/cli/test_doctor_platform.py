"""`doctor` asks the platform, and says of what goes wrong there what to do about it."""

from __future__ import annotations

import time
from email.utils import formatdate
from pathlib import Path

import pytest

from tests.cli.conftest import Command, found, states
from tests.platform_server.handle import Platform
from tests.signed_in import Person


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused(command: Command, connected: Platform, status: int):
    connected.fail_next(1, status=status)
    told = found(command, 1)
    assert told["key"]["state"] == "problem"
    assert "NEXTMV_API_KEY" in told["key"]["advice"]
    assert told["endpoint"]["state"] == "ok"
    assert told["clock"]["state"] == "ok"
    assert told["application"]["state"] == "skipped"


def test_an_endpoint_where_nobody_answers(
    command: Command, connected: Platform, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NEXTMV_ENDPOINT", "http://127.0.0.1:1")
    told = found(command, 1)
    assert told["key"]["state"] == "skipped"
    assert told["endpoint"]["state"] == "problem"
    assert "NEXTMV_ENDPOINT" in told["endpoint"]["advice"]
    assert told["disk"]["state"] == "ok"


def test_an_endpoint_that_is_no_address(
    command: Command, connected: Platform, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NEXTMV_ENDPOINT", "not an address")
    assert found(command, 1)["endpoint"]["state"] == "problem"


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_platform_that_is_busy_or_out_of_order_is_waited_for(
    command: Command, connected: Platform, status: int
):
    connected.fail_next(1, status=status)
    told = found(command, 1)
    assert told["key"]["state"] == "skipped"
    assert told["endpoint"]["state"] == "problem"
    assert str(status) in told["endpoint"]["text"]
    assert "try again later" in told["endpoint"]["advice"]
    assert "network" not in told["endpoint"]["advice"]


def test_a_proxy_that_wants_a_password_is_named(command: Command, connected: Platform):
    connected.fail_next(1, status=407)
    assert "check the proxy" in found(command, 1)["endpoint"]["advice"]


@pytest.mark.parametrize("answer", ["404 not found", "200 <html>", '200 {"is": "up"}'])
@pytest.mark.parametrize("app_id", ["routing", " "], ids=["application", "none"])
def test_a_web_server_that_is_not_the_platform_is_not_taken_for_it(
    command: Command,
    connected: Platform,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    app_id: str,
):
    monkeypatch.setenv("NEXTMV_APP_ID", app_id)
    status, _, body = answer.partition(" ")
    connected.fail_next(9, status=int(status), body=body)
    told = found(command, 1)
    assert told["key"]["state"] == "skipped"
    assert told["endpoint"]["state"] == "problem"
    assert "check the endpoint" in told["endpoint"]["advice"]
    assert "NEXTMV_ENDPOINT" in told["endpoint"]["advice"]
    rest = ("clock", "application", "upload")
    assert [told[name]["state"] for name in rest] == ["skipped"] * 3
    assert {one.method for one in connected.requests()} == {"GET"}


def test_the_built_in_endpoint_is_not_taken_for_that_of_a_profile(
    command: Command,
    platform: Platform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    Person(tmp_path / "user", platform).has("config.yaml", "apikey: a-key\n")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    told = found(command, 1)
    assert "profile default" in told["key"]["text"]
    assert "which is the built-in one" in told["endpoint"]["advice"]


def test_somebody_who_is_not_signed_in_is_told_to(
    command: Command,
    platform: Platform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    Person(tmp_path / "user", platform).has_profiles()
    monkeypatch.setenv("NEXTMV_PROFILE", "team")
    told = found(command, 1)
    assert told["key"]["state"] == "problem"
    assert "sign in with `" in told["key"]["text"]
    assert told["endpoint"]["state"] == "skipped"


def test_somebody_whose_sign_in_is_refused_is_told_to_sign_in_again(
    command: Command,
    platform: Platform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    person = Person(tmp_path / "user", platform)
    person.has_profiles()
    person.signs_in()
    monkeypatch.setenv("NEXTMV_PROFILE", "team")
    platform.fail_next(1, status=403)
    assert "sign in again with `" in found(command, 1)["key"]["advice"]


@pytest.mark.parametrize("status", [401, 403, 503])
def test_the_clock_is_looked_at_when_the_answer_is_a_refusal(
    command: Command, connected: Platform, status: int
):
    there = formatdate(time.time() + 7200, usegmt=True)
    connected.fail_next(1, status=status, headers={"Date": there})
    told = found(command, 1)
    assert told["clock"]["state"] == "problem"
    assert "behind" in told["clock"]["text"]


@pytest.mark.parametrize(("ahead_s", "words"), [(-7200, "behind"), (7200, "ahead of")])
def test_a_clock_that_is_wrong(
    command: Command, connected: Platform, ahead_s: float, words: str
):
    there = formatdate(time.time() - ahead_s, usegmt=True)
    connected.fail_next(1, status=200, headers={"Date": there}, body='{"runs":[]}')
    told = found(command, 1)
    assert told["clock"]["state"] == "problem"
    assert words in told["clock"]["text"]
    assert told["upload"]["state"] == "ok"


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_a_platform_that_does_not_tell_the_time(
    command: Command, connected: Platform, date: str
):
    connected.fail_next(1, status=200, headers={"Date": date}, body='{"runs":[]}')
    assert states(command, 0)["clock"] == "skipped"


def test_an_application_that_is_unknown(command: Command, connected: Platform):
    connected.fail_next(1, status=404)
    told = found(command, 1)
    assert told["application"]["state"] == "problem"
    assert "'routing'" in told["application"]["text"]
    assert "NEXTMV_APP_ID" in told["application"]["advice"]
    assert [told[name]["state"] for name in ("key", "endpoint", "clock")] == ["ok"] * 3


def test_an_application_that_no_path_can_name_is_unknown(
    command: Command, connected: Platform, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NEXTMV_APP_ID", "..")
    told = found(command, 1)
    assert told["key"]["state"] == "ok"
    assert told["application"]["state"] == "problem"


@pytest.mark.parametrize("destination", ["auto", "cloud", "local"])
def test_no_application_is_noted_for_functions_may_bring_theirs(
    command: Command,
    connected: Platform,
    monkeypatch: pytest.MonkeyPatch,
    destination: str,
):
    monkeypatch.delenv("NEXTMV_APP_ID")
    monkeypatch.setenv("NEXTMV_AUTOTRACK_DESTINATION", destination)
    told = found(command, 0)
    assert told["key"]["state"] == "ok"
    assert told["application"]["state"] == "note"
    assert told["upload"]["state"] == "skipped"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "may track runs"),
        (429, "try again later"),
        (500, "try again later"),
        (200, "check the network"),
    ],
)
def test_an_upload_that_is_refused_is_a_problem_with_its_own_way_out(
    command: Command, connected: Platform, status: int, words: str
):
    connected.fail_next(1, status=status, path="uploadurl")
    told = found(command, 1)
    assert told["upload"]["state"] == "problem"
    assert words in told["upload"]["advice"]


def test_a_storage_that_cannot_be_reached_is_a_problem(
    command: Command, connected: Platform
):
    connected.fail_next(
        1,
        status=200,
        path="uploadurl",
        body='{"upload_id": "1", "upload_url": "http://127.0.0.1:1/1?signature=4711"}',
    )
    told = found(command, 1)
    assert told["upload"]["state"] == "problem"
    assert "127.0.0.1:1" in told["upload"]["text"]
    assert "uploads" in told["upload"]["advice"]
    assert "4711" not in str(told)


def test_the_storage_is_only_knocked_at(command: Command, connected: Platform):
    assert states(command, 0)["upload"] == "ok"
    *_, last = connected.requests()
    assert (last.is_storage, last.method, last.path) == (True, "HEAD", "/")
    assert (last.query, last.size) == ("", 0)
    assert connected.key not in str(last.headers)
