"""Runs of somebody who has signed in by the browser, and what a key is kept out of."""

from __future__ import annotations

import itertools
import json
import logging
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nextmv_autotrack import tracked
from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import Store
from nextmv_autotrack.tracker import Tracker
from tests.platform_server.handle import Platform
from tests.platform_server.identity import PATH
from tests.signed_in import TEAM, Person

PATIENCE_S = 25

pytestmark = pytest.mark.usefixtures("as_for_users")


@tracked
def solve(data):
    return data


@pytest.fixture
def person(tmp_path, platform) -> Person:
    person = Person(tmp_path / "user", platform)
    person.has_profiles()
    return person


@pytest.fixture
def of_the_team(tracker: Tracker, person: Person) -> Tracker:
    tracker.configure({"profile": "team", "app_id": "routing"})
    return tracker


def arrived(platform: Platform) -> list[object]:
    return sorted(run.given for run in platform.runs())


def refreshes(platform: Platform) -> int:
    return sum(seen.path == f"{PATH}token" for seen in platform.requests())


def said(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_a_run_goes_with_the_id_token_and_the_team_and_its_parts_with_neither(
    of_the_team, person, platform
):
    tokens = person.signs_in()
    solve(1)
    assert of_the_team.flush(PATIENCE_S)
    seen = platform.requests()
    to_api = [one.headers for one in seen if not one.is_storage]
    assert {headers["authorization"] for headers in to_api} == {
        f"Bearer {tokens['id_token']}"
    }
    assert {headers["nextmv-account"] for headers in to_api} == {TEAM}
    to_storage = [one.headers for one in seen if one.is_storage]
    assert to_storage
    assert not any({"authorization", "nextmv-account"} & set(h) for h in to_storage)
    assert refreshes(platform) == 0


def test_a_key_goes_before_the_sign_in_and_without_the_team(
    of_the_team, person, platform
):
    person.signs_in()
    of_the_team.configure({"api_key": platform.key})
    solve(1)
    assert of_the_team.flush(PATIENCE_S)
    to_api = [one.headers for one in platform.requests() if not one.is_storage]
    assert {headers["authorization"] for headers in to_api} == {
        f"Bearer {platform.key}"
    }
    assert not any("nextmv-account" in headers for headers in to_api)


def test_an_expired_token_is_refreshed_once_for_many_runs_and_for_other_processes(
    of_the_team, person, platform, sources
):
    before = person.signs_in(life_s=-60)
    for number in range(8):
        solve(number)
    assert of_the_team.flush(PATIENCE_S)
    assert arrived(platform) == list(range(8))
    assert refreshes(platform) == 1
    after = person.tokens
    assert after["id_token"] != before["id_token"]
    assert after["refresh_token"] == before["refresh_token"]
    assert after["expires_at"] > before["expires_at"]
    if sys.platform != "win32":
        assert stat.S_IMODE(person.tokens_file.stat().st_mode) == 0o600
    assert {path.name for path in person.tokens_file.parent.iterdir()} == {
        "tokens.json",
        "tokens.json.lock",
    }

    of_the_team.shutdown(PATIENCE_S)
    solve(8)
    assert of_the_team.flush(PATIENCE_S)
    assert len(platform.runs()) == 9
    assert refreshes(platform) == 1


def test_a_token_that_is_refused_before_its_time_is_refreshed_once_for_many_runs(
    of_the_team, person, platform
):
    person.signs_in()
    solve(-1)
    assert of_the_team.flush(PATIENCE_S)
    platform.expire_tokens()
    for number in range(8):
        solve(number)
    assert of_the_team.flush(PATIENCE_S)
    assert arrived(platform) == list(range(-1, 8))
    assert refreshes(platform) == 1


def test_a_refresh_token_that_can_be_used_once_is_kept_for_the_next_time(
    of_the_team, person, platform
):
    platform.rotate_tokens()
    first = person.signs_in(life_s=-60)
    for number in range(3):
        solve(number)
        assert of_the_team.flush(PATIENCE_S)
        platform.expire_tokens()
    assert arrived(platform) == [0, 1, 2]
    assert refreshes(platform) == 3
    assert person.tokens["refresh_token"] != first["refresh_token"]


REFRESHES = """
import sys
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.settings import OF_THIS_PROCESS

client = Client.to(OF_THIS_PROCESS.access())
client.prepare()
print("ready", flush=True)
sys.stdin.readline()
print(client.bearer.token())
client.close()
"""


def test_processes_that_refresh_at_once_do_so_once_with_a_token_for_one_use(
    person, platform, tmp_path
):
    platform.rotate_tokens()
    platform.delay(0.1)
    person.signs_in(life_s=-60)
    environ = environ_of(tmp_path, NEXTMV_PROFILE="team")
    command = [sys.executable, "-W", "error", "-c", REFRESHES]
    processes = [
        subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = {process.communicate(timeout=PATIENCE_S) for process in processes}
    assert said == {(person.tokens["id_token"] + "\n", "")}
    assert refreshes(platform) == 1


def test_a_sign_in_that_is_not_taken_any_more_is_one_message_and_runs_wait_for_a_new_one(
    of_the_team, person, platform, caplog
):
    gone = person.signs_in(life_s=-60)
    platform.sign_out()
    for number in range(10):
        solve(number)
    assert of_the_team.flush(PATIENCE_S) is False
    solve(10)
    assert of_the_team.flush(PATIENCE_S) is False
    (warning,) = said(caplog)
    assert "invalid_grant" in warning
    assert "`nextmv auth login --profile team`" in warning
    assert gone["refresh_token"] not in warning
    assert refreshes(platform) == 1
    with Store.open(of_the_team.sources.resolve().directory) as store:
        assert {run.delivery for run in store.runs(limit=20)} == {Delivery.WAITING}
    assert person.tokens == gone

    person.signs_in()
    solve(11)
    assert of_the_team.flush(PATIENCE_S)
    assert arrived(platform) == list(range(12))


def test_before_anybody_has_signed_in_runs_wait_and_one_message_says_what_to_type(
    of_the_team, person, platform, caplog
):
    solve(1)
    assert of_the_team.flush(PATIENCE_S) is False
    (warning,) = said(caplog)
    assert "nobody is signed in" in warning
    assert "`nextmv auth login --profile team`" in warning
    assert platform.requests() == []
    person.signs_in()
    solve(2)
    assert of_the_team.flush(PATIENCE_S)
    assert arrived(platform) == [1, 2]


@pytest.mark.parametrize("path", ["openid-configuration", "token$"])
def test_runs_wait_while_tokens_cannot_be_refreshed_for_now(
    of_the_team, person, platform, path
):
    person.signs_in(life_s=-60)
    platform.fail_next(1, status=503, path=path)
    platform.trouble("close", path=path)
    solve(1)
    assert of_the_team.flush(PATIENCE_S)
    assert arrived(platform) == [1]


def test_a_key_that_is_changed_in_the_profile_is_read_after_it_was_refused(
    tracker, person, platform
):
    person.has("config.yaml", f"apikey: of-last-year\nendpoint: {platform.endpoint}\n")
    tracker.configure({"app_id": "routing"})
    solve(1)
    assert tracker.flush(PATIENCE_S) is False
    person.has(
        "config.yaml", f"apikey: {platform.key}\nendpoint: {platform.endpoint}\n"
    )
    solve(2)
    assert tracker.flush(PATIENCE_S)
    assert arrived(platform) == [1, 2]


@pytest.mark.parametrize(
    "wrong",
    [
        ("other: {}", "profile 'plain' is not in "),
        ("apikey: [", "config.yaml is not YAML at line "),
    ],
    ids=["unknown", "malformed"],
)
def test_what_is_wrong_with_a_profile_is_one_message_and_runs_wait_until_it_is_mended(
    of_the_team, person, platform, caplog, wrong
):
    text, words = wrong
    person.has("config.yaml", text)
    of_the_team.configure({"profile": "plain"})
    for number in range(3):
        solve(number)
    assert of_the_team.flush(PATIENCE_S) is False
    (warning,) = said(caplog)
    assert words in warning
    assert platform.requests() == []
    person.has_profiles()
    solve(3)
    assert of_the_team.flush(PATIENCE_S)
    assert arrived(platform) == [0, 1, 2, 3]


def test_passwords_in_netrc_replace_neither_key_nor_token(
    of_the_team, person, platform, tmp_path
):
    netrc = tmp_path / "user" / ".netrc"
    netrc.write_text(
        "machine 127.0.0.1 login someone password secret\n"
        "default login someone password secret\n"
    )
    netrc.chmod(0o600)
    person.signs_in(life_s=-60)
    solve(1)
    assert of_the_team.flush(PATIENCE_S)
    of_the_team.configure({"profile": "plain"})
    solve(2)
    assert of_the_team.flush(PATIENCE_S)
    given = [one.headers.get("authorization", "") for one in platform.requests()]
    assert f"Bearer {platform.key}" in given
    assert not any(one.startswith("Basic") for one in given)


@pytest.fixture
def told(of_the_team, caplog, tmp_path) -> Callable[[], str]:
    """All that is in logs, errors, values that are shown, and files of ours."""
    caplog.set_level(logging.DEBUG)

    def everything() -> str:
        of_the_team.shutdown(0)
        sources = of_the_team.sources
        files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
        shown = [*said(caplog), repr(sources.access()), repr(sources.resolve())]
        written = [path.read_bytes().decode("latin-1") for path in files]
        return "\n".join(shown + written)

    return everything


@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
def test_a_key_that_the_platform_repeats_is_told_nobody(
    of_the_team, platform, told, status
):
    of_the_team.configure({"profile": "plain"})
    platform.fail_next(4, status=status, path="uploadurl$", body=platform.key * 9)
    solve(1)
    of_the_team.flush(1)
    assert platform.requests()
    assert platform.key not in told()


@pytest.mark.parametrize(
    "refused",
    [*itertools.product(["token$", "uploadurl$"], [200, 400, 401, 403, 500])],
    ids=str,
)
def test_tokens_that_others_repeat_are_told_nobody(
    of_the_team, person, platform, told, refused
):
    path, status = refused
    tokens = person.signs_in(life_s=-60 if path == "token$" else 3600)
    repeated = {"error": tokens["refresh_token"], "refresh": tokens}
    if path == "uploadurl$":
        repeated = tokens["id_token"]
    platform.fail_next(1, status=status, path=path, body=json.dumps(repeated))
    solve(1)
    of_the_team.flush(0.5)
    everything = told()
    names = ("access_token", "id_token", "refresh_token")
    assert not [name for name in names if tokens[name] in everything]


PROGRAM = """
import sys
from nextmv_autotrack import flush, tracked

opened = 0

def count(event, details):
    global opened
    if event == "open" and str(details[0]).endswith("config.yaml"):
        opened += 1

sys.addaudithook(count)

@tracked
def solve(data):
    return data

@tracked
def other(data):
    return data

for number in range(5):
    solve(number)
    other(number)
print(flush(20), opened, "yaml" in sys.modules)
"""


def environ_of(tmp_path: Path, **more: str) -> dict[str, str]:
    return {
        "NEXTMV_AUTOTRACK_DIRECTORY": str(tmp_path / "runs"),
        "HOME": str(tmp_path / "user"),
        "USERPROFILE": str(tmp_path / "user"),
        "PATH": "",
        **more,
    }


def ran(tmp_path: Path, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env=environ_of(tmp_path, **environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_file_of_profiles_is_read_once_for_all_runs_of_a_process(
    person, platform, tmp_path
):
    environ = {"NEXTMV_PROFILE": "plain", "NEXTMV_APP_ID": "routing"}
    assert ran(tmp_path, **environ) == "True 1 True\n"
    assert len(platform.runs()) == 10


def test_who_needs_nothing_of_the_profiles_does_not_pay_for_them(
    person, platform, tmp_path
):
    # Not even for a file that is wrong.
    person.has("config.yaml", "apikey: [")
    assert ran(tmp_path) == "True 0 False\n"
    environ = {
        "NEXTMV_API_KEY": platform.key,
        "NEXTMV_ENDPOINT": platform.endpoint,
        "NEXTMV_APP_ID": "routing",
    }
    assert ran(tmp_path, **environ) == "True 1 False\n"
    assert len(platform.runs()) == 10
