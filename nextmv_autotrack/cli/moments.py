"""Moments as people type them: `2h`, `3d`, `yesterday`, `2026-11-24 08:00`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_AGO = re.compile(
    r"(\d+(?:\.\d+)?) ?(s|sec|min|m|h|d|days?|w|weeks?)(?: ago)?", re.IGNORECASE
)
_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}

_DAYS_AGO = {"today": 0, "yesterday": 1}


def moment(text: str, now_s: float) -> float:
    """Return the moment that `text` names, in seconds since 1970.

    A time without a zone is that of the clock on the wall.

    Raises:
        ValueError: It names none.
    """
    word = text.strip()
    ago = _AGO.fullmatch(word)
    if ago is not None:
        return now_s - float(ago[1]) * _UNIT_S[ago[2][0].lower()]
    if word.lower() in _DAYS_AGO:
        day = datetime.fromtimestamp(now_s).astimezone().date()
        day -= timedelta(days=_DAYS_AGO[word.lower()])
        return datetime(day.year, day.month, day.day).astimezone().timestamp()
    # Python 3.10 does not know Z.
    found = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", word))
    if found.tzinfo is None:
        found = found.astimezone()
    return found.astimezone(timezone.utc).timestamp()
