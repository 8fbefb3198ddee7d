"""Applications of somebody who has profiles, with a key or a sign-in by the browser."""

from __future__ import annotations

import pytest

from nextmv_autotrack import SettingsError, TrackedRun
from nextmv_autotrack.errors import RefusedError, SignInError
from tests.signed_in import TEAM, Person


@pytest.fixture
def person(tmp_path, platform) -> Person:
    person = Person(tmp_path / "user", platform)
    person.has_profiles()
    return person


@pytest.fixture
def of_profile(new_app, sources, monkeypatch):
    monkeypatch.setattr("nextmv_autotrack.platform.access.OF_THIS_PROCESS", sources)
    return lambda name: new_app(profile=name, endpoint=None, api_key=None)


def test_a_profile_gives_the_key(of_profile, person, platform):
    of_profile("plain").track_run(TrackedRun("succeeded"))
    assert len(platform.runs()) == 1


def test_somebody_who_is_signed_in_needs_no_key(of_profile, person, platform):
    person.signs_in()
    of_profile("team").track_run(TrackedRun("succeeded"))
    for seen in platform.requests():
        assert (seen.headers.get("nextmv-account") == TEAM) is not seen.is_storage
        assert ("authorization" in seen.headers) is not seen.is_storage


def test_a_token_that_is_taken_no_more_is_refreshed_on_the_way(
    of_profile, person, platform
):
    person.signs_in()
    app = of_profile("team")
    app.track_run(TrackedRun("succeeded"))
    platform.expire_tokens()
    app.track_run(TrackedRun("succeeded", output=1, logs="a line"))
    assert len(platform.runs()) == 2
    assert sum(seen.path.endswith("token") for seen in platform.requests()) == 1


def test_who_is_not_signed_in_is_told_so(of_profile, person, platform):
    with pytest.raises(SignInError, match="sign in with"):
        of_profile("team").track_run(TrackedRun("succeeded"))
    assert platform.runs() == []


def test_whose_sign_in_is_refused_is_told_to_sign_in_again(
    of_profile, person, platform
):
    person.signs_in()
    app = of_profile("team")
    platform.fail_next(2, status=401, path="metadata$")
    with pytest.raises(RefusedError, match="`nextmv auth login --profile team`") as got:
        app.run("latest-1")
    assert "key" not in str(got.value)


def test_a_profile_that_is_not_there_is_named(of_profile, person):
    with pytest.raises(SettingsError, match="profile 'nobody' is not in"):
        of_profile("nobody")
