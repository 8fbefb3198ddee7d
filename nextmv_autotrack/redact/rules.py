"""What is redacted in the runs of one function: the usual, and what a setting adds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from nextmv_autotrack.redact.names import (
    NO_SECRET,
    REDACTED,
    SECRET,
    meaning_of,
    words_of,
)

Given = str | re.Pattern[str] | Callable[[str, Any], Any]

Words = tuple[str, ...]

ALLOWS = "!"
"""Before a name: that one is no secret here."""

# Flags that a pattern has been given; the others follow from its being one of texts.
_FLAGS = re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE | re.ASCII

# Names made by a program, as the ids of stops are, would otherwise pile up.
_MAX_KNOWN = 20_000


class Rules:
    """What is redacted.

    Example:
        >>> Rules(["iban", "!session_token"]).meaning("customerIBAN")
        0
        >>> Rules(["iban", "!session_token"]).meaning("IBAN")
        1
    """

    def __init__(self, given: Iterable[Given] = (), *, is_on: bool = True) -> None:
        given = list(given)
        texts = [one for one in given if isinstance(one, str)]
        self.is_on = is_on
        self.names = frozenset(
            words_of(one) for one in texts if not one.startswith(ALLOWS)
        )
        self.allowed = frozenset(
            words_of(one) for one in texts if one.startswith(ALLOWS)
        )
        self.patterns = tuple(one for one in given if isinstance(one, re.Pattern))
        self.functions = tuple(
            one for one in given if not isinstance(one, (str, re.Pattern))
        )
        """Called with names and values at the call, and nowhere else."""
        self._known: dict[str, int] = {}
        self.harmless: set[str] = set()
        """Names that were looked at and are no secrets'; emptied, never replaced."""

    def __repr__(self) -> str:
        return f"Rules({self.told()})"

    @property
    def is_usual(self) -> bool:
        """Whether nothing is added to the usual, or taken away."""
        added = self.names or self.allowed or self.patterns or self.functions
        return self.is_on and not added

    def meaning(self, name: str) -> int:
        """Return what a name says here."""
        found = self._known.get(name)
        if found is None:
            found = self._meaning(name)
            if len(self._known) >= _MAX_KNOWN:
                self._known = {}
            self._known[name] = found
        return found

    def note_harmless(self, name: str) -> None:
        """Keep in mind that this is no name of a secret's."""
        if len(self.harmless) >= _MAX_KNOWN:
            self.harmless.clear()
        self.harmless.add(name)

    def _meaning(self, name: str) -> int:
        if not self.is_on:
            return NO_SECRET
        if self.names or self.allowed:
            written = _written(name)
            if self.allowed & written:
                return NO_SECRET
            if self.names & written:
                return SECRET
        return meaning_of(name)

    def with_numbers(
        self, shown: dict[str, Any], given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return metrics with the numbers that only a usual name has hidden.

        A metric such as `authorization_time_s` is measured, and no secret is.
        """
        if shown is given or self.functions:
            return shown
        numbers = {
            name: value
            for name, value in given.items()
            if type(value) in {int, float}
            and shown.get(name) == REDACTED
            and not self.names & _written(name)
        }
        return {**shown, **numbers}

    def told(self) -> dict[str, Any] | None:
        """Return what other processes have to know; None when it is the usual.

        Functions stay: they are called where the run is.
        """
        if not self.is_on:
            return {"off": True}
        told: dict[str, Any] = {
            "names": sorted(map("_".join, self.names)),
            "allowed": sorted(map("_".join, self.allowed)),
            "patterns": [[one.pattern, one.flags & _FLAGS] for one in self.patterns],
        }
        told = {key: value for key, value in told.items() if value}
        return told or None

    @staticmethod
    def of(setting: Literal[False] | Sequence[Given]) -> Rules:
        """Return the rules that the setting `redact` stands for."""
        if setting is False:
            return OFF
        return Rules(setting) if setting else DEFAULT_RULES

    @staticmethod
    def read(told: object) -> Rules:
        """Return the rules that another process has told; the usual if it is nonsense."""
        if not isinstance(told, Mapping) or not told:
            return DEFAULT_RULES
        if told.get("off") is True:
            return OFF
        try:
            return _read(
                tuple(told.get("names", ())),
                tuple(told.get("allowed", ())),
                tuple((text, int(flags)) for text, flags in told.get("patterns", ())),
            )
        except (TypeError, ValueError, re.error, RecursionError):
            return DEFAULT_RULES


def _written(name: str) -> set[Words]:
    # Of `config.iban`, as a log has it, the last part counts, too.
    return {words_of(name), words_of(name.rpartition(".")[2])}


@lru_cache(maxsize=64)
def _read(
    names: tuple[str, ...],
    allowed: tuple[str, ...],
    patterns: tuple[tuple[str, int], ...],
) -> Rules:
    given: list[Given] = [*names, *(f"{ALLOWS}{name}" for name in allowed)]
    return Rules([*given, *(re.compile(text, flags) for text, flags in patterns)])


DEFAULT_RULES = Rules()
OFF = Rules(is_on=False)
