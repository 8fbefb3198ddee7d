"""What is told by hand goes out without secrets, and stays as it is here."""

from __future__ import annotations

import copy
import json

import pytest

from nextmv_autotrack import TrackedRun, configure
from nextmv_autotrack.settings import OF_THIS_PROCESS

FIELDS = {
    "input": {"a": [{"b": {"password": "hunter2"}}], "n": 1.5},
    "output": {"note": "db://me:hunter2@host", "metrics": {"api_key": "hunter2"}},
    "error": "ValueError: token=hunter2",
    "logs": ["login", "--password hunter2"],
    "name": "of password=hunter2",
    "description": "Authorization: Bearer hunter2",
    "options": {"secret": "hunter2", "url": "db://me:hunter2@host"},
    "metrics": {"db_password": "hunter2", "value": 1},
    "assets": [{"name": "a", "content": {"token": "hunter2"}}],
}


@pytest.fixture
def _own_settings(monkeypatch):
    monkeypatch.setattr(OF_THIS_PROCESS, "_configured", {})
    yield
    OF_THIS_PROCESS.configure()


def received(platform):
    (run,) = platform.runs()
    body = json.dumps(run.body).encode()
    return run, b"".join((body, run.input, run.output, run.logs))


def test_a_run_is_sent_without_its_secrets_and_stays_as_it_is(app, platform):
    given = copy.deepcopy(FIELDS)
    run = TrackedRun("failed", **given)
    app.track_run(run)
    sent, everything = received(platform)
    assert b"hunter2" not in everything
    assert json.loads(sent.input) == {
        "a": [{"b": {"password": "[redacted]"}}],
        "n": 1.5,
    }
    assert sent.logs.startswith(b"login\n--password [redacted]")
    assert given == FIELDS
    assert run.input == FIELDS["input"]
    assert run.options["secret"] == "hunter2"  # noqa: S105 -- of the object that was given


def test_texts_are_sent_without_their_secrets(app, platform):
    app.track_run(
        TrackedRun("succeeded", input="a\npwd=hunter2\n", output="Bearer hunter2x")
    )
    sent, _ = received(platform)
    assert (sent.input, sent.output) == (b"a\npwd=[redacted]\n", b"Bearer [redacted]")


def test_the_key_that_opens_the_platform_is_not_sent_in_a_run(app, platform):
    app.track_run(TrackedRun("succeeded", input={"note": f"({platform.key})"}))
    _, everything = received(platform)
    assert platform.key.encode() not in everything


@pytest.mark.usefixtures("_own_settings")
def test_the_setting_holds_there_too(app, platform):
    configure(
        redact=["iban", "!token", lambda name, value: 7 if name == "x" else value]
    )
    app.track_run(TrackedRun("succeeded", input={"iban": "DE", "token": "t1", "x": 1}))
    sent, _ = received(platform)
    assert json.loads(sent.input) == {"iban": "[redacted]", "token": "t1", "x": 7}


@pytest.mark.usefixtures("_own_settings")
def test_it_can_be_switched_off(app, platform):
    configure(redact=False)
    app.track_run(TrackedRun("succeeded", input={"password": "kept"}))
    sent, _ = received(platform)
    assert json.loads(sent.input) == {"password": "kept"}
