"""Tables for widths that are known beforehand: side by side, and row by row."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from nextmv_autotrack.cli import screen
from nextmv_autotrack.cli.words import cut, one_line

# A column of things beside each other, its gap counted, below which it says nothing.
_COLUMN = 16

# With less of it, the last column of a table says nothing.
_LAST = 10

Row = tuple[str, list[str]]
"""A label, and a cell in each column; a remark when there are none."""


class Rows:
    """A table whose rows come one at a time, in columns of the widths given.

    The last column takes what is left. Those in `spare` are left out, the first of them
    first, where a terminal has no room for it.
    """

    def __init__(
        self, heads: Sequence[str], widths: Sequence[int], *, spare: Sequence[str]
    ) -> None:
        self._console = screen.console()
        self._columns = _kept(heads, (*widths, _LAST), spare)
        self.add(heads)

    def add(self, row: Sequence[str]) -> None:
        """Print a row; what is longer than its column moves the rest of its row."""
        cells = [one_line(row[at]).ljust(width) for at, width in self._columns]
        if self._console is None:
            screen.line(screen.GAP.join(cells))
        else:
            from rich.text import Text  # noqa: PLC0415 -- an extra

            made = Text()
            for cell in cells:
                made.append(cell + screen.GAP, screen.COLOURS.get(cell.strip(), ""))
            made.rstrip()
            self._console.print(made, no_wrap=True, overflow="ellipsis")
        sys.stdout.flush()


def _kept(
    heads: Sequence[str], widths: Sequence[int], spare: Sequence[str]
) -> list[tuple[int, int]]:
    """Return where the columns that fit stand in a row, and their widths."""
    kept = [*enumerate(widths)]
    if screen.is_terminal():
        terminal = screen.width()
        for head in spare:
            needed = sum(width + len(screen.GAP) for _, width in kept[:-1]) + _LAST
            if needed > terminal:
                kept = [one for one in kept if heads[one[0]] != head]
    last, _ = kept[-1]
    return [*kept[:-1], (last, 0)]


def side_by_side(
    heads: Sequence[str], sections: Sequence[tuple[str | None, Sequence[Row]]]
) -> None:
    """Print what there is to say of some things, a column each, beside each other.

    Where a terminal is too narrow for all of them, the first is repeated beside those
    that did not fit. A row without cells is a remark.
    """
    rows: list[Row] = [("", list(heads))]
    for title, inner in sections:
        if title and inner:
            rows += [("", []), (title, [])]
        indent = "  " if title else ""
        rows += [(indent + one_line(label), cells) for label, cells in inner]
    clean = [(label, [one_line(cell) for cell in cells]) for label, cells in rows]
    for number, part in enumerate(_beside_each_other(clean, len(heads))):
        if number:
            screen.say()
        _print_columns(part)


def _beside_each_other(rows: list[Row], count: int) -> Iterator[list[Row]]:
    """Yield the columns in as many parts as a terminal needs, the first in each."""
    if not screen.is_terminal():
        yield rows
        return
    terminal = screen.width()
    label_width = max(len(label) for label, cells in rows if cells)
    room = (terminal - min(label_width, terminal // 3)) // _COLUMN
    each = max(1, room - 1)
    for start in range(1, count, each):
        taken = [0, *range(start, min(count, start + each))]
        yield [(label, [cells[at] for at in taken if cells]) for label, cells in rows]


def _print_columns(rows: list[Row]) -> None:
    console = screen.console()
    if console is None:
        _print_plain_columns(rows)
        return
    from rich.text import Text  # noqa: PLC0415 -- an extra

    for label, cells in _fitted(rows):
        text = Text()
        text.append(label, "" if cells else "bold" if label[:1] != " " else "dim")
        for cell in cells:
            text.append(cell, screen.COLOURS.get(cell.strip(), ""))
        text.rstrip()
        console.print(text, no_wrap=True, overflow="ellipsis")


def _print_plain_columns(rows: list[Row]) -> None:
    for label, cells in _fitted(rows):
        screen.say("".join((label, *cells)).rstrip())


def _fitted(rows: list[Row]) -> Iterator[Row]:
    """Yield the rows with every cell as wide as its column."""
    full = [(label, cells) for label, cells in rows if cells]
    label_width = max(len(label) for label, _ in full)
    widths = [
        max(map(len, column)) for column in zip(*(c for _, c in full), strict=True)
    ]
    longest = screen.WIDEST_PIPED, screen.WIDEST_PIPED
    if screen.is_terminal():
        terminal = screen.width()
        most = (terminal - min(label_width, terminal // 3)) // len(widths)
        longest = terminal // 3, max(most, _COLUMN) - len(screen.GAP)
    for label, cells in rows:
        yield (
            _padded(label, min(label_width, longest[0])) if cells else label,
            [
                screen.GAP + _padded(cell, min(width, longest[1]))
                for cell, width in zip(cells, widths, strict=False)
            ],
        )


def _padded(text: str, width: int) -> str:
    return (cut(text, width) if screen.is_terminal() else text).ljust(width)
