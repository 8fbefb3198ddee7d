"""What can be set: by code, by the environment, by the project's file, by a profile.

One frozen `Settings` holds for a call. It is read here, and handed to whoever needs it.
"""

from __future__ import annotations

from nextmv_autotrack.settings.schema import OF_THE_PROCESS, Settings, checked
from nextmv_autotrack.settings.sources import (
    OF_THIS_PROCESS,
    Sources,
    from_environment,
)

__all__ = [
    "OF_THE_PROCESS",
    "OF_THIS_PROCESS",
    "Settings",
    "Sources",
    "checked",
    "from_environment",
]
