"""Words that make no sense: found by the parser, or when the command has begun."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from nextmv_autotrack.errors import AutotrackError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

# What argparse ends with.
EXIT_USAGE = 2


class UsageError(AutotrackError):
    """The words make no sense with what there is here; the exit code says so."""


class Parser(ArgumentParser):
    """Tells when its help cannot be written, and ends alike on every Python."""

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help."""
        (file or sys.stdout).write(self.format_help())

    def error(self, message: str) -> NoReturn:
        """Say which words make no sense, and end."""
        # Python 3.10 itself would end with another code where that cannot be written.
        with suppress(OSError):
            sys.stderr.write(f"{self.format_usage()}{self.prog}: error: {message}\n")
        raise SystemExit(EXIT_USAGE)
