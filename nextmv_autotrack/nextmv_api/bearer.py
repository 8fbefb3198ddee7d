"""What opens the platform: a key, or the token of somebody who is signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

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


class Key:
    """An API key: always the same, and nobody else's business."""

    headers: Mapping[str, str] = {}
    advice = "check the API key"
    is_renewed = False

    def __init__(self, api_key: str) -> None:
        self._key = clean_key(api_key)

    def token(self) -> str:
        """Return the key."""
        return self._key

    def another_than(self, refused: str) -> None:
        """Return None: where another key is to be had, the settings know."""
