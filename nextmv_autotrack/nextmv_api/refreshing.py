"""Asking the provider of tokens for others, with what a sign-in has brought."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from nextmv_autotrack.clock import Clock
from nextmv_autotrack.errors import PlatformError, SignInError, UnreachableError
from nextmv_autotrack.nextmv_api.address import is_private
from nextmv_autotrack.nextmv_api.answers import Answer, refusal, text_field
from nextmv_autotrack.settings.profiles import Provider

REFRESHING = "refreshing the sign-in"

Ask = Callable[[str, str, Mapping[str, str], bytes, str], Answer]
"""Sends a request: method, address, headers, body, and what it is for."""


class Refreshing:
    """Asks whoever gives out the tokens; where to, it finds out once."""

    def __init__(self, ask: Ask, clock: Clock, *, allow_http: bool) -> None:
        self._ask, self._clock, self._allow_http = ask, clock, allow_http
        self._token_url: str | None = None

    def answer(self, refresh_token: str, provider: Provider) -> Mapping[str, Any]:
        """Return what the provider gives for a refresh token, not checked.

        Raises:
            SignInError: It does not take that one any more.
            PlatformError: It did not answer, or not as a provider does.
        """
        form = {
            "grant_type": "refresh_token",
            "client_id": provider.client_id,
            "refresh_token": refresh_token,
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        url = self._discovered(provider)
        answer = self._asked("POST", url, headers, urlencode(form).encode(), REFRESHING)
        if 400 <= answer.status_code < 500 and answer.status_code not in {408, 429}:
            # Only its code: what else is said may repeat what was sent.
            code = re.search(rb'"error"\s*:\s*"(\w{1,40})"', answer.body)
            words = code[1].decode() if code else f"status {answer.status_code}"
            raise SignInError(f"the sign-in is not taken any more ({words})")
        if not answer.is_success:
            raise refusal(answer, REFRESHING, now=self._clock.wall())
        text_field(answer, "access_token", REFRESHING)
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
