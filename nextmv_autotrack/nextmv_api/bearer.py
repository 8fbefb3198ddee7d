"""What opens the platform: a key, or the token of somebody who is signed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.nextmv_api.address import clean_key


class Bearer(Protocol):
    """What requests carry so that the platform takes them."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What goes along with the token."""

    @property
    def advice(self) -> str:
        """What to do when it is not taken."""

    def token(self) -> str:
        """Return the token to send; it may have to be fetched."""

    def another_than(self, refused: str) -> str | None:
        """Return a token in place of one that was refused, if there is any."""

    @property
    def is_renewed(self) -> bool:
        """Whether somebody has done what it needed, since it failed for want of it."""


AnotherKey = Callable[[str], str | None]
"""Returns a key in place of one that was refused, if there is any."""


def no_other_key(_refused: str) -> None:
    """Return None: there is but one key."""


class Key:
    """An API key: the same until it is refused and there is another.

    Args:
        api_key: The key.
        another: Knows where it came from, and looks there again.
    """

    headers: Mapping[str, str] = {}
    advice = "check the API key"
    is_renewed = False

    def __init__(self, api_key: str, another: AnotherKey = no_other_key) -> None:
        self._key, self._another = clean_key(api_key), another

    def token(self) -> str:
        """Return the key."""
        return self._key

    def another_than(self, refused: str) -> str | None:
        """Return the key that holds by now, if it is another one."""
        # Another thread may have found it, since the request was sent.
        if self._key == refused:
            with suppress(SettingsError):  # that the one sent was refused says more
                self._key = clean_key(self._another(refused) or refused)
        return self._key if self._key != refused else None
