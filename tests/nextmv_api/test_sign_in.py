"""The token of somebody who signed in by the browser, and who is asked for another."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from nextmv_autotrack.clock import NS_PER_S, Clock
from nextmv_autotrack.errors import SettingsError, SignInError, UnreachableError
from nextmv_autotrack.journal import try_lock
from nextmv_autotrack.nextmv_api.answers import Answer
from nextmv_autotrack.nextmv_api.sign_in import EXPIRES_SOON_S, SignedIn
from nextmv_autotrack.settings.profiles import Login
from tests.platform_server.identity import token
from tests.settings.situations import NEXTMV_CLIENT_ID

DISCOVERY = "/.well-known/openid-configuration"

pytestmark = pytest.mark.usefixtures("as_for_users")


class World:
    """A home with tokens, a provider of others, and a clock."""

    def __init__(self, home: Path) -> None:
        self.wall = self.steady = 1_790_000_000.0
        self.folder = home / ".nextmv"
        self.file = self.folder / "auth" / "default" / "tokens.json"
        self.file.parent.mkdir(parents=True)
        self.asked: list[tuple[str, str, bytes]] = []
        self.answers: dict[str, Answer | Exception] = {}
        self.given: dict[str, Any] = {}
        """What a refresh brings beside or instead of the usual."""
        self.pauses: list[float] = []
        self.meanwhile: list[Callable[[], object]] = []
        """What others do in the next pauses."""
        self.login = Login("nextmv auth login", self.file, "api.sso.example", None)

    def signed_in(self, **how: Any) -> SignedIn:
        clock = Clock(
            lambda: int(self.wall * NS_PER_S), lambda: int(self.steady * NS_PER_S)
        )
        return SignedIn(
            self.login, self._ask, clock, allow_http=False, pause=self._pause, **how
        )

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.passes(seconds)
        if self.meanwhile:
            self.meanwhile.pop(0)()

    @property
    def lock(self) -> Path:
        return self.file.with_name("tokens.json.lock")

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    def token(self, name: str, life_s: float = 3600, **claims: Any) -> str:
        told = {"aud": NEXTMV_CLIENT_ID, "exp": self.wall + life_s, "sub": name}
        return token(told | claims)

    def keeps(self, id_token: str, refresh: str = "r", **more: str) -> None:
        document = {"id_token": id_token, "refresh_token": refresh, **more}
        self.file.write_text(json.dumps(document), encoding="utf-8")

    @property
    def kept(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.file.read_text("utf-8"))
        return document

    def has_a_provider(self, url: str) -> None:
        text = f"api.sso.example:\n  oidc_discovery_url: {url}\n  client_id: c-1\n"
        (self.folder / "sessions.yaml").write_text(text, encoding="utf-8")

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, doing: str
    ) -> Answer:
        self.asked.append((method, url, body))
        found = self.answers.get(url)
        if isinstance(found, Exception):
            raise found
        if found is not None:
            return found
        document: dict[str, Any] = {"token_endpoint": "https://id.example/token"}
        if method == "POST":
            new = self.token(f"refreshed {len(self.asked)}")
            document = {"access_token": "a", "id_token": new, "expires_in": 3600}
            document |= self.given
        return Answer(200, {}, json.dumps(document).encode())


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path / "user")


def test_a_token_that_is_good_is_taken_from_the_file_once(world):
    first = world.token("anne")
    world.keeps(first)
    signed_in = world.signed_in()
    assert signed_in.token() == first
    world.keeps(world.token("bob"))
    assert signed_in.token() == first
    assert world.asked == []


def test_a_token_is_refreshed_shortly_before_it_expires(world):
    first = world.token("anne", life_s=100)
    world.keeps(first, refresh="r 1", more="stays")
    signed_in = world.signed_in()
    world.passes(99 - EXPIRES_SOON_S)
    assert signed_in.token() == first
    world.passes(1)
    second = signed_in.token()
    assert second != first
    assert signed_in.token() == second
    asked, posted = world.asked
    assert asked[:2] == (
        "GET",
        f"https://cognito-idp.us-east-2.amazonaws.com/us-east-2_1jHS2b9HU{DISCOVERY}",
    )
    assert posted[:2] == ("POST", "https://id.example/token")
    assert parse_qs(posted[2].decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": [NEXTMV_CLIENT_ID],
        "refresh_token": ["r 1"],
    }
    kept = world.kept
    assert (kept["id_token"], kept["refresh_token"]) == (second, "r 1")
    assert (kept["more"], kept["expires_at"]) == ("stays", "2026-09-21T15:14:30+00:00")
    world.passes(3600)
    assert signed_in.token() not in {first, second}
    # Where to ask is known by now.
    assert [method for method, *_ in world.asked] == ["GET", "POST", "POST"]


def test_many_threads_refresh_once(world):
    world.keeps(world.token("anne", life_s=-1))
    signed_in = world.signed_in()
    got: list[str] = []
    threads = [
        threading.Thread(target=lambda: got.append(signed_in.token()))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == 1
    assert [method for method, *_ in world.asked] == ["GET", "POST"]


def test_a_refused_token_is_replaced_once_for_all_that_have_sent_it(world):
    first = world.token("anne")
    world.keeps(first)
    signed_in = world.signed_in()
    assert signed_in.token() == first
    second = signed_in.another_than(first)
    assert second not in {first, None}
    assert signed_in.another_than(first) == second
    assert [method for method, *_ in world.asked] == ["GET", "POST"]


def test_what_another_process_has_refreshed_is_taken(world):
    first, second = world.token("anne", life_s=60), world.token("anne again")
    world.keeps(first)
    signed_in = world.signed_in()
    assert signed_in.token() == first
    world.keeps(second)
    world.passes(60)
    assert signed_in.token() == second
    assert signed_in.another_than(first) == second
    assert world.asked == []


@pytest.mark.parametrize("pauses", [1, 3])
def test_who_refreshes_second_with_a_token_for_one_use_takes_what_the_first_got(
    world, pauses
):
    world.keeps(world.token("anne", life_s=0), refresh="r-1")
    theirs = world.token("of another tool, which knows no lock")
    refused = Answer(400, {}, b'{"error": "invalid_grant"}')
    world.answers["https://id.example/token"] = refused
    world.meanwhile = [lambda: None] * (pauses - 1)
    world.meanwhile.append(lambda: world.keeps(theirs, refresh="r-2"))
    assert world.signed_in().token() == theirs
    assert len(world.pauses) == pauses


def test_who_waits_for_another_process_that_refreshes_takes_what_it_got(world):
    world.keeps(world.token("anne", life_s=0), refresh="r-1")
    theirs = world.token("of the first")
    with ExitStack() as first:
        assert first.enter_context(try_lock(world.lock))
        world.meanwhile = [
            lambda: world.keeps(theirs, refresh="r-2"),
            lambda: world.keeps(theirs, refresh="r-3"),
            first.close,
        ]
        assert world.signed_in().token() == theirs
    assert (len(world.pauses), world.asked) == (3, [])


def test_a_process_that_hangs_while_it_refreshes_is_waited_for_only_so_long(world):
    world.keeps(world.token("anne", life_s=0))
    with try_lock(world.lock) as is_held:
        assert is_held
        assert world.signed_in().token() == world.kept["id_token"]
    assert 5 < sum(world.pauses) < 15


@pytest.mark.parametrize("cut", [b"", b'{"id_token": "ey'], ids=["empty", "cut"])
def test_a_file_that_another_tool_is_just_writing_is_read_once_more(world, cut):
    theirs = world.token("anne")
    world.file.write_bytes(cut)
    world.meanwhile = [lambda: None, lambda: world.keeps(theirs)]
    assert world.signed_in().token() == theirs
    assert world.asked == []


@pytest.mark.parametrize("off_by_s", [-7200, 7200])
def test_a_clock_that_is_wrong_does_not_have_each_request_refresh(world, off_by_s):
    world.keeps(world.token("anne", life_s=-1e6))
    world.given = {"id_token": world.token("fresh")}
    world.wall += off_by_s
    signed_in = world.signed_in()
    assert {signed_in.token() for _ in range(3)} == {world.given["id_token"]}
    assert len(world.asked) == 2


def test_without_a_new_id_token_the_old_one_stays_as_long_as_it_is_good(world):
    first = world.token("anne", life_s=EXPIRES_SOON_S - 1)
    world.keeps(first)
    world.given = {"id_token": None}
    signed_in = world.signed_in()
    assert signed_in.token() == first
    world.passes(EXPIRES_SOON_S)
    with pytest.raises(SignInError, match="there is no token that is good"):
        signed_in.token()


# --- Who is asked.


def test_a_provider_of_its_own_is_found_in_the_file_of_sessions(world):
    world.has_a_provider("https://login.example/pool/")
    world.keeps(world.token("a", aud="c-1", life_s=0))
    world.given = {"id_token": world.token("b", aud="c-1")}
    assert world.signed_in().token() == world.given["id_token"]
    assert world.asked[0][1] == f"https://login.example/pool{DISCOVERY}"
    assert parse_qs(world.asked[1][2].decode())["client_id"] == ["c-1"]


@pytest.mark.parametrize(
    "answer",
    [
        UnreachableError("down"),
        Answer(503, {}, b""),
        Answer(200, {}, b"<html>"),
        Answer(200, {}, b"{}"),
    ],
    ids=["down", "503", "page", "empty"],
)
def test_nextmvs_own_provider_is_known_without_discovery_and_no_other_is(world, answer):
    world.keeps(world.token("anne", life_s=0))
    pool = "https://cognito-idp.us-east-2.amazonaws.com/us-east-2_1jHS2b9HU"
    world.answers[pool + DISCOVERY] = answer
    assert world.signed_in().token()
    assert world.asked[1][1] == "https://auth.cloud.nextmv.io/oauth2/token"

    world.has_a_provider("https://login.example")
    world.answers[f"https://login.example{DISCOVERY}"] = answer
    world.keeps(world.token("anne", life_s=0))
    with pytest.raises(Exception, match=r"down|503|answer") as caught:
        world.signed_in().token()
    assert caught.value.may_have_acted is False
    assert len(world.asked) == 3


def test_a_refresh_token_is_sent_to_no_address_without_encryption(world):
    world.keeps(world.token("anne", life_s=0))
    document = {"token_endpoint": "http://id.example/token"}
    pool = "https://cognito-idp.us-east-2.amazonaws.com/us-east-2_1jHS2b9HU"
    world.answers[pool + DISCOVERY] = Answer(200, {}, json.dumps(document).encode())
    with pytest.raises(UnreachableError, match="does not begin with https://"):
        world.signed_in().token()
    assert [method for method, *_ in world.asked] == ["GET"]


# --- Files of anything.


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff", b"null", b"[" * 100_000, b'{"id_token": 5}'],
    ids=["empty", "cut", "list", "bytes", "null", "depth", "number"],
)
def test_a_file_of_tokens_that_is_none_asks_somebody_to_sign_in(world, content):
    world.file.write_bytes(content)
    with pytest.raises(SignInError, match="sign in with `nextmv auth login`"):
        world.signed_in().token()
    assert world.asked == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"id_token": "no token"},
        {"id_token": "a.b.c"},
        {"id_token": "a.W10.c"},
        {"id_token": "ü.ü.ü"},
        {"id_token": token({"aud": "another", "exp": 2e9})},
        {"expires_in": -5},
        {"access_token": None},
        {"id_token": "a b"},
    ],
    ids=str,
)
def test_an_answer_without_a_token_that_is_good_is_not_used(world, wrong):
    world.keeps(world.token("anne", life_s=0))
    world.given = wrong
    before = world.kept
    with pytest.raises(UnreachableError, match="the answer has no"):
        world.signed_in().token()
    # Others read the file, too: what is wrong is not handed on to them.
    assert world.kept == before
    world.given = {}
    signed_in = world.signed_in()
    assert signed_in.token() == world.kept["id_token"] != before["id_token"]


@pytest.mark.parametrize("number", [10**400, float("inf"), "x", None, True, -1])
def test_a_token_whose_time_is_odd_is_refreshed(world, number):
    world.keeps(world.token("anne", exp=number))
    assert world.signed_in().token() == world.kept["id_token"]
    assert [method for method, *_ in world.asked] == ["GET", "POST"]


@pytest.mark.parametrize(
    "life", [1e300, float("inf"), "3600", None, float("nan"), 10**400]
)
def test_a_life_that_is_odd_is_bounded(world, life):
    world.keeps(world.token("anne", life_s=0))
    world.given = {"expires_in": life}
    signed_in = world.signed_in()
    assert signed_in.token() == signed_in.token()
    assert len(world.asked) == 2
    world.passes(400 * 86_400)
    signed_in.token()
    assert len(world.asked) == 3


def test_a_malformed_file_of_sessions_is_named(world):
    (world.folder / "sessions.yaml").write_text("a: [")
    world.keeps(world.token("anne"))
    with pytest.raises(SignInError, match=r"sessions\.yaml is not YAML"):
        world.signed_in().token()


def test_a_team_that_no_header_can_carry_is_refused(world):
    world.login = Login("nextmv auth login", world.file, "host", "the t\u00ebam")
    with pytest.raises(SettingsError, match="team_id"):
        world.signed_in()


@pytest.mark.skipif(sys.platform == "win32", reason="folders are not closed there")
def test_tokens_that_cannot_be_kept_are_used_all_the_same(world, caplog, monkeypatch):
    world.keeps(world.token("anne", life_s=0))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("json.dump", lambda *_, **__: full())
    assert world.signed_in().token()
    (record,) = caplog.records
    assert "tokens.json cannot be written: No space left" in record.getMessage()
    assert {*world.file.parent.iterdir()} == {world.file, world.lock}


def test_what_was_left_by_a_process_that_was_killed_is_removed_by_the_next_one(world):
    world.keeps(world.token("anne", life_s=0))
    names = ["tokens.json.0123456789ab", "tokens.json.ba9876543210", "tokens.json.mine"]
    left, under_way, foreign = (world.file.with_name(name) for name in names)
    for path in (left, under_way, foreign):
        path.write_text("{}")
    for path in (left, foreign):
        os.utime(path, (1e9, 1e9))
    assert world.signed_in().token() == world.kept["id_token"]
    assert {*world.file.parent.iterdir()} == {
        *(world.file, world.lock, under_way, foreign)
    }


def test_a_token_that_is_good_needs_no_lock(world):
    world.keeps(world.token("anne"))
    assert world.signed_in().token()
    assert [*world.file.parent.iterdir()] == [world.file]


def test_nobody_is_asked_twice_with_what_was_refused_until_somebody_signs_in(world):
    world.keeps(world.token("anne", life_s=0))
    refused = Answer(400, {}, b'{"error": "invalid_grant", "about": "r-secret"}')
    world.answers["https://id.example/token"] = refused
    signed_in = world.signed_in()
    for _ in range(3):
        with pytest.raises(SignInError) as caught:
            signed_in.token()
        assert "secret" not in str(caught.value)
        assert "invalid_grant" in str(caught.value)
        assert not signed_in.is_renewed
    assert [method for method, *_ in world.asked] == ["GET", "POST"]
    world.keeps(world.token("anne"), refresh="r-2")
    assert signed_in.is_renewed
    assert signed_in.token()
    assert not signed_in.is_renewed
