"""Tables whose rows are all there: as wide as a terminal is, or plain when piped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nextmv_autotrack.cli import screen
from nextmv_autotrack.cli.screen import GAP, WIDEST_PIPED
from nextmv_autotrack.cli.words import cut, one_line

if TYPE_CHECKING:
    from rich.console import Console

# Of a column but the last, where a terminal has no room for all.
_WIDEST = 32

# What the last column should have, and what a name needs to be recognised by.
_LAST_COLUMN = 24
_SHORTEST_NAME = 10

# With less of it, the last column says nothing.
_SHORTEST_LAST = 10

# Nobody reads a name that is as long, and other programs have `--json`.
_LONGEST_PIPED = 200

_Rows = list[list[str]]


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    spare: Sequence[str] = (),
    usual: str = "",
) -> None:
    """Print rows in columns; the last column is cut where a terminal ends.

    Columns in `spare` are left out, the first of them first, where the last one would
    not say anything any more; sooner, where all they say is the word that is `usual`.
    """
    clean = _clean(rows)
    if not screen.is_terminal():
        for line in _piped([[*heads], *clean]):
            screen.say(line)
        return
    shown, clean = _what_fits([*heads], clean, spare, usual)
    widths = _widths(shown, clean)
    page = screen.console()
    if page is not None:
        _rich(page, shown, clean, widths)
        return
    for row in [shown, *clean]:
        cells = zip(row, widths, strict=True)
        screen.say(
            GAP.join(cut(cell, size).ljust(size) for cell, size in cells).rstrip()
        )


def fits(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether there is room for the whole of such a table."""
    longest = _longest([*heads], _clean(rows))
    return not screen.is_terminal() or _total(longest) <= screen.width()


def _clean(rows: Sequence[Sequence[str]]) -> _Rows:
    return [[one_line(cell) for cell in row] for row in rows]


def _piped(rows: _Rows) -> Iterator[str]:
    *heads, _ = _longest(rows[0], rows[1:])
    widths = [min(WIDEST_PIPED, longest) for longest in heads]
    for *cells, last in rows:
        padded = [
            cut(cell, _LONGEST_PIPED).ljust(width)
            for cell, width in zip(cells, widths, strict=True)
        ]
        yield GAP.join([*padded, last]).rstrip()


def _what_fits(
    heads: list[str], rows: _Rows, spare: Sequence[str], usual: str
) -> tuple[list[str], _Rows]:
    for head in (*spare, heads[-1]):
        at, longest = heads.index(head), _longest(heads, rows)
        says_little = {row[at] for row in rows} == {usual}
        wanted = min(longest[-1], _LAST_COLUMN if says_little else _SHORTEST_LAST)
        if _widths(heads, rows)[-1] < wanted:
            heads = [*heads[:at], *heads[at + 1 :]]
            rows = [[*row[:at], *row[at + 1 :]] for row in rows]
    return heads, rows


def _widths(heads: list[str], rows: _Rows) -> list[int]:
    """Return the widths of all columns, of which the last takes what is left.

    Rich would take room from all columns alike, and half an id is of no use: names,
    which come second, give way so that the last column says something.
    """
    longest = _longest(heads, rows)
    if _total(longest) <= screen.width():
        return longest
    *widths, last = [min(_WIDEST, size) for size in longest]
    missing = min(last, _LAST_COLUMN) - (screen.width() - _total([*widths, 0]))
    if missing > 0 and len(widths) > 1:
        widths[1] = max(min(widths[1], _SHORTEST_NAME), widths[1] - missing)
    return [*widths, max(1, screen.width() - _total([*widths, 0]))]


def _longest(heads: list[str], rows: _Rows) -> list[int]:
    return [max(map(len, column)) for column in zip(heads, *rows, strict=True)]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _rich(console: Console, heads: list[str], rows: _Rows, widths: list[int]) -> None:
    from rich.table import Table  # noqa: PLC0415 -- an extra

    made = Table(box=None, pad_edge=False, padding=(0, len(GAP), 0, 0))
    for head, width in zip(heads[:-1], widths, strict=False):
        made.add_column(head, no_wrap=True, min_width=width, max_width=width)
    made.add_column(heads[-1])
    for row in rows:
        cells = [screen.styled(cell, cell) for cell in row]
        for cell in cells:
            cell.no_wrap, cell.overflow = True, "ellipsis"
        made.add_row(*cells)
    console.print(made)
