"""How people read ids, times, sizes and texts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from itertools import pairwise

NOTHING = "-"

# The first 12 characters of an id are its time to the millisecond. Shorter ones would
# be unique by luck only: those of one minute begin with the same 8.
_SHORTEST_ID = 12

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0

# From then on people think in dates.
_DATES_FROM = 7 * _DAY

# From which seconds on, by what factor, with how many decimals, called what.
_UNITS = (
    (10.0, 1, 1, "s"),
    (0.1, 1, 2, "s"),
    (0.001, 1e3, 1, "ms"),
    (0.0, 1e6, 0, "us"),
)

_KB, _MB, _GB = 1000, 1000_000, 1000_000_000


def short_length(ids: Iterable[str]) -> int:
    """Return how much of ids tells each of them from the others."""
    ordered = sorted(ids)
    common = [_common(one, other) for one, other in pairwise(ordered)]
    return max(_SHORTEST_ID, 1 + max(common, default=0))


def _common(one: str, other: str) -> int:
    for position, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return position
    return min(len(one), len(other))


def age(then_s: float, now_s: float) -> str:
    """Return how long ago that was, or the date when it is long ago."""
    passed = now_s - then_s
    if passed >= _DATES_FROM:
        return datetime.fromtimestamp(then_s).astimezone().strftime("%Y-%m-%d")
    if passed >= _DAY:
        return f"{counted(int(passed / _DAY), 'day')} ago"
    if passed >= _HOUR:
        return f"{int(passed / _HOUR)} h ago"
    if passed >= _MINUTE:
        return f"{int(passed / _MINUTE)} min ago"
    # A clock that was set back makes a run begin in the future.
    return f"{max(0, int(passed))} s ago"


def counted(count: int, one: str, several: str | None = None) -> str:
    """Return a number of things."""
    return f"{count} {one if count == 1 else several or one + 's'}"


def until(then_s: float, now_s: float) -> str:
    """Return how long it is until then."""
    left = then_s - now_s
    if left >= _MINUTE:
        return f"in {round(left / _MINUTE)} min"
    return f"in {max(0, round(left))} s"


def duration(seconds: float | None) -> str:
    """Return a duration with as much detail as it has meaning."""
    if seconds is None:
        return NOTHING
    if seconds >= _HOUR:
        return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02} min"
    if seconds >= _MINUTE:
        return f"{int(seconds // 60)} min {int(seconds % 60):02} s"
    _, factor, decimals, unit = next(unit for unit in _UNITS if seconds >= unit[0])
    return f"{seconds * factor:.{decimals}f} {unit}"


def size(count: int) -> str:
    """Return a number of bytes."""
    if count < _KB:
        return counted(count, "byte")
    if count < _MB:
        return f"{count / _KB:.1f} kB"
    if count < _GB:
        return f"{count / _MB:.1f} MB"
    return f"{count / _GB:.1f} GB"


def timestamp(then_s: float) -> str:
    """Return a time in UTC, as RFC 3339 has it."""
    moment = datetime.fromtimestamp(then_s, tz=timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_time(then_s: float) -> str:
    """Return a time as the clock on the wall shows it."""
    return datetime.fromtimestamp(then_s).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def clock_time(then_s: float) -> str:
    """Return only the time of the day, as the clock on the wall shows it."""
    return datetime.fromtimestamp(then_s).astimezone().strftime("%H:%M:%S")


def one_line(text: str, *, keep_indent: bool = False) -> str:
    """Return `text` on one line, without anything a terminal would obey."""
    clean = "".join(char if char.isprintable() else " " for char in text)
    return clean.rstrip() if keep_indent else clean.strip()


def cut(text: str, width: int) -> str:
    """Return a text that is no wider than that."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def number(value: object) -> str:
    """Return a metric's value; a number with the digits that people compare."""
    if value is None:
        return "null"
    if isinstance(value, bool) or not isinstance(value, float):
        return one_line(str(value))
    # As many digits as a float surely has.
    return f"{value:.15g}"


def change(first: float, value: float) -> str:
    """Return how far a number is from the first one: in percent where that says more."""
    if first and value:
        return f"{(value - first) / abs(first) * 100:+.3g} %"
    return f"{value - first:+.6g}"
