"""A line on a terminal that says how far something is, with a bar where rich is there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nextmv_autotrack.cli import screen

if TYPE_CHECKING:
    from rich.console import Console

# Of a terminal of 80 columns, the words need the rest.
_BAR_COLUMNS = 10

Show = Callable[[float, str], None]
"""Takes the share that is done, from 0 to 1, and the words beside the bar."""


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

    def show(share: float, words: str) -> None:
        text = _cut(f"{share:4.0%} {words}", room)
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

    room = page.width - _BAR_COLUMNS - 1
    with Progress(
        BarColumn(_BAR_COLUMNS),
        TextColumn("{task.description}", markup=False),
        console=page,
        transient=True,
        auto_refresh=False,
        # What goes elsewhere must not come to the terminal.
        redirect_stderr=sys.stderr.isatty(),
    ) as progress:
        task = progress.add_task("", total=1.0)

        def show(share: float, words: str) -> None:
            progress.update(
                task, completed=share, description=_cut(words, room), refresh=True
            )

        yield show


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"
