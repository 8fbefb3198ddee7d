"""The tokens of a browser login: in a file that is shared with Nextmv's own tools."""

from __future__ import annotations

import base64
import json
import math
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

# What the platform means when it does not say.
DEFAULT_LIFE_S = 3600.0

# More is a mistake, and cannot be written as a date.
LONGEST_LIFE_S = 366 * 86_400.0


@dataclass(frozen=True)
class Tokens:
    """What a sign-in or a refresh has brought, not checked."""

    document: Mapping[str, Any] = field(repr=False)

    @property
    def id_token(self) -> str:
        """What is sent as the bearer; empty when there is none."""
        return self._text("id_token")

    @property
    def refresh_token(self) -> str:
        """What others are to be had for; empty when there is none."""
        return self._text("refresh_token")

    @property
    def life_s(self) -> float:
        """How long they last from when they were given out."""
        life_s = self.document.get("expires_in")
        if not isinstance(life_s, (int, float)) or not math.isfinite(life_s):
            return DEFAULT_LIFE_S
        return min(max(0.0, life_s), LONGEST_LIFE_S)

    @property
    def expires_at(self) -> float:
        """Seconds since 1970; zero when it cannot be read."""
        text = self._text("expires_at")
        if not text:
            return _number(self.claims.get("exp"))
        try:
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            return 0.0
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        # The one that is sent may be older than the others.
        claimed = _number(self.claims.get("exp"))
        return min(moment.timestamp(), claimed or moment.timestamp())

    @property
    def claims(self) -> Mapping[str, Any]:
        """What the id token says of itself; empty when it cannot be read."""
        body = self.id_token.partition(".")[2].partition(".")[0]
        try:
            found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def is_for(self, client_id: str) -> bool:
        """Whether the id token was given out to this client."""
        audience = self.claims.get("aud")
        return client_id in (audience if isinstance(audience, list) else [audience])

    def followed_by(self, answer: Mapping[str, Any], now: float) -> Tokens:
        """Return what holds after a refresh: what the answer has not, stays."""
        # A document may be kept by other tools, which read the time and not the life.
        told = {
            name: value for name, value in answer.items() if value not in (None, "")
        }
        new = Tokens({**self.document, "expires_in": DEFAULT_LIFE_S, **told})
        expires_at = datetime.fromtimestamp(now + new.life_s, timezone.utc)
        return Tokens({**new.document, "expires_at": expires_at.isoformat()})

    def _text(self, name: str) -> str:
        value = self.document.get(name)
        return value.strip() if isinstance(value, str) else ""


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def read(path: Path) -> Tokens:
    """Return what the file has; nothing when there is none, or it cannot be read."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        # Signing in anew makes another one.
        return Tokens({})
    return Tokens(document if isinstance(document, dict) else {})


def write(path: Path, tokens: Tokens) -> None:
    """Keep the tokens, for this user only; whoever reads meanwhile reads all of them.

    Raises:
        OSError: They cannot be kept.
    """
    place = Path(os.path.realpath(path))
    beside = place.with_name(f"{place.name}.{secrets.token_hex(6)}")
    try:
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(tokens.document, file, indent=2)
        beside.replace(place)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
