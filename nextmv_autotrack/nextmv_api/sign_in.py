"""The token of somebody who signed in by the browser: taken, refreshed, and kept."""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from nextmv_autotrack import safely
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.errors import (
    PlatformError,
    SettingsError,
    SignInError,
    UnreachableError,
)
from nextmv_autotrack.nextmv_api import token_file
from nextmv_autotrack.nextmv_api.address import is_plain, is_private
from nextmv_autotrack.nextmv_api.answers import Answer, refusal, text_field
from nextmv_autotrack.nextmv_api.token_file import Tokens
from nextmv_autotrack.settings import profiles
from nextmv_autotrack.settings.profiles import Login, Provider

# A request that is sent with it takes its time, and clocks differ.
EXPIRES_SOON_S = 30.0

_DOING = "refreshing the sign-in"

Ask = Callable[[str, str, Mapping[str, str], bytes, str], Answer]
"""Sends a request: method, address, headers, body, and what it is for."""


class SignedIn:
    """Gives out a token that is good for now; any thread may ask.

    Who asks while it is being refreshed waits for that. Each call raises a
    `SignInError` when somebody has to sign in first.
    """

    def __init__(
        self, login: Login, ask: Ask, clock: Clock, *, allow_http: bool
    ) -> None:
        self._login, self._ask, self._clock = login, ask, clock
        self._allow_http = allow_http
        self.headers = {"nextmv-account": login.team_id} if login.team_id else {}
        if not all(map(is_plain, self.headers.values())):
            raise SettingsError("team_id of the profile must be plain ASCII")
        self._lock = threading.Lock()
        self._tokens = Tokens({})
        self._good_until_s = -math.inf
        self._token_url: str | None = None
        self._useless: tuple[Tokens, str] | None = None
        """What the last attempt was made with, if somebody has to sign in first, and
        what was said."""

    def token(self) -> str:
        """Return the token to send, refreshed when it is about to expire."""
        with self._lock:
            if self._clock.steady() >= self._good_until_s:
                self._take_or_refresh("")
            return self._tokens.id_token

    def another_than(self, refused: str) -> str | None:
        """Return a token in place of one that was refused, refreshed at most once."""
        with self._lock:
            if self._tokens.id_token == refused:
                self._take_or_refresh(refused)
            token = self._tokens.id_token
        return token if token != refused else None

    @property
    def is_renewed(self) -> bool:
        """Whether somebody has signed in since that was asked for."""
        useless = self._useless
        return useless is not None and token_file.read(self._login.tokens) != useless[0]

    def _take_or_refresh(self, refused: str) -> None:
        try:
            # Another process may have refreshed them, or somebody signed in anew.
            kept = token_file.read(self._login.tokens)
            provider = self._provider()
            life_s = kept.expires_at - self._clock.wall()
            if kept.id_token == refused or life_s <= EXPIRES_SOON_S:
                kept, life_s = self._refreshed(kept, provider)
            self._check(kept, provider, life_s)
        except PlatformError as error:
            # The request that the token is for was not sent.
            error.may_have_acted = False
            raise
        self._tokens, self._useless = kept, None
        # By the steady clock: what was given out just now is good, whatever the time.
        self._good_until_s = self._clock.steady() + life_s - EXPIRES_SOON_S

    def _provider(self) -> Provider:
        try:
            return profiles.provider_of(self._login)
        except SettingsError as error:
            raise SignInError(str(error)) from error

    def _check(self, tokens: Tokens, provider: Provider, life_s: float) -> None:
        if not is_plain(tokens.id_token) or life_s <= 0:
            raise self._asked_to_sign_in("there is no token that is good", tokens)
        if not tokens.is_for(provider.client_id):
            # It is for another platform, which may be anybody's.
            raise self._asked_to_sign_in("the token is of another sign-in", tokens)

    def _refreshed(self, old: Tokens, provider: Provider) -> tuple[Tokens, float]:
        if not old.document:
            raise self._asked_to_sign_in("nobody is signed in", old)
        if self._useless is not None and old == self._useless[0]:
            raise SignInError(self._useless[1])
        if not old.refresh_token:
            raise self._asked_to_sign_in("the sign-in has expired", old)
        try:
            answer = self._answer(old, provider)
        except SignInError:
            kept = token_file.read(self._login.tokens)
            if kept.refresh_token == old.refresh_token:
                raise
            # Another process was first, and what we had is not taken any more.
            return kept, kept.expires_at - self._clock.wall()
        new = old.followed_by(answer, self._clock.wall())
        try:
            token_file.write(self._login.tokens, new)
        except OSError as error:
            safely.warn(f"{self._login.tokens} cannot be written: {error.strerror}")
        if new.id_token == old.id_token:
            # The provider has sent none: how long this one lasts, only it can say.
            return new, new.expires_at - self._clock.wall()
        return new, new.life_s

    def _answer(self, old: Tokens, provider: Provider) -> Mapping[str, Any]:
        form = {
            "grant_type": "refresh_token",
            "client_id": provider.client_id,
            "refresh_token": old.refresh_token,
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        url = self._discovered(provider)
        answer = self._asked("POST", url, headers, urlencode(form).encode(), _DOING)
        if 400 <= answer.status_code < 500 and answer.status_code not in {408, 429}:
            # Only its code: what else is said may repeat what was sent.
            code = re.search(rb'"error"\s*:\s*"(\w{1,40})"', answer.body)
            words = code[1].decode() if code else f"status {answer.status_code}"
            msg = f"the sign-in is not taken any more ({words})"
            raise self._asked_to_sign_in(msg, old)
        if not answer.is_success:
            raise refusal(answer, _DOING, now=self._clock.wall())
        text_field(answer, "access_token", _DOING)
        document: dict[str, Any] = json.loads(answer.body)
        return document

    def _discovered(self, provider: Provider) -> str:
        if self._token_url is None:
            url, doing = provider.discovery_url, "looking for where to sign in"
            try:
                headers = {"Accept": "application/json"}
                answer = self._asked("GET", url, headers, b"", doing)
                if not answer.is_success:
                    raise refusal(answer, doing, now=self._clock.wall())
                self._token_url = text_field(answer, "token_endpoint", doing)
            except PlatformError:
                if provider.token_url is None:
                    raise
                return provider.token_url
        return self._token_url

    def _asked(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, doing: str
    ) -> Answer:
        if not (self._allow_http or is_private(url)):
            msg = f"{doing} failed: its address does not begin with https://"
            raise UnreachableError(msg, may_have_acted=False)
        return self._ask(method, url, headers, body, doing)

    def _asked_to_sign_in(self, why: str, tokens: Tokens) -> SignInError:
        message = f"{why}: sign in with `{self._login.command}`"
        self._useless = tokens, message
        return SignInError(message)
