"""Who gives out the platform's tokens, to people who have signed in by the browser."""

from __future__ import annotations

import base64
import json
import secrets
import time
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs

from nextmv_autotrack.testing.messages import Answer, Request
from nextmv_autotrack.testing.service import Service

CLIENT_ID = "client-4711"
LIFE_S = 3600.0

PATH = "/identity/"


class Identity:
    """A provider of tokens that the platform takes in place of its key."""

    def __init__(self) -> None:
        self.address = ""
        """Of the platform, which it shares."""
        self.reset()

    def reset(self) -> None:
        """Forget everybody."""
        self._good: set[str] = set()
        self._refreshing: set[str] = set()
        self._rotates = False

    def takes(self, authorization: str) -> bool:
        """Whether a request with this header is somebody's who is signed in."""
        return authorization.removeprefix("Bearer ") in self._good

    def sign_in(self, life_s: float = LIFE_S, client_id: str = CLIENT_ID) -> Any:
        """Sign somebody in, for so long; return the document of their tokens."""
        refresh_token = f"refresh-{secrets.token_hex(8)}"
        self._refreshing.add(refresh_token)
        expires_at = datetime.fromtimestamp(time.time() + life_s, timezone.utc)
        return self._tokens(life_s, client_id) | {
            "refresh_token": refresh_token,
            "expires_at": expires_at.isoformat(),
        }

    def expire(self) -> None:
        """Take none of the tokens given out so far; new ones are to be had."""
        self._good.clear()

    def rotate(self) -> None:
        """Take each refresh token once from now on."""
        self._rotates = True

    def sign_out(self) -> None:
        """Take nothing that was given out so far."""
        self._good.clear()
        self._refreshing.clear()

    def answer(self, request: Request) -> Answer:
        """Answer a request to the provider."""
        what = request.path.removeprefix(PATH)
        if (request.method, what) == ("GET", ".well-known/openid-configuration"):
            return Answer.of({"token_endpoint": f"{self.address}{PATH}token"})
        if (request.method, what) == ("POST", "token"):
            return self._refresh(parse_qs(request.body.decode()))
        return Answer.error(404, f"no such path: {request.path}")

    def _refresh(self, form: dict[str, list[str]]) -> Answer:
        given = {name: values[0] for name, values in form.items()}
        refresh_token = given.get("refresh_token", "")
        if given.get("grant_type") != "refresh_token":
            return Answer.of({"error": "unsupported_grant_type"}, 400)
        if given.get("client_id") != CLIENT_ID:
            return Answer.of({"error": "invalid_client"}, 400)
        if refresh_token not in self._refreshing:
            words = f"{refresh_token} has been revoked"
            return Answer.of(
                {"error": "invalid_grant", "error_description": words}, 400
            )
        tokens = self._tokens(LIFE_S, CLIENT_ID)
        if self._rotates:
            self._refreshing.remove(refresh_token)
            tokens["refresh_token"] = f"refresh-{secrets.token_hex(8)}"
            self._refreshing.add(tokens["refresh_token"])
        return Answer.of(tokens)

    def _tokens(self, life_s: float, client_id: str) -> dict[str, Any]:
        claims = {"aud": client_id, "exp": time.time() + life_s}
        id_token = token(claims | {"jti": secrets.token_hex(8)})
        self._good.add(id_token)
        return {
            "access_token": f"access-{secrets.token_hex(8)}",
            "id_token": id_token,
            "token_type": "Bearer",
            "expires_in": int(life_s),
        }


class ServiceWithSignIn(Service):
    """A platform that takes the tokens of such a provider, too."""

    def __init__(self, key: str) -> None:
        self.identity = Identity()
        super().__init__(key)

    def reset(self) -> None:
        """Forget everything and everybody."""
        super().reset()
        self.identity.reset()

    def answer(self, request: Request) -> Answer:
        """Return what a request is answered with, done."""
        if request.path.startswith(PATH) and not request.is_storage:
            return self.identity.answer(request)
        return super().answer(request)

    def takes(self, authorization: str) -> bool:
        """Whether a request with this header may do all."""
        return super().takes(authorization) or self.identity.takes(authorization)


def token(claims: dict[str, Any]) -> str:
    """Return an id token with these claims, signed by nobody."""
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    coded = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    return ".".join([*coded, "signature"])
