from __future__ import annotations

import pytest

from nextmv_autotrack import (
    Application,
    AsyncApplication,
    SettingsError,
    TrackedRun,
)
from nextmv_autotrack.platform.access import access, default_instance
from nextmv_autotrack.settings import Sources
from tests.project.paths import python


@pytest.fixture
def told(tmp_path):
    """Settings as a user has them in the environment."""
    variables = {
        "NEXTMV_API_KEY": "key-of-the-environment",
        "NEXTMV_ENDPOINT": "api.example.com",
        "NEXTMV_INSTANCE_ID": "prod",
    }
    return Sources(variables, tmp_path, complain=pytest.fail)


def test_what_is_given_goes_before_the_settings(told):
    found = access(sources=told)
    assert found.endpoint == "https://api.example.com"
    assert found.api_key == "key-of-the-environment"
    assert default_instance(told) == "prod"
    given = access(endpoint="api.other.com", api_key="another-key", sources=told)
    assert (given.endpoint, given.api_key) == ("api.other.com", "another-key")


def test_what_is_configured_holds_for_applications_too(platform):
    program = f"""
from nextmv_autotrack import Application, TrackedRun, configure

configure(api_key={platform.key!r}, endpoint={platform.endpoint!r}, instance_id="prod")
with Application("routing") as app:
    app.track_run(TrackedRun("succeeded"))
"""
    done = python("-W", "error", "-c", program)
    assert (done.returncode, done.stderr) == (0, "")
    assert platform.runs()[0].instance_id == "prod"


@pytest.mark.parametrize("kind", [Application, AsyncApplication])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"app_id": "routing", "api_key": None}, "no API key: set NEXTMV_API_KEY"),
        ({"app_id": "routing", "api_key": " "}, "no API key: set NEXTMV_API_KEY"),
        ({"app_id": "routing", "api_key": "a b"}, "'api_key' holds a blank"),
        (
            {"app_id": "routing", "endpoint": "ftp://x"},
            "'endpoint' begins with neither",
        ),
        ({"app_id": " "}, "'app_id' is not the id"),
        ({"app_id": ".."}, "'app_id' is not the id"),
        ({"app_id": None}, "'app_id' is not the id"),
        ({"app_id": "routing", "api_key": 4711}, "api_key must be a text, not a int"),
        ({"app_id": "routing", "endpoint": b"x"}, "endpoint must be a text, not a by"),
        ({"app_id": "routing", "profile": 1}, "profile must be a text, not a int"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_told_when_the_application_is_made(
    kind, given, message, monkeypatch, sources
):
    monkeypatch.setattr("nextmv_autotrack.platform.access.OF_THIS_PROCESS", sources)
    with pytest.raises(SettingsError, match=message):
        kind(**{"api_key": "a-key"} | given)


def test_what_is_for_this_machine_goes_through_no_proxy(new_app, platform, monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    new_app().track_run(TrackedRun("succeeded", output=1))
    assert len(platform.runs()) == 1


@pytest.mark.parametrize("kind", [Application, AsyncApplication])
def test_the_key_is_in_no_repr(kind):
    app = kind("routing", api_key="key-4711", endpoint="https://u.example.com/x")
    assert "4711" not in repr(app)
    assert repr(app).endswith("Application 'routing' at https://u.example.com/x>")
