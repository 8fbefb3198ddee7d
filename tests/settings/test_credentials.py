"""Key and endpoint, from wherever they may come: as the platform's own SDK finds them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from nextmv_autotrack.errors import PlatformError, SettingsError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.platform.access import access as application_access
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.settings.access import Access
from tests.platform_server.handle import KEY
from tests.project.paths import ROOT
from tests.settings.situations import SITUATIONS, Situation, lay_out

NAMES = list(SITUATIONS)

Way = Callable[[Sources, dict[str, str]], Access]


@pytest.fixture(scope="session")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the SDK makes of each situation."""
    home = str(tmp_path_factory.mktemp("user"))
    done = subprocess.run(
        [sys.executable, "-m", "tests.settings.nextmv_program"],
        input="\n".join(one.as_json() for one in SITUATIONS.values()),
        env={"HOME": home, "USERPROFILE": home, "PATH": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(NAMES, map(json.loads, done.stdout.splitlines()), strict=True))


def of_the_process(sources: Sources, code: dict[str, str]) -> Access:
    """Return the access of tracked calls, where code says it for the process."""
    sources.configure(**{name: text for name, text in code.items() if text.strip()})
    access = sources.access()
    if not access.is_open and access.problem is None:
        return replace(access, problem="no API key")
    return access


def of_an_application(sources: Sources, code: dict[str, str]) -> Access:
    """Return the access of an application that is given what code says."""
    try:
        return application_access(**code, sources=sources)
    except SettingsError as error:
        return Access("", problem=str(error))


WAYS = {"process": of_the_process, "application": of_an_application}


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    """How code says what it says."""
    way: Way = request.param
    return way


def found(situation: Situation, home: Path, way: Way) -> dict[str, Any]:
    """Return what we make of it, up to what a request would carry."""
    given = json.loads(situation.as_json())
    lay_out(home, given["files"])
    access = way(Sources(given["environ"], home, complain=pytest.fail), given["code"])
    if access.problem is not None:
        return {"error": access.problem}
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("uploadurl"):
            seen.append(request)
            return httpx.Response(200, json={"upload_id": "u", "upload_url": "https:/"})
        raise httpx.ConnectError("nobody is to be asked", request=request)

    try:
        client = Client.to(access, transport=httpx.MockTransport(answer))
        client.new_upload("app")
    except (SettingsError, PlatformError) as error:
        return {"error": str(error)}
    (request,) = seen
    assert str(request.url).startswith(f"{access.endpoint}/v1/")
    return {
        "endpoint": access.endpoint,
        "bearer": request.headers["authorization"].removeprefix("Bearer "),
        "team": request.headers.get("nextmv-account"),
        "system_certs": access.system_certs,
    }


@pytest.mark.parametrize("name", NAMES)
def test_key_and_endpoint_come_from_where_they_should(name, tmp_path, way):
    situation = SITUATIONS[name]
    ours = found(situation, tmp_path / "user", way)
    if situation.endpoint is None:
        assert situation.problem in ours["error"]
        assert "\n" not in ours["error"]
        assert "k-" not in ours["error"]
    else:
        assert ours == {
            "endpoint": situation.endpoint,
            "bearer": situation.bearer,
            "team": situation.team,
            "system_certs": situation.system_certs,
        }


@pytest.mark.parametrize("name", NAMES)
def test_the_platforms_own_sdk_finds_the_same_where_it_is_right(
    name, theirs, tmp_path, way
):
    situation, their = SITUATIONS[name], theirs[name]
    if situation.theirs is not None:
        told = [f"{what}: {value}" for what, value in their.items()]
        assert any(situation.theirs in line for line in told), told
    elif situation.endpoint is None:
        assert "error" in their
    else:
        assert found(situation, tmp_path / "user", way) == their


def test_whose_home_it_is_is_seen_when_it_is_needed(tmp_path, monkeypatch):
    sources = Sources({}, tmp_path, complain=pytest.fail)
    lay_out(tmp_path / "another", {"config.yaml": "apikey: k-another\n"})
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / "another"))
    assert sources.access().api_key == "k-another"


def test_a_user_without_a_home_has_no_profiles(tmp_path, monkeypatch):
    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    sources = Sources({"NEXTMV_API_KEY": "k"}, tmp_path, complain=pytest.fail)
    assert sources.access().is_open
    sources = Sources({"NEXTMV_PROFILE": "stg"}, tmp_path, complain=pytest.fail)
    assert "profile 'stg' is asked for" in (sources.access().problem or "")


@pytest.mark.parametrize(
    "content",
    [b"apikey: \xff\xfe", b"\x00\x01", b"[" * 100_000, b"apikey: k\nendpoint: *x\n"],
    ids=["bytes", "controls", "depth", "alias"],
)
def test_a_file_of_anything_is_one_message_without_its_content(tmp_path, content):
    lay_out(tmp_path / "user", {"config.yaml": ""})
    (tmp_path / "user" / ".nextmv" / "config.yaml").write_bytes(content)
    problem = Sources({}, tmp_path, complain=pytest.fail).access().problem
    assert problem is not None
    assert "config.yaml is not YAML" in problem


def test_a_file_that_may_not_be_read_is_one_message(tmp_path):
    (tmp_path / "user" / ".nextmv" / "config.yaml").mkdir(parents=True)
    problem = Sources({}, tmp_path, complain=pytest.fail).access().problem
    assert problem is not None
    assert "config.yaml cannot be read: " in problem


def test_an_access_shows_neither_key_nor_password(tmp_path):
    lay_out(tmp_path / "user", {"config.yaml": f"apikey: {KEY}\nendpoint: h.example\n"})
    access = Sources({}, tmp_path, complain=pytest.fail).access()
    assert access.api_key == KEY
    assert repr(access) == "<Access to https://h.example with a key>"
    assert KEY not in repr(Client.to(access))


def test_what_a_changed_file_says_holds_once_it_is_reread(tmp_path):
    home = tmp_path / "user"
    lay_out(home, {"config.yaml": "apikey: k-1\n"})
    sources = Sources({}, tmp_path, complain=pytest.fail)
    first, version = sources.access(), sources.version
    sources.reread()
    assert (sources.access(), sources.version) == (first, version)
    lay_out(home, {"config.yaml": "apikey: k-22\n"})
    assert sources.access().api_key == "k-1"
    sources.reread()
    assert sources.access().api_key == "k-22"
    assert sources.version is not version


@pytest.mark.parametrize("before", [None, "", "other: {}", "apikey: ["])
def test_a_key_that_was_missing_holds_as_soon_as_it_is_there(tmp_path, before):
    sources, home = Sources({}, tmp_path, complain=pytest.fail), tmp_path / "user"
    lay_out(home, {} if before is None else {"config.yaml": before})
    assert not sources.access().is_open
    version = sources.version
    assert not sources.access().is_open
    assert sources.version is version
    lay_out(home, {"config.yaml": "apikey: k-1\n"})
    assert sources.access().is_open
    assert sources.version is not version


def test_a_profile_that_the_environment_names_by_now_goes_before_that_of_code(tmp_path):
    environ: dict[str, str] = {}
    sources = Sources(environ, tmp_path, complain=pytest.fail)
    sources.configure(profile="of-the-code")
    assert sources.resolve().profile == "of-the-code"
    environ["NEXTMV_PROFILE"] = "of-the-user"
    sources.reread()
    assert sources.resolve().profile == "of-the-user"
