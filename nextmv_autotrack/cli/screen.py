"""Lines and headings: in colour on a terminal, plain when piped."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from nextmv_autotrack.cli.words import cut, one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

GAP = "  "

# A text that hangs behind something wider than this leaves is not worth wrapping.
_SHORTEST_TEXT = 20

WIDEST_PIPED = 40
"""What is beside a longer text moves: one of them must not move all others in a pipe."""

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
    say(cut(clean, width()) if is_terminal() else clean)


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

    `word`, with which the lead begins, has its colour; so has a text that is a word.
    """
    clean = one_line(text)
    lines = [clean]
    if is_terminal():
        room = max(_SHORTEST_TEXT, width() - len(lead))
        # A command that is broken at its hyphens cannot be copied.
        lines = wrap(clean, room, break_on_hyphens=False) or [""]
    page = console()
    if page is None:
        say(f"{lead}{lines[0]}".rstrip())
    else:
        begun = styled(word, word) + lead[len(word) :] + styled(lines[0], lines[0])
        begun.rstrip()
        page.print(begun, soft_wrap=True)
    for line in lines[1:]:
        say(f"{' ' * len(lead)}{line}")
    sys.stdout.flush()


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
    clean = [(indent + one_line(name), one_line(text)) for name, text in rows]
    most = width() // 2 - len(GAP) if is_terminal() else WIDEST_PIPED
    widest = min(most, max((len(name) for name, _ in clean), default=0))
    for name, text in clean:
        shown = cut(name, widest) if is_terminal() else name
        hanging(shown.ljust(widest) + GAP, text)


def console() -> Console | None:
    """Rich's console where it is installed and somebody looks."""
    if not is_terminal() or os.environ.get("TERM") == "dumb":
        return None
    try:
        from rich.console import Console  # noqa: PLC0415 -- an extra
    except ImportError:
        return None
    return Console(file=sys.stdout)


def styled(text: str, word: str) -> Text:
    """Return `text` in the colour of `word`, which ends it."""
    from rich.text import Text  # noqa: PLC0415 -- an extra

    styled = Text(text)
    styled.stylize(COLOURS.get(word, ""), len(text) - len(word))
    return styled
