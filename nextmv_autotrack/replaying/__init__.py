"""Calls functions with what runs were given, and says whether what came out is worse.

`recording` reads what a run was given, `calling` calls, and `replayed` compares; `process`
does it for the command, in a process of its own.
"""

from __future__ import annotations

from nextmv_autotrack.replaying.calling import replay
from nextmv_autotrack.replaying.replayed import Replayed

__all__ = ["Replayed", "replay"]
