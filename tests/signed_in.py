"""Files of Nextmv's own tools, as somebody has them who uses those."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.platform_server.handle import Platform
from tests.platform_server.identity import CLIENT_ID, PATH

TEAM = "0b5e8a90-team"


class Person:
    """Somebody with a home, who may sign in at the platform of the tests."""

    def __init__(self, home: Path, platform: Platform) -> None:
        self._folder, self._platform = home / ".nextmv", platform
        self.tokens_file = self._folder / "auth" / "work" / "tokens.json"

    def has(self, name: str, text: str) -> None:
        """Have a file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_text(text, encoding="utf-8")

    def has_profiles(self) -> None:
        """Have two: `team`, with a sign-in by the browser, and `plain`, with a key."""
        endpoint = self._platform.endpoint
        self.has(
            "config.yaml",
            f"team:\n  auth_type: pkce\n  endpoint: {endpoint}\n  auth_session: work\n"
            f"  team_id: {TEAM}\n"
            f"plain:\n  apikey: {self._platform.key}\n  endpoint: {endpoint}\n",
        )
        self.has(
            "sessions.yaml",
            f"{urlsplit(endpoint).netloc}:\n"
            f"  oidc_discovery_url: {endpoint}{PATH}\n  client_id: {CLIENT_ID}\n",
        )

    def signs_in(self, **given: Any) -> dict[str, Any]:
        """Sign in; return what the file of tokens has."""
        tokens = self._platform.sign_in(**given)
        self.keeps(tokens)
        return tokens

    def keeps(self, tokens: object) -> None:
        """Have a file with these tokens."""
        self.tokens_file.parent.mkdir(parents=True, exist_ok=True)
        self.tokens_file.write_text(json.dumps(tokens), encoding="utf-8")

    @property
    def tokens(self) -> dict[str, Any]:
        """What the file of tokens has."""
        document: dict[str, Any] = json.loads(self.tokens_file.read_text("utf-8"))
        return document
