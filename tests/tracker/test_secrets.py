"""Secrets in every place of a run: none of them gets into the store, or out."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from nextmv_autotrack import current_run, track_run, tracked
from nextmv_autotrack.capture import installed
from nextmv_autotrack.capture.recorder import Recorder
from nextmv_autotrack.clock import SYSTEM_CLOCK
from nextmv_autotrack.ids import new_id_source
from nextmv_autotrack.journal import Home, Writer
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.sweep import Sweep
from nextmv_autotrack.tracker import Tracker

PATIENCE_S = 20


def secret(place: str) -> str:
    """A value to look for, which no rule knows by its shape."""
    return f"hunter2-{place}"


@dataclass
class Connection:
    host: str
    password: str


KEY_LINES = [
    "-----BEGIN PRIVATE KEY-----",
    "hunter2KEY" + "A" * 60,
    "-----END PRIVATE KEY-----",
]


@tracked(
    options=["api_key", "gap"],
    description=lambda *_, **__: f"with --password {secret('description')}",
)
def solve(data, connection, password, *, api_key, gap=0.1):
    logger = logging.getLogger("model")
    logger.warning("login with password=%s", secret("log"))
    for line in KEY_LINES:
        logger.warning(line)
    current_run().log(f"db://me:{secret('url')}@host")
    return {
        "solution": [{"deep": [{"token": secret("output")}]}],
        "note": f"Authorization: Bearer {secret('bearer')}",
        "metrics": {"db_password": secret("metrics"), "value": 1.0},
        "assets": [{"name": "a", "content": {"client_secret": secret("assets")}}],
    }


def data() -> dict:
    return {
        "token": secret("level1"),
        "config": {"apiKey": secret("level2"), "deeper": {"passwd": secret("level3")}},
        "rows": [{"deep": {"deeper": {"secret": secret("rows")}}}],
        "command": ["run", "--password", secret("argv"), f"--token={secret('argv')}"],
    }


def call() -> None:
    connection = Connection("here", secret("object"))
    solve(data(), connection, secret("argument"), api_key=secret("option"))


@tracked
def fail(data):
    note = f"cannot open db://me:{secret('error')}@host with token={secret('error')}"
    raise RuntimeError(note)


def bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def left_behind(tracker: Tracker) -> bytes:
    """All that is on the disk once the journal has been moved."""
    assert tracker.shutdown(PATIENCE_S)
    return bytes_below(tracker.sources.resolve().directory)


@pytest.fixture
def recorded_only(sources, tmp_path):
    """A journal that nobody moves: what it holds is what calls have written."""
    before = installed.recorder()
    writer = Writer(Home(tmp_path), "1-me")
    installed.install(
        Recorder(
            append=writer.append,
            clock=SYSTEM_CLOCK,
            new_id=new_id_source(),
            sources=sources,
            settle=lambda _: None,
        )
    )
    yield tmp_path / "journals"
    installed.install(before)
    writer.close()


def test_no_secret_reaches_the_store_or_the_platform(to_platform, platform):
    call()
    with pytest.raises(RuntimeError):
        fail({"a": {"b": {"c": {"password": secret("deep")}}}})
    with track_run("block", input={"secret": secret("block")}) as run:
        run.options["access_token"] = secret("later")
        run.input = {"pwd": secret("again")}
        run.output = f"password: {secret('text')}"
    assert to_platform.flush(PATIENCE_S)
    runs = platform.runs()
    assert len(runs) == 3
    received = b"".join(
        part
        for run in runs
        for part in (json.dumps(run.body).encode(), run.input, run.output, run.logs)
    )
    received += str([(seen.path, seen.query) for seen in platform.requests()]).encode()
    assert b"hunter2" not in received
    assert received.count(b"[redacted") > 15
    assert b"hunter2" not in left_behind(to_platform)
    # They arrive in any order.
    (solved,) = [run for run in runs if run.body["name"].endswith("solve")]
    assert solved.document["solution"] == [{"deep": [{"token": "[redacted]"}]}]
    assert json.loads(solved.input)["connection"]["host"] == "here"


def test_what_is_named_a_secret_at_the_top_is_not_even_in_the_journal(
    recorded_only,
):
    call()
    with pytest.raises(RuntimeError):
        fail({"token": secret("level1")})

    @tracked
    def alone(password):
        return {"client_secret": secret("returned")}

    @tracked
    def listed(*names, **kwargs):
        yield {"token": secret("yielded")}

    alone(secret("alone"))
    list(listed(1, api_key=secret("kwargs")))
    with track_run("block", input={"secret": secret("block")}) as run:
        run.options["access_token"] = secret("later")
        run.metrics["password"] = secret("metric")
    written = bytes_below(recorded_only)
    for place in [
        "argument",
        "option",
        "level1",
        "level2",
        "level3",
        "object",
        "metrics",
        "alone",
        "returned",
        "yielded",
        "kwargs",
        "block",
        "later",
        "metric",
    ]:
        assert secret(place).encode() not in written, place
    # By its content, and not by its name: that is for the background.
    assert secret("log").encode() in written


def test_the_users_own_objects_stay_as_they_are(recorded_only):
    given = data()

    @tracked
    def same(data, token):
        assert token == secret("mine")
        return data

    assert same(given, secret("mine")) is given
    assert given == data()


def test_a_callable_sees_names_and_values_once_and_its_failure_withholds_the_value(
    recorded_only, as_for_users, caplog
):
    seen = []

    def hide(name, value):
        seen.append(name)
        if name == "bad":
            raise ValueError(value)
        return "***" if name == "customer" else value

    @tracked(redact=hide)
    def plan(customer, rest):
        return None

    plan("Ann", {"customer": "Bob", "bad": "Cid", "good": "Dee"})
    written = bytes_below(recorded_only)
    assert sorted(seen) == ["bad", "customer", "customer", "good", "rest"]
    assert b'{"customer":"***","rest":{"customer":"***","bad":"[redacted]"' in written
    for name in (b"Ann", b"Bob", b"Cid"):
        assert name not in written
    assert b"Dee" in written
    assert caplog.text.count("a callable of the setting 'redact' failed") == 1


def test_names_and_patterns_of_one_function_hold_when_another_process_moves_it(
    tmp_path,
):
    script = textwrap.dedent("""
        import logging, os, re, signal
        from nextmv_autotrack import tracked

        @tracked(redact=["iban", "!session_token", re.compile("K-[0-9]+")])
        def solve(data):
            logging.warning("order K-123, iban=DE-hunter2")
            os.kill(os.getpid(), signal.SIGKILL)

        solve([[[{"iban": "DE-hunter2", "session_token": "kept", "note": "K-456"}]]])
    """)
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        env={**os.environ, "NEXTMV_AUTOTRACK_DIRECTORY": str(home)},
        stderr=subprocess.DEVNULL,
    )
    assert done.returncode == -signal.SIGKILL
    with Store.open(home) as store:
        Sweep(store, Home(home)).others()
        (run,) = store.runs(limit=2)
        assert json.loads(store.payload(run.input)) == [
            [[{"iban": "[redacted]", "session_token": "kept", "note": "[redacted]"}]]
        ]
        assert "order [redacted], iban=[redacted]" in store.log_text(run.id)
    assert b"hunter2" not in bytes_below(home)


def test_the_platforms_key_is_nowhere_even_with_redaction_off(to_platform, platform):
    @tracked(redact=False)
    def leaky(data):
        logging.getLogger("model").warning("using %s", platform.key)
        return {"note": f"key {platform.key}", "password": "kept"}

    leaky(platform.key)
    assert to_platform.flush(PATIENCE_S)
    (run,) = platform.runs()
    key = platform.key.encode()
    for part in (run.input, run.output, run.logs):
        assert key not in part
    assert run.document["password"] == "kept"  # noqa: S105 -- it is to stay
    assert key not in left_behind(to_platform)


def test_a_value_of_the_environment_is_hidden_wherever_it_turns_up(
    to_platform, platform, monkeypatch
):
    monkeypatch.setenv("SOLVER_LICENSE_KEY", "Ab-hunter2-77")

    @tracked
    def echo(data):
        return [f"({os.environ['SOLVER_LICENSE_KEY']})"]

    echo(1)
    assert to_platform.flush(PATIENCE_S)
    (run,) = platform.runs()
    assert run.document["solution"] == ["([redacted])"]


def test_equal_inputs_are_kept_once_and_without_their_secrets(to_platform):
    @tracked
    def plan(rows):
        return None

    for number in range(3):
        plan([{"password": f"hunter2-{number}", "x": ["y"] * 20}])
    assert to_platform.flush(PATIENCE_S)
    with Store.open(to_platform.sources.resolve().directory) as store:
        assert len({run.input for run in store.runs(limit=5)}) == 1
