"""The tokens of a browser login: in a file that is shared with Nextmv's own tools."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from nextmv_autotrack.journal import try_lock
from nextmv_autotrack.nextmv_api.answers import number_of

Pause = Callable[[float], object]
"""Waits for so many seconds."""

# What the platform means when it does not say.
DEFAULT_LIFE_S = 3600.0

# More is a mistake, and cannot be written as a date.
LONGEST_LIFE_S = 366 * 86_400.0

# How long others take to write a file of a few kilobytes, or to get from an answer to
# that: looked at often at first, because mostly it is a matter of microseconds.
_WRITTEN_IN_S = (0.01, 0.05, 0.1, 0.2, 0.4)

_LOCK = "lock"

# A refresh is two short requests: who takes longer hangs, and is not waited for.
_TURN_LOOK_S = 0.05
_LOOKS_FOR_TURN = 200

_UNNAMED_BYTES = 6

# Of a file that is written in one go; who has not ended by then has been killed.
_LEFT_AFTER_S = 60.0


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
        life_s = number_of(self.document.get("expires_in"))
        if life_s is None:
            return DEFAULT_LIFE_S
        return min(max(0.0, life_s), LONGEST_LIFE_S)

    @property
    def expires_at(self) -> float:
        """Seconds since 1970; zero when it cannot be read."""
        text = self._text("expires_at")
        if not text:
            return number_of(self.claims.get("exp")) or 0.0
        try:
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            return 0.0
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        # The one that is sent may be older than the others.
        claimed = number_of(self.claims.get("exp"))
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


def read(path: Path) -> Tokens:
    """Return what the file has; nothing when there is none, or it cannot be read."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        # Signing in anew makes another one.
        return Tokens({})
    return Tokens(document if isinstance(document, dict) else {})


def read_whole(path: Path, pause: Pause) -> Tokens:
    """Read the file once more, if another tool seems to be just writing it."""
    for wait_s in _WRITTEN_IN_S:
        tokens = read(path)
        if tokens.document or not path.exists():
            return tokens
        pause(wait_s)
    return read(path)


def read_another(path: Path, old: Tokens, pause: Pause) -> Tokens | None:
    """Return what another tool has got in place of the old ones, if it does so soon."""
    for wait_s in _WRITTEN_IN_S:
        tokens = read(path)
        if tokens.refresh_token not in {"", old.refresh_token}:
            return tokens
        pause(wait_s)
    return None


@contextmanager
def turn(path: Path, pause: Pause) -> Iterator[None]:
    """Have the block to ourselves among processes, but wait for that only so long."""
    lock = _beside(path, _LOCK)
    with ExitStack() as held:
        for _ in range(_LOOKS_FOR_TURN):
            with ExitStack() as attempt:
                try:
                    is_ours = attempt.enter_context(try_lock(lock))
                except OSError:
                    break  # where nothing can be written, nothing is refreshed twice
                if is_ours:
                    held.push(attempt.pop_all())
                    break
            pause(_TURN_LOOK_S)
        yield


def write(path: Path, tokens: Tokens) -> None:
    """Keep the tokens, for this user only; whoever reads meanwhile reads all of them.

    Raises:
        OSError: They cannot be kept.
    """
    place = Path(os.path.realpath(path))
    beside = _beside(path, secrets.token_hex(_UNNAMED_BYTES))
    try:
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(tokens.document, file, indent=2)
        _sweep(place, beside)
        beside.replace(place)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def _beside(path: Path, suffix: str) -> Path:
    place = Path(os.path.realpath(path))
    return place.with_name(f"{place.name}.{suffix}")


def _sweep(place: Path, beside: Path) -> None:
    """Remove what processes that were killed while they wrote have left."""
    unnamed = re.compile(re.escape(place.name) + rf"\.[0-9a-f]{{{2 * _UNNAMED_BYTES}}}")
    with suppress(OSError):
        # By the clock of the file system, which has set all of the times.
        now = beside.stat().st_mtime
        for path in place.parent.iterdir():
            is_left = unnamed.fullmatch(path.name) is not None and path != beside
            if is_left and now - path.stat().st_mtime > _LEFT_AFTER_S:
                path.unlink()
