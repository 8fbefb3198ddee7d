"""Moments and spans of time as people type them: `2h`, `yesterday`, `2026-11-24 08:00`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_UNITS_S = {
    1e-6: ("us",),
    1e-3: ("ms",),
    1.0: ("s", "sec"),
    60.0: ("m", "min"),
    3600.0: ("h",),
    86_400.0: ("d", "day", "days"),
    604_800.0: ("w", "week", "weeks"),
}
_UNIT_S = {word: unit_s for unit_s, words in _UNITS_S.items() for word in words}

_PART = rf"(\d+(?:\.\d+)?) ?({'|'.join(_UNIT_S)})"
_SPAN = re.compile(rf"{_PART}(?: ?{_PART})*", re.IGNORECASE)
_PARTS = re.compile(rf"{_PART}(?![a-z])", re.IGNORECASE)

_DAYS_AGO = {"today": 0, "yesterday": 1}


def seconds(text: str) -> float:
    """Return how long `text` says: a number of seconds, or one such as `1.5 ms`, `2h 5min`.

    Raises:
        ValueError: It says nothing of the kind.
    """
    word = text.strip()
    if _SPAN.fullmatch(word) is None:
        return float(word)
    return sum(
        float(number) * _UNIT_S[unit.lower()] for number, unit in _PARTS.findall(word)
    )


def moment(text: str, now_s: float) -> float:
    """Return the moment that `text` names, in seconds since 1970.

    A time without a zone is that of the clock on the wall.

    Raises:
        ValueError: It names none.
    """
    word = text.strip()
    ago = re.sub(" ago$", "", word, flags=re.IGNORECASE)
    if _SPAN.fullmatch(ago):
        return now_s - seconds(ago)
    if word.lower() in _DAYS_AGO:
        day = datetime.fromtimestamp(now_s).astimezone().date()
        day -= timedelta(days=_DAYS_AGO[word.lower()])
        return datetime(day.year, day.month, day.day).astimezone().timestamp()
    # Python 3.10 does not know Z.
    found = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", word))
    if found.tzinfo is None:
        found = found.astimezone()
    return found.astimezone(timezone.utc).timestamp()
