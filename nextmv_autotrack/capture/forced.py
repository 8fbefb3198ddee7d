"""A recorder for which some settings hold, whatever a function says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nextmv_autotrack.capture.plan import Plan
from nextmv_autotrack.capture.recorder import Recorder


class ForcedRecorder(Recorder):
    """A recorder for which some settings hold before those of a function."""

    forced: Mapping[str, Any]

    def plan(self, own: Mapping[str, Any], name: str) -> Plan:
        """Return the settings that hold here, made ready."""
        return super().plan({**own, **self.forced}, name)
