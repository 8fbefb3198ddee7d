"""Values as they are written down: without what is named a secret at their top.

The journal holds them as they come out of here. What lies deeper, and whatever only
looks like a secret, is taken out before it enters the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from nextmv_autotrack import safely
from nextmv_autotrack.encode.encoder import to_json
from nextmv_autotrack.redact import REDACTED, Rules, hides

# Below the members of an argument, theirs.
_LEVELS_BELOW = 2

# More of them are data, whose names no person has given.
MAX_MEMBERS = 1_000

# In all the levels of one value: some ten milliseconds at the call.
MAX_NAMES = 5_000

# Objects have names, too. They are looked at as JSON: about a millisecond for so much.
MAX_SCANNED_BYTES = 256 * 1024

_SPELLED = (
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "credentials",
    "authorization",
)
_SPELLED_IN_WORDS = (
    "api key",
    "access key",
    "private key",
    "access token",
    "client secret",
)


def _spellings() -> Iterable[str]:
    for name in (*_SPELLED, *_SPELLED_IN_WORDS):
        for joint in ("", "_", "-"):
            joined = name.replace(" ", joint)
            yield from (joined, joined.upper(), joined.title(), joined.capitalize())
        camel = name.title().replace(" ", "")
        yield from (camel, f"{camel[0].lower()}{camel[1:]}")


_COMMON = frozenset(_spellings())


class Shown:
    """A value that has been looked at already: callables are called once."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


class Discreet:
    """Writes values down as the rules of one plan have it."""

    __slots__ = ("_max_bytes", "_rules", "_were_seen")

    def __init__(self, rules: Rules, max_bytes: int) -> None:
        self._rules = rules
        self._max_bytes = max_bytes
        # With callables, no name is harmless: each is to be seen by them.
        self._were_seen = (set() if rules.functions else rules.harmless).issuperset

    @property
    def has_functions(self) -> bool:
        """Whether there are callables, which are to see each value once."""
        return bool(self._rules.functions)

    def concerns(self, names: Iterable[str]) -> bool:
        """Whether arguments of these names may have to be hidden."""
        return self.has_functions or any(map(self._rules.meaning, names))

    def json(self, value: object, losses: list[str] | None = None) -> bytes:
        """Return a value as JSON; the value stays as it is."""
        try:
            if type(value) is dict:
                is_harmless = self._were_seen(value)
                # Mostly there is none below: a call more is a tenth of what this takes.
                for member in value.values() if is_harmless else ():
                    if type(member) is dict:
                        is_harmless = self._is_harmless(value, _LEVELS_BELOW)
                        break
                if not is_harmless:
                    value = self.members(value)
            elif type(value) is Shown:
                value = value.value
        except Exception:  # noqa: BLE001 -- keys of the user's, or another thread's change
            body = to_json(value, max_bytes=self._max_bytes, losses=losses)
            return _scanned(body, self._rules)
        foreign: list[object] = []
        body = to_json(value, max_bytes=self._max_bytes, losses=losses, foreign=foreign)
        if foreign and len(body) <= MAX_SCANNED_BYTES:
            return _scanned(body, self._rules)
        return body

    def _is_harmless(self, value: dict[Any, Any], levels: int) -> bool:
        """Whether all names were seen before, as they mostly were."""
        if not self._were_seen(value):
            return False
        if levels:
            for member in value.values():
                if type(member) is dict and not self._is_harmless(member, levels - 1):
                    return False
        return True

    def members(self, named: dict[str, Any]) -> dict[str, Any]:
        """Return values by name, without the secret ones; the same dict if none is."""
        return self._members(named, _LEVELS_BELOW, [MAX_NAMES])

    def metrics(self, named: dict[str, Any]) -> dict[str, Any]:
        """Return metrics without secrets; numbers are none."""
        return self._rules.with_numbers(self.members(named), named)

    def _members(
        self, value: dict[Any, Any], levels: int, left: list[int]
    ) -> dict[Any, Any]:
        left[0] -= len(value)
        if len(value) > MAX_MEMBERS or left[0] < 0:
            return self._without_common(value)
        shown = value
        for name, member in list(value.items()):
            instead = self._member(name, member)
            if levels and type(instead) is dict:
                instead = self._members(instead, levels - 1, left)
            if instead is not member:
                shown = value.copy() if shown is value else shown
                shown[name] = instead
        return shown

    def _member(self, name: object, value: Any) -> Any:
        if not isinstance(name, str):
            return value
        rules, name = self._rules, str.__str__(name)
        meaning = rules.meaning(name)
        if meaning and hides(meaning, value):
            return REDACTED
        if not meaning and not rules.functions:
            rules.note_harmless(name)
        for function in rules.functions:
            value = _called(function, name, value)
        return value

    def _without_common(self, value: dict[Any, Any]) -> dict[Any, Any]:
        """Look for the usual names only, and not at a hundred thousand ones."""
        names = value.keys()
        # It looks at the fewer of both, and most have none.
        if names.isdisjoint(_COMMON):
            return value
        meaning = self._rules.meaning
        found = [
            name
            for name in names & _COMMON
            if meaning(name) and hides(meaning(name), value[name])
        ]
        return {**value, **dict.fromkeys(found, REDACTED)} if found else value


def _scanned(body: bytes, rules: Rules) -> bytes:
    # Not at the top: most calls are given nothing but what JSON has itself.
    from nextmv_autotrack.redact.json_scan import scan_json  # noqa: PLC0415 -- see above

    return scan_json(body, rules)


def _called(function: Callable[[str, Any], Any], name: str, value: Any) -> Any:
    try:
        return function(name, value)
    except BaseException as error:
        if not safely.is_meant_for_us(error):
            raise
        doing = "a callable of the setting 'redact'"
        safely.warn(
            f"{doing} failed, so values are withheld: {type(error).__name__}", doing
        )
        return REDACTED
