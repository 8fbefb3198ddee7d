"""What a run that is told to the platform by hand is sent without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from nextmv_autotrack.encode.discreet import Discreet
from nextmv_autotrack.redact import Rules, known_values
from nextmv_autotrack.redact.json_scan import scan_json
from nextmv_autotrack.redact.text_scan import scan_text
from nextmv_autotrack.settings import OF_THIS_PROCESS


@dataclass(frozen=True)
class Redaction:
    """Takes secrets out of what is about to be sent; what it is given stays as it is."""

    rules: Rules
    known: tuple[bytes, ...]

    def json(self, value: object, *, max_bytes: int) -> bytes:
        """Return a value as JSON."""
        body = Discreet(self.rules, max_bytes).json(value)
        return scan_json(body, self.rules, self.known)

    def text(self, text: str) -> bytes:
        """Return a text as UTF-8."""
        return scan_text(text.encode("utf-8", "replace"), self.rules, self.known)

    def line(self, text: str | None) -> str | None:
        """Return a text, if there is one."""
        return None if text is None else self.text(text).decode()

    def options(self, options: Mapping[str, str]) -> dict[str, str]:
        """Return the options of a run."""
        shown = Discreet(self.rules, 0).members(dict(options))
        body = scan_json(orjson.dumps(shown), self.rules, self.known)
        found: dict[str, str] = orjson.loads(body)
        return found


def redaction() -> Redaction:
    """Return what holds in this process now."""
    return Redaction(Rules.of(OF_THIS_PROCESS.resolve().redact), known_values())
