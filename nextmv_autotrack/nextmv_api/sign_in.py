"""The token of somebody who signed in by the browser: taken, refreshed, and kept."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from nextmv_autotrack import safely
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.errors import (
    PlatformError,
    SettingsError,
    SignInError,
    UnreachableError,
)
from nextmv_autotrack.nextmv_api import token_file
from nextmv_autotrack.nextmv_api.address import is_plain
from nextmv_autotrack.nextmv_api.refreshing import REFRESHING, Ask, Refreshing
from nextmv_autotrack.nextmv_api.token_file import Tokens
from nextmv_autotrack.settings import profiles
from nextmv_autotrack.settings.profiles import Login, Provider

# A request that is sent with it takes its time, and clocks differ.
EXPIRES_SOON_S = 30.0


class SignedIn:
    """Gives out a token that is good for now; any thread may ask.

    Who asks while it is being refreshed waits for that. Each call raises a
    `SignInError` when somebody has to sign in first.
    """

    def __init__(
        self,
        login: Login,
        ask: Ask,
        clock: Clock,
        *,
        allow_http: bool,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._login, self._clock, self._pause = login, clock, pause
        self._refreshing = Refreshing(ask, clock, allow_http=allow_http)
        self.headers = {"nextmv-account": login.team_id} if login.team_id else {}
        if not all(map(is_plain, self.headers.values())):
            raise SettingsError("team_id of the profile must be plain ASCII")
        self._lock = threading.Lock()
        self._tokens = Tokens({})
        self._good_until_s = -math.inf
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
    def advice(self) -> str:
        """What to type when the platform does not take the token."""
        return f"sign in again with `{self._login.command}`"

    @property
    def is_renewed(self) -> bool:
        """Whether somebody has signed in since that was asked for."""
        useless = self._useless
        return useless is not None and token_file.read(self._login.tokens) != useless[0]

    def _take_or_refresh(self, refused: str) -> None:
        try:
            provider = self._provider()
            # Another process may have refreshed them, or somebody signed in anew.
            kept = self._kept()
            life_s = self._life_s(kept)
            if self._is_spent(kept, refused):
                kept, life_s = self._refreshed(kept, provider, refused)
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

    def _kept(self) -> Tokens:
        return token_file.read_whole(self._login.tokens, self._pause)

    def _life_s(self, tokens: Tokens) -> float:
        return tokens.expires_at - self._clock.wall()

    def _is_spent(self, kept: Tokens, refused: str) -> bool:
        return kept.id_token == refused or self._life_s(kept) <= EXPIRES_SOON_S

    def _check(self, tokens: Tokens, provider: Provider, life_s: float) -> None:
        if not is_plain(tokens.id_token) or life_s <= 0:
            raise self._asked_to_sign_in("there is no token that is good", tokens)
        if not tokens.is_for(provider.client_id):
            # It is for another platform, which may be anybody's.
            raise self._asked_to_sign_in("the token is of another sign-in", tokens)

    def _refreshed(
        self, old: Tokens, provider: Provider, refused: str
    ) -> tuple[Tokens, float]:
        self._check_refreshable(old)
        with token_file.turn(self._login.tokens, self._pause):
            kept = self._kept()
            if kept != old:
                # Another process was first, while we waited for it.
                if not self._is_spent(kept, refused):
                    return kept, self._life_s(kept)
                self._check_refreshable(kept)
            return self._exchanged(kept, provider)

    def _check_refreshable(self, old: Tokens) -> None:
        if not old.document:
            raise self._asked_to_sign_in("nobody is signed in", old)
        if self._useless is not None and old == self._useless[0]:
            raise SignInError(self._useless[1])
        if not old.refresh_token:
            raise self._asked_to_sign_in("the sign-in has expired", old)

    def _exchanged(self, old: Tokens, provider: Provider) -> tuple[Tokens, float]:
        try:
            answer = self._refreshing.answer(old.refresh_token, provider)
        except SignInError as error:
            kept = token_file.read_another(self._login.tokens, old, self._pause)
            if kept is None:
                raise self._asked_to_sign_in(str(error), old) from error
            # Another tool was first, and what we had is not taken any more.
            return kept, self._life_s(kept)
        new = old.followed_by(answer, self._clock.wall())
        if new.id_token == old.id_token:
            # The provider has sent none: how long this one lasts, only it can say.
            life_s = self._life_s(new)
            self._check(old, provider, life_s)
        else:
            life_s = new.life_s
            self._check_answer(new, provider)
        self._keep(new)
        return new, life_s

    def _check_answer(self, new: Tokens, provider: Provider) -> None:
        # Before it is kept: the file is for other tools and processes, too.
        is_good = is_plain(new.id_token) and new.is_for(provider.client_id)
        if not is_good or new.life_s <= 0:
            msg = f"{REFRESHING} failed: the answer has no token that is good"
            raise UnreachableError(
                f"{msg}; try again later, or sign in with `{self._login.command}`"
            )

    def _keep(self, new: Tokens) -> None:
        try:
            token_file.write(self._login.tokens, new)
        except OSError as error:
            safely.warn(f"{self._login.tokens} cannot be written: {error.strerror}")

    def _asked_to_sign_in(self, why: str, tokens: Tokens) -> SignInError:
        message = f"{why}: sign in with `{self._login.command}`"
        self._useless = tokens, message
        return SignInError(message)
