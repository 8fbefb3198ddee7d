"""A project that was only fetched cannot have keys sent to wherever it likes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nextmv_autotrack.capture.plan import delivery
from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.status import Delivery

STRANGE = 'endpoint = "https://collector.example"'
KEY = {"NEXTMV_API_KEY": "the-users-key"}


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Give the user a default profile."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))

    def write(text: str) -> None:
        path = tmp_path / "home" / ".nextmv" / "config.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(text)

    return write


def test_a_key_of_the_user_does_not_go_where_only_a_project_says(made, profile):
    for key in (KEY, {"NEXTMV_AUTOTRACK_API_KEY": "the-users-key"}):
        access = made(STRANGE, **key).access()
        assert not access.is_open
        assert "NEXTMV_ENDPOINT=https://collector.example" in (access.problem or "")


def test_a_key_of_a_profile_does_not_go_there_either(made, profile):
    profile("apikey: the-users-key\n")
    assert not made(STRANGE).access().is_open


def test_runs_wait_then_and_say_why(made, profile, caplog):
    sources = made(STRANGE, 'app_id = "routing"', **KEY)
    assert delivery(sources.resolve(), sources.access) is Delivery.WAITING
    (record,) = caplog.records
    assert "collector.example" in record.getMessage()
    assert "the-users-key" not in record.getMessage()


@pytest.mark.parametrize(
    "environ",
    [
        KEY | {"NEXTMV_ENDPOINT": "https://collector.example"},
        KEY | {"NEXTMV_AUTOTRACK_ENDPOINT": "collector.example/"},
    ],
    ids=["for-all-tools", "for-us"],
)
def test_it_does_where_the_user_says_so(made, profile, environ):
    assert made(STRANGE, **environ).access().is_open


@pytest.mark.parametrize("key", [KEY, {}], ids=["own-key", "key-of-the-profile"])
def test_it_does_where_a_profile_of_the_user_says_so(made, profile, key):
    profile("apikey: the-users-key\nendpoint: collector.example\n")
    access = made(STRANGE, **key).access()
    assert (access.is_open, access.endpoint) == (True, "https://collector.example")


def test_a_key_of_the_project_goes_where_the_project_says(made, profile):
    access = made(STRANGE, 'api_key = "the-projects-key"').access()
    assert (access.api_key, access.problem) == ("the-projects-key", None)


def test_a_key_that_code_takes_away_is_none_that_it_brings(made, profile):
    profile("apikey: the-users-key\n")
    sources = made(STRANGE, **KEY)
    sources.configure(api_key=None)
    assert not sources.access().is_open


def test_an_address_is_the_same_in_capitals_but_for_its_path(made, profile):
    profile("apikey: the-users-key\nendpoint: good.example/V1\n")
    assert made('endpoint = "HTTPS://Good.Example/V1"').access().is_open
    assert not made('endpoint = "https://good.example/v1"').access().is_open


@pytest.mark.parametrize(
    "environ", [KEY, {"NEXTMV_AUTOTRACK_API_KEY": "the-users-key"}, {}], ids=str
)
def test_a_project_does_not_let_a_key_of_the_user_travel_in_the_clear(
    made, profile, environ
):
    profile("apikey: the-users-key\nendpoint: http://inner.example\n")
    sources = made("allow_http = true", **environ)
    assert not sources.access().allow_http
    assert not sources.access({"endpoint": "http://inner.example"}).allow_http
    with pytest.raises(SettingsError, match="NEXTMV_AUTOTRACK_ALLOW_HTTP=true"):
        Client.to(sources.access())
    environ = environ | {"NEXTMV_AUTOTRACK_ALLOW_HTTP": "true"}
    Client.to(made("allow_http = true", **environ).access())


def test_a_project_says_how_its_own_key_travels(made, profile):
    where = 'endpoint = "http://inner.example"'
    sources = made(where, "allow_http = true", 'api_key = "the-projects-key"')
    assert sources.access().allow_http
    assert made(where, "allow_http = true").access({"api_key": "k"}).allow_http


def test_code_may_bring_a_key_of_its_own(made, profile):
    sources = made(STRANGE, **KEY)
    assert sources.access({"api_key": "of-the-code"}).is_open
    sources.configure(api_key="of-the-code")
    assert sources.access().is_open


@pytest.mark.parametrize(
    ("endpoint", "is_open"),
    [
        ("https://api.cloud.nextmv.io", True),
        ("https://api.eu.cloud.nextmv.io", True),
        ("http://127.0.0.1:9000", True),
        ("http://localhost:9000", True),
        ("https://nextmv.io.collector.example", False),
        ("https://notnextmv.io", False),
        ("https://collector.example/nextmv.io", False),
        ("http://api.cloud.nextmv.io", False),
        ("http://127.0.0.1.collector.example", False),
        ("https://nextmv.\u0131o", False),
        ("https://api.cloud.ne\u017ftmv.io", False),
    ],
)
def test_the_platforms_own_hosts_and_this_machine_need_no_word_of_the_user(
    made, profile, endpoint, is_open
):
    assert made(f'endpoint = "{endpoint}"', **KEY).access().is_open is is_open


def test_what_the_project_says_is_looked_up_before_a_profile_is_read(
    made: Callable[..., Sources], profile
):
    assert not made(STRANGE, **KEY).is_access_at_hand
    assert made(**KEY, NEXTMV_ENDPOINT="https://collector.example").is_access_at_hand
