"""The scan of everything that enters the store: what is secret stays behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from nextmv_autotrack import safely
from nextmv_autotrack.journal import Frame, Kind
from nextmv_autotrack.redact import DEFAULT_RULES, Rules
from nextmv_autotrack.redact.json_scan import scan_json
from nextmv_autotrack.redact.key_blocks import is_behind_key
from nextmv_autotrack.redact.pace import Pace, TooSlowError
from nextmv_autotrack.redact.prefilter import is_suspicious
from nextmv_autotrack.redact.text_scan import scan_text

# Smaller frames are looked at together: a look at each would take longer than its bytes.
_SMALL_BYTES = 32 * 1024

# What a record says of its rules, if they are not the usual ones.
_RULES = "redact"
_HAS_RULES = b'"redact":'

# What we say ourselves. A run must not get another id because that is in a secret.
_OURS = frozenset(
    {
        "app_id",
        "at_ns",
        "children_cpu_ns",
        "children_peak_kib",
        "cpu_limit",
        "cpu_ns",
        "delivery",
        "duration_ns",
        "endpoint",
        "host",
        "id",
        "input_id",
        "instance_id",
        "is_document",
        "is_whole",
        "memory_limit_kib",
        "parent_id",
        "part",
        "peak_kib",
        "shared",
        "started_ns",
        "status",
        "threads",
    }
)

# What could not be looked at in time stays behind: it would let secrets through, or
# hold up all other runs.
WITHHELD = "[redacted: could not be scanned for secrets in time]"

# An archive of files, packed: it is kept as it is.
_GZIP = b"\x1f\x8b"


class Redactor:
    """Takes secrets out of frames, each by the rules of the call it is of."""

    def __init__(
        self,
        known: tuple[bytes, ...],
        last_lines: Callable[[str], bytes],
        pace: Callable[[], Pace] = Pace,
    ) -> None:
        self._known = known
        self._pace = pace
        self._last_lines = last_lines
        """Returns the lines of a run that are in the store already."""
        self._are_clean = False

    def begin(self, frames: Iterable[Frame]) -> None:
        """Take a look at the frames that come next, all at once."""
        small = b"\n".join(
            part
            for frame in frames
            for part in _parts(frame)
            if frame.kind != Kind.SEEN
        )
        self._are_clean = _HAS_RULES not in small and not is_suspicious(
            small, DEFAULT_RULES, self._known
        )

    def meta(self, frame: Frame) -> tuple[dict[str, Any], Rules]:
        """Return what a frame says, without secrets, and the rules that hold for it.

        Raises:
            ValueError: It makes no sense.
            TypeError: Neither.
        """
        told = orjson.loads(frame.meta)
        if not isinstance(told, dict):
            raise TypeError("a frame says nothing")
        if self._are_clean or frame.kind is Kind.SEEN:
            return told, DEFAULT_RULES
        rules = Rules.read(told.pop(_RULES, None))
        ours = {k: told[k] for k in _OURS & told.keys()}
        try:
            body = scan_json(orjson.dumps(told), rules, self._known, self._pace())
        except TooSlowError:
            _warn("what a run says of itself is")
            return ours, rules
        seen = {**orjson.loads(body), **ours}
        metrics, shown = told.get("metrics"), seen.get("metrics")
        if isinstance(metrics, dict) and isinstance(shown, dict):
            seen["metrics"] = rules.with_numbers(shown, metrics)
        return seen, rules

    def payload(self, frame: Frame, rules: Rules) -> bytes:
        """Return the document of a frame without secrets."""
        body = frame.payload
        if body.startswith(_GZIP) or (self._are_clean and len(body) <= _SMALL_BYTES):
            return body
        try:
            return scan_json(body, rules, self._known, self._pace())
        except TooSlowError:
            _warn("a payload is")
            return orjson.dumps(WITHHELD)

    def lines(self, run_id: str, text: bytes, rules: Rules) -> bytes:
        """Return lines of a run without secrets."""
        is_behind = is_behind_key(text, lambda: self._last_lines(run_id))
        try:
            return scan_text(
                text,
                rules,
                self._known,
                is_behind_key=is_behind,
                pace=self._pace(),
            )
        except TooSlowError:
            _warn("lines of a log are")
            return f"{WITHHELD}\n".encode()


def _warn(what: str) -> None:
    safely.warn(f"{what} withheld: a scan for secrets takes too long", "redacting")


def _parts(frame: Frame) -> Iterable[bytes]:
    yield frame.meta
    if len(frame.payload) <= _SMALL_BYTES:
        yield frame.payload
