"""What each setting may be, and what is said of a value that is wrong."""

from __future__ import annotations

import logging
import re
import reprlib
from pathlib import Path

import pytest

from nextmv_autotrack.errors import AutotrackError, SettingsError
from nextmv_autotrack.settings import OF_THE_PROCESS, Settings, checked


class Opaque:
    def __repr__(self):
        return "no words\nfor it\n" * 1000


HUGE = 10**400


def double(x):
    return 2 * x


@pytest.mark.parametrize(
    ("name", "given", "wanted"),
    [
        ("enabled", False, False),
        ("destination", "cloud", "cloud"),
        ("app_id", " routing\n", "routing"),
        ("app_id", None, None),
        ("instance_id", "prod ", "prod"),
        ("endpoint", "api.cloud.nextmv.io", "https://api.cloud.nextmv.io"),
        ("endpoint", " http://localhost:8000/ ", "http://localhost:8000"),
        ("endpoint", "host/a/prefix/", "https://host/a/prefix"),
        ("endpoint", "http://[::1]:80", "http://[::1]:80"),
        ("endpoint", "HTTPS://Host", "HTTPS://Host"),
        ("api_key", "key\n", "key"),
        ("profile", " staging\n", "staging"),
        ("system_certs", True, True),
        ("allow_http", False, False),
        ("name", double, double),
        ("name", "a\nb", "a\nb"),
        ("description", None, None),
        ("input", "data", "data"),
        ("input", ["data"], ("data",)),
        ("input", ("a", "b"), ("a", "b")),
        ("input", double, double),
        ("input", (), ()),
        ("input_dir", "in", Path("in")),
        ("input_dir", Path("/in"), Path("/in")),
        ("input_dir", double, double),
        ("input_dir", None, None),
        ("output_dir", "out/../out", Path("out/../out")),
        ("output_dir", double, double),
        ("options", "gap", ("gap",)),
        ("options", ["gap", "größe"], ("gap", "größe")),
        ("output", double, double),
        ("output", False, False),
        ("output", True, None),
        ("output", None, None),
        ("metrics", double, double),
        ("logs", True, True),
        ("logs", False, False),
        ("logs", "info", logging.INFO),
        ("logs", logging.ERROR, logging.ERROR),
        ("logs", "NOTSET", 0),
        ("streams", "fd", "fd"),
        ("streams", False, "off"),
        ("resources", False, False),
        ("environment", "full", "full"),
        ("sample", 0, 0.0),
        ("sample", 1, 1.0),
        ("sample", 0.5, 0.5),
        ("max_payload", 1024, 1024),
        ("max_log", HUGE, HUGE),
        ("directory", "/a", Path("/a")),
        ("directory", Path("/a"), Path("/a")),
        ("max_disk", 10_000_000, 10_000_000),
        ("max_age_days", 36_500, 36_500.0),
        ("flush_timeout", 0, 0.0),
        ("flush_timeout", 1_000_000, 1_000_000.0),
        ("sync", True, True),
    ],
)
def test_a_right_value_is_brought_into_shape(name, given, wanted):
    found = checked({name: given})[name]
    assert found == wanted
    assert type(found) is type(wanted)


