"""What somebody mends while a program runs: a key, a profile, an endpoint."""

from __future__ import annotations

import pytest

from nextmv_autotrack import TrackedRun
from nextmv_autotrack.errors import RefusedError
from nextmv_autotrack.settings import Sources
from tests.signed_in import Person


def new_run() -> TrackedRun:
    return TrackedRun("succeeded", output={"value": 1}, logs="a line")


@pytest.fixture
def environ(tmp_path, monkeypatch, platform) -> dict[str, str]:
    """The environment of a program, with a key that is taken no more."""
    environ = {"NEXTMV_API_KEY": "revoked", "NEXTMV_ENDPOINT": platform.endpoint}
    of_the_program = Sources(environ, tmp_path, complain=pytest.fail)
    monkeypatch.setattr(
        "nextmv_autotrack.platform.access.OF_THIS_PROCESS", of_the_program
    )
    return environ


@pytest.fixture
def profile(environ, tmp_path, platform) -> Person:
    """Somebody whose key is in the default profile instead."""
    environ.clear()
    person = Person(tmp_path / "user", platform)
    person.has("config.yaml", f"apikey: revoked\nendpoint: {platform.endpoint}\n")
    return person


@pytest.fixture
def as_set(new_app):
    """Opens applications that say nothing of the access, or only what is given."""
    return lambda **given: new_app(**({"endpoint": None, "api_key": None} | given))


def keys_seen(platform) -> list[str]:
    seen = [one.headers.get("authorization") for one in platform.requests()]
    return [header.removeprefix("Bearer ") for header in seen if header]


def test_a_client_asks_for_another_key_when_its_own_is_refused(
    as_set, environ, platform
):
    app = as_set()
    with pytest.raises(RefusedError, match="401"):
        app.track_run(new_run())
    environ["NEXTMV_API_KEY"] = platform.key
    run_id = app.track_run(new_run())
    assert [run.id for run in platform.runs()] == [run_id]
    before = len(keys_seen(platform))
    app.run(run_id)
    assert set(keys_seen(platform)[before:]) == {platform.key}


def test_the_key_of_a_profile_is_read_again_too(as_set, profile, platform):
    app = as_set()
    with pytest.raises(RefusedError, match="401"):
        app.track_run(new_run())
    profile.has("config.yaml", f"apikey: {platform.key}\nendpoint: {platform.endpoint}")
    app.track_run(new_run())
    assert len(platform.runs()) == 1


def test_a_new_application_has_what_holds_by_now(as_set, environ, platform):
    environ["NEXTMV_ENDPOINT"] = "http://127.0.0.1:9"
    as_set()
    environ.update(NEXTMV_ENDPOINT=platform.endpoint, NEXTMV_API_KEY=platform.key)
    as_set().track_run(new_run())
    assert set(keys_seen(platform)) == {platform.key}


def test_a_new_application_has_what_the_profile_says_by_now(as_set, profile, platform):
    as_set()
    profile.has("config.yaml", f"apikey: {platform.key}\nendpoint: {platform.endpoint}")
    as_set().track_run(new_run())
    assert set(keys_seen(platform)) == {platform.key}


def test_a_key_given_in_code_is_replaced_by_no_other(as_set, environ, platform):
    environ["NEXTMV_API_KEY"] = platform.key
    with pytest.raises(RefusedError, match="401"):
        as_set(api_key="revoked").track_run(new_run())
    assert set(keys_seen(platform)) == {"revoked"}


def test_a_key_of_another_endpoint_is_not_sent_to_the_old_one(
    as_set, environ, platform
):
    app = as_set()
    environ.update(NEXTMV_ENDPOINT="https://h.example", NEXTMV_API_KEY=platform.key)
    with pytest.raises(RefusedError, match="401"):
        app.track_run(new_run())
    assert set(keys_seen(platform)) == {"revoked"}


def test_another_key_that_cannot_be_one_leaves_the_refusal(as_set, environ):
    app = as_set()
    environ["NEXTMV_API_KEY"] = "two words"
    with pytest.raises(RefusedError, match="401"):
        app.track_run(new_run())
