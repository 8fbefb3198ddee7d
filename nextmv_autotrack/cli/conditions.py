"""What a metric must be for its run to be listed: `value<100`, `status=optimal`."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from nextmv_autotrack.cli.moments import seconds
from nextmv_autotrack.objective import metric

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}

# The longer sign first: `<=` is not `<` and a value that begins with `=`.
_CONDITION = re.compile(r"\s*([^<>=!]+?)\s*(<=|>=|==|!=|<|>|=)\s*(.+?)\s*")

# They have an order, and texts have none that would mean anything here.
_OF_NUMBERS = frozenset({"<", "<=", ">", ">="})

_WORDS = {"true": True, "false": False}

DURATION = "duration"
"""It is known of every run that has ended, and people give it with a unit."""


class Condition(NamedTuple):
    """A metric, a comparison, and what it is compared with."""

    name: str
    sign: str
    wanted: float | bool | str

    def holds(self, metrics: Mapping[str, Any]) -> bool:
        """Whether a run with these metrics meets it; never without that metric."""
        found = metric(metrics, self.name)
        if found is None or isinstance(found, (dict, list)):
            return False
        if _is_number(found) and _is_number(self.wanted):
            return _COMPARISONS[self.sign](found, self.wanted)
        if type(found) is type(self.wanted):
            return _COMPARISONS[self.sign](found, self.wanted)
        # A text is neither smaller nor larger than a number, but it is another value.
        return self.sign == "!="


def condition(text: str) -> Condition:
    """Return what `text` says.

    Raises:
        ValueError: It says nothing of a metric.
    """
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} is no condition: give a metric, one of < <= > >= = !=, and a "
            "value, such as 'value<100'"
        )
    name, sign, word = found.groups()
    wanted = _duration(text, word) if name == DURATION else _value(word)
    if sign in _OF_NUMBERS and not _is_number(wanted):
        raise ValueError(
            f"{text!r}: {word!r} is no number, and {sign} compares numbers; = and != "
            "compare texts, too"
        )
    return Condition(name, sign, wanted)


def _value(text: str) -> float | bool | str:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        number = float(text)
    except ValueError:
        return text.strip("'\"")
    return text if math.isnan(number) else number


def _duration(text: str, word: str) -> float:
    with suppress(ValueError):
        found = seconds(word)
        if not math.isnan(found):
            return found
    raise ValueError(
        f"{text!r}: {word!r} is no duration: give seconds, or one such as 200ms, 5s or "
        "'2min 30s'"
    )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
