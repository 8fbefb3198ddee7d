"""What a metric must be for its run to be listed: `value<100`, `status=optimal`."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

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

_WORDS = {"true": True, "false": False}


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
        raise ValueError(text)
    name, sign, wanted = found.groups()
    return Condition(name, sign, _value(wanted))


def _value(text: str) -> float | bool | str:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        number = float(text)
    except ValueError:
        return text.strip("'\"")
    return text if math.isnan(number) else number


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
