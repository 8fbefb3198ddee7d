"""A line on a terminal that says how far something is, with a bar where rich is there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from nextmv_autotrack.cli import screen
from nextmv_autotrack.cli.words import cut

if TYPE_CHECKING:
    from rich.console import Console

_BAR_COLUMNS = 10

# The bar of a simple terminal: a share, and a blank.
_SHARE_COLUMNS = len("100% ")

# What every terminal has. The usual ones of rich are shades that are one and the same
# grey where there are 16 colours.
_DONE, _TO_DO = "green", "bright_black"


class Line(NamedTuple):
    """What is said beside the bar."""

    full: str
    short: str
    """What is said of it where there is little room."""


Show = Callable[[float, Line], None]
"""Takes the share that is done, from 0 to 1, and what is said of it."""


@contextmanager
def bar(*, is_wanted: bool = True) -> Iterator[Show | None]:
    """Give what shows how far it is; None where nobody looks. It is gone afterwards."""
    if not (is_wanted and screen.is_terminal()):
        yield None
        return
    page = screen.console()
    with _plain() if page is None else _rich(page) as show:
        yield show


@contextmanager
def _plain() -> Iterator[Show]:
    """Without anything that a simple terminal would not obey."""
    room = screen.width() - 1

    def show(share: float, line: Line) -> None:
        has_bar, text = _fitted(line, room, _SHARE_COLUMNS)
        if has_bar:
            text = f"{share:4.0%} {text}"
        # Back at the beginning: a warning that comes meanwhile stands there.
        sys.stdout.write(f"\r{text.ljust(room)}\r")
        sys.stdout.flush()

    try:
        yield show
    finally:
        sys.stdout.write(f"\r{' ' * room}\r")


@contextmanager
def _rich(page: Console) -> Iterator[Show]:
    from rich.progress import (  # noqa: PLC0415 -- an extra
        BarColumn,
        Progress,
        TextColumn,
    )

    columns = (
        BarColumn(
            _BAR_COLUMNS, style=_TO_DO, complete_style=_DONE, finished_style=_DONE
        ),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(
        *columns,
        console=page,
        transient=True,
        auto_refresh=False,
        # What goes elsewhere must not come to the terminal.
        redirect_stderr=sys.stderr.isatty(),
    ) as progress:
        task = progress.add_task("", total=1.0)

        def show(share: float, line: Line) -> None:
            has_bar, text = _fitted(line, page.width, _BAR_COLUMNS + 1)
            progress.columns = columns if has_bar else columns[1:]
            progress.update(task, completed=share, description=text, refresh=True)

        yield show


def _fitted(line: Line, room: int, bar_columns: int) -> tuple[bool, str]:
    """Return whether there is room for the bar, and the words there is room for.

    What is waited for stands last, and whoever waits wants to know it: that goes last.
    """
    for text in line:
        if len(text) <= room - bar_columns:
            return True, text
    return False, cut(line.short, room)
