"""Words of a command that turn out to make no sense only when it has begun."""

from __future__ import annotations

from nextmv_autotrack.errors import AutotrackError

# What argparse ends with.
EXIT_USAGE = 2


class UsageError(AutotrackError):
    """The words make no sense with what there is here; the exit code says so."""
