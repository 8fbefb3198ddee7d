"""Tables and headings: in colour on a terminal, plain when piped."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from nextmv_autotrack.cli.words import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

GAP = "  "

# A column but the last; longer names are cut on a terminal.
_WIDEST = 32

# What the last column should have, and what a name needs to be recognised by.
_LAST_COLUMN = 24
_SHORTEST_NAME = 10

# With less of it, the last column says nothing.
_SHORTEST_LAST = 10

# A text that hangs behind something wider than this leaves is not worth wrapping.
_SHORTEST_TEXT = 20

# Words that are worth a colour wherever they stand in a table.
COLOURS = {
    "succeeded": "green",
    "failed": "red",
    "running": "yellow",
    "delivered": "green",
    "waiting": "yellow",
    "rejected": "red",
    "local": "dim",
    "ok": "green",
    "note": "yellow",
    "skipped": "dim",
    "problem": "red",
    "worse": "red",
    "failing": "yellow",
    "better": "green",
}


def is_terminal() -> bool:
    """Whether somebody looks at this as it is printed."""
    return sys.stdout.isatty()


def width() -> int:
    """Return how many characters go on a line of the terminal."""
    return shutil.get_terminal_size().columns


def say(text: str = "", *, flush: bool = False) -> None:
    """Print one line or several; `flush` before another process prints."""
    print(text, flush=flush)  # noqa: T201 -- this is what the command is for


def line(text: str) -> None:
    """Print one line, cut where a terminal ends; nothing in it is obeyed."""
    clean = one_line(text, keep_indent=True)
    most = width() if is_terminal() else len(clean)
    say(clean if len(clean) <= most else f"{clean[: most - 1]}…")


def text(lines: str) -> None:
    """Print somebody's lines: as they are when piped, harmless on a terminal."""
    if is_terminal():
        # A line of a model's must not clear somebody's screen.
        for one in lines.removesuffix("\n").split("\n") if lines else ():
            say(one_line(one, keep_indent=True))
    else:
        sys.stdout.write(lines)
    sys.stdout.flush()


def hanging(lead: str, text: str, *, word: str = "") -> None:
    """Print a text behind its lead, further lines below its first word.

    `word`, with which the lead begins, has its colour.
    """
    clean = one_line(text)
    lines = [clean]
    if is_terminal():
        lines = wrap(clean, max(_SHORTEST_TEXT, width() - len(lead))) or [""]
    page = console()
    rest = lead[len(word) :] + lines[0]
    if page is None:
        say(f"{word}{rest}")
    else:
        page.print(_styled(word, word) + rest, soft_wrap=True)
    for line in lines[1:]:
        say(f"{' ' * len(lead)}{line}")
    sys.stdout.flush()


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, spare: Sequence[str] = ()
) -> None:
    """Print rows in columns; the last column is cut where a terminal ends.

    Columns in `spare` are left out, the first of them first, where the last one would
    not say anything any more.
    """
    clean = [[one_line(cell) for cell in row] for row in rows]
    if is_terminal():
        heads, clean = _what_fits(heads, clean, spare)
    page = console()
    if page is None:
        for line in _aligned([heads, *clean]):
            say(line)
    else:
        _rich(page, heads, clean)


def _what_fits(
    heads: Sequence[str], rows: list[list[str]], spare: Sequence[str]
) -> tuple[Sequence[str], list[list[str]]]:
    terminal = width()
    for head in spare:
        widths = _widths(heads, rows, terminal)
        if terminal - sum(widths) - len(GAP) * len(widths) >= _SHORTEST_LAST:
            break
        at = heads.index(head)
        heads = [*heads[:at], *heads[at + 1 :]]
        rows = [[*row[:at], *row[at + 1 :]] for row in rows]
    return heads, rows


def heading(text: str) -> None:
    """Print a heading, with a line of room above it."""
    page = console()
    say()
    if page is None:
        say(text)
    else:
        page.print(text, style="bold", markup=False, highlight=False)


def pairs(rows: Sequence[tuple[str, str]], *, indent: str = "") -> None:
    """Print names and what they stand for, the latter below each other."""
    page = console()
    for line in _aligned(
        [(indent + one_line(name), one_line(text)) for name, text in rows]
    ):
        if page is None:
            say(line)
        else:
            _, _, value = line.rpartition(GAP)
            page.print(_styled(line, value), soft_wrap=True)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, strict=True)
        yield GAP.join(cell.ljust(width) for cell, width in cells).rstrip()


def console() -> Console | None:
    """Rich's console where it is installed and somebody looks."""
    if not is_terminal() or os.environ.get("TERM") == "dumb":
        return None
    try:
        from rich.console import Console  # noqa: PLC0415 -- an extra
    except ImportError:
        return None
    return Console(file=sys.stdout)


def _widths(heads: Sequence[str], rows: list[list[str]], terminal: int) -> list[int]:
    """Return the widths of all columns but the last, which takes what is left.

    Rich would take room from all columns alike, and half an id is of no use: names,
    which come second, give way so that the last column says something.
    """
    columns = zip(heads, *rows, strict=True)
    *widths, last = [min(_WIDEST, max(map(len, column))) for column in columns]
    left = terminal - sum(widths) - len(GAP) * len(widths)
    missing = min(last, _LAST_COLUMN) - left
    if missing > 0 and len(widths) > 1:
        widths[1] = max(_SHORTEST_NAME, widths[1] - missing)
    return widths


def _styled(text: str, word: str) -> Text:
    """Return `text` in the colour of `word`, which ends it."""
    from rich.text import Text  # noqa: PLC0415

    styled = Text(text)
    styled.stylize(COLOURS.get(word, ""), len(text) - len(word))
    return styled


def _rich(console: Console, heads: Sequence[str], rows: list[list[str]]) -> None:
    from rich.table import Table  # noqa: PLC0415

    made = Table(box=None, pad_edge=False, padding=(0, len(GAP), 0, 0))
    for head, width in zip(
        heads[:-1], _widths(heads, rows, console.width), strict=True
    ):
        made.add_column(head, no_wrap=True, min_width=width, max_width=width)
    made.add_column(heads[-1])
    for row in rows:
        cells = [_styled(cell, cell) for cell in row]
        for cell in cells:
            cell.no_wrap, cell.overflow = True, "ellipsis"
        made.add_row(*cells)
    console.print(made)