def test_a_path_is_the_users_and_does_not_move_with_the_process(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somebody")
    monkeypatch.setenv("USERPROFILE", "/somebody")
    assert checked({"directory": "runs"})["directory"] == tmp_path / "runs"
    assert checked({"directory": "~/runs"})["directory"] == Path("/somebody/runs")


WRONG = {
    "enabled": ["yes", 1, 0, None, [], "", Opaque()],
    "destination": ["Cloud", "local ", "", None, True, ["cloud"], Opaque()],
    "app_id": ["", " ", 5, ["a"], True, b"a", Opaque()],
    "instance_id": ["", 5, Opaque()],
    "endpoint": [
        "",
        " ",
        None,
        5,
        "https://",
        "https:",
        "ftp://host",
        "https://https://host",
        "https://a host",
        "https://host/?a=b",
        "https://host/#top",
        "https://u:secret@host",
        "host:port",
        b"https://host",
        Opaque(),
    ],
    "api_key": ["", " \n", 4711, ["secret"], b"secret", Opaque()],
    "profile": ["", " ", 5, ["a"], Opaque()],
    "system_certs": [None, "true", 1, Opaque()],
    "allow_http": [None, "true", 1, Opaque()],
    "name": ["", " ", 5, False, ["a"], Opaque()],
    "description": ["", 5, Opaque()],
    "input": ["", "a b", "a.b", 5, False, ["a", 5], [""], {"a"}, Opaque()],
    "input_dir": ["", 5, True, b"/a", "a\0b", "~no-such-user-here/x", [], Opaque()],
    "options": ["", "a b", None, double, 5, {"a": 1}, ["a", None], Opaque()],
    "output": ["text", 0, 1, "", [], Opaque()],
    "output_dir": ["", 0, False, b"/a", "a\0b", ["/a"], Opaque()],
    "metrics": ["value", {"value": 1}, True, False, Opaque()],
    "redact": [
        "",
        " ",
        "!",
        "a=b",
        5,
        b"iban",
        ["iban", 5],
        [None],
        re.compile(b"x"),
        "x" * 101,
        [re.compile("x" * 1001)],
        ["iban"] * 51,
        Opaque(),
    ],
    "logs": ["LOUD", "", None, 2.5, "Level 5", [], Opaque()],
    "streams": [None, True, "stdout", "FD", 1, Opaque()],
    "resources": [None, 1, "no", Opaque()],
    "environment": [None, True, "", "some", Opaque()],
    "sample": [-0.1, 1.1, float("nan"), HUGE, True, "0.5", None, 1j, Opaque()],
    "max_payload": [1023, 0, -1, 2000.0, float("inf"), True, "2000", None, Opaque()],
    "max_log": [1023, 1e6, "1e6", None, Opaque()],
    "directory": ["", None, 5, True, b"/a", "~no-such-user-here/x", [], Opaque()],
    "max_disk": [9_999_999, 1e9, "1e9", True, None, Opaque()],
    "max_age_days": [0, -1, 36_501, float("nan"), "2", None, True, Opaque()],
    "flush_timeout": [-1, float("inf"), float("nan"), HUGE, "2", None, True, Opaque()],
    "sync": [None, "true", 1, Opaque()],
}

# The words by which each message says what would be right.
WAY_OUT = {
    "enabled": "True or False",
    "destination": "'auto', 'cloud' or 'local'",
    "app_id": "a text",
    "instance_id": "a text",
    "endpoint": "an address such as https://api.cloud.nextmv.io",
    "api_key": "a text",
    "profile": "a text",
    "system_certs": "True or False",
    "allow_http": "True or False",
    "name": "a text or a callable",
    "description": "a text or a callable",
    "input": "the name of an argument, or several",
    "input_dir": "the path of a folder, or a callable, given in code",
    "options": "the name of an argument, or several",
    "output": "a callable, given in code, or False",
    "output_dir": "the path of a folder, or a callable, given in code",
    "metrics": "a callable, given in code",
    "redact": "names such as 'iban'",
    "logs": "True, False or a logging level",
    "streams": "'off', 'python' or 'fd'",
    "resources": "True or False",
    "environment": "'full', 'versions' or 'none'",
    "sample": "a number from 0 to 1",
    "max_payload": "a whole number of bytes, 1024 or more",
    "max_log": "a whole number of bytes, 1024 or more",
    "directory": "a path",
    "max_disk": "a whole number of bytes, 10,000,000 or more",
    "max_age_days": "a number of days, up to 36,500",
    "flush_timeout": "a number of seconds from 0 to 1,000,000",
    "sync": "True or False",
}


ALL_WRONG = [(name, value) for name, values in WRONG.items() for value in values]


def test_every_setting_has_wrong_values_and_a_way_out_here():
    assert set(WRONG) == set(WAY_OUT) == set(Settings.__dataclass_fields__)


@pytest.mark.parametrize(
    ("name", "value"), ALL_WRONG, ids=lambda given: reprlib.repr(given)[:40]
)
def test_a_wrong_value_is_refused_with_the_setting_and_the_way_out(name, value):
    with pytest.raises(SettingsError) as caught:
        checked({name: value})
    message = str(caught.value)
    assert message.startswith(f"setting '{name}' must be {WAY_OUT[name]}")
    assert "\n" not in message
    assert len(message) < 200


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sample": 2}, "setting 'sample' must be a number from 0 to 1, not 2"),
        ({"sync": "yes"}, "setting 'sync' must be True or False, not 'yes'"),
        ({"app_id": " "}, "setting 'app_id' must be a text, and not empty"),
        (
            {"output": [1, 2]},
            "setting 'output' must be a callable, given in code, or False, not [1, 2]",
        ),
    ],
    ids=str,
)
def test_a_message_says_what_was_given(given, message):
    with pytest.raises(SettingsError) as caught:
        checked(given)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api_key", ["secret"]),
        ("api_key", b"secret"),
        ("endpoint", "https://user:secret@host"),
        ("endpoint", ["https://user:secret@host"]),
        ("apikey", "secret"),
        ("key", "secret"),
    ],
)
def test_no_message_repeats_a_key_or_an_address(name, value):
    with pytest.raises(SettingsError) as caught:
        checked({name: value})
    assert "secret" not in str(caught.value)


def test_a_key_is_not_shown_with_the_settings():
    assert "secret" not in repr(Settings(api_key="secret"))


@pytest.mark.parametrize(
    ("unknown", "nearest"),
    [
        ("nmae", "name"),
        ("apikey", "api_key"),
        ("app", "app_id"),
        ("timeout", "flush_timeout"),
        ("destnation", "destination"),
        ("Input", "input"),
        ("max_logs", "max_log"),
    ],
)
def test_an_unknown_setting_is_refused_with_the_one_that_is_near(unknown, nearest):
    with pytest.raises(SettingsError, match=f"'{unknown}'; did you mean '{nearest}'?"):
        checked({unknown: 1})


def test_an_unknown_setting_that_is_near_to_none_is_refused_with_all_there_are():
    with pytest.raises(SettingsError, match="unknown setting 'xyz'") as caught:
        checked({"xyz": 1})
    assert all(name in str(caught.value) for name in WRONG)


@pytest.mark.parametrize("name", sorted(OF_THE_PROCESS))
def test_a_setting_of_the_process_is_refused_for_one_run_with_where_it_goes(name):
    with pytest.raises(SettingsError) as caught:
        checked({name: "secret"}, of_a_run=True)
    assert str(caught.value) == (
        f"setting '{name}' belongs to the process: use configure({name}=...)"
    )


def test_a_settings_error_is_a_value_error_and_one_of_ours():
    assert issubclass(SettingsError, ValueError)
    assert issubclass(SettingsError, AutotrackError)
