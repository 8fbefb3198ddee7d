"""What `doctor` says of settings that keep runs from being recorded, or from being sent."""

from __future__ import annotations

from nextmv_autotrack.cli import origins
from nextmv_autotrack.cli.doctor.checks import Check, State
from nextmv_autotrack.settings import Sources


def tracking_check(sources: Sources) -> Check:
    """Say whether runs are recorded at all, and meant to be sent."""
    settings = sources.resolve()
    if not settings.enabled:
        origin = origins.of_setting(sources, "enabled")
        text = f"off, by {origin}: nothing is recorded"
        return Check("tracking", State.NOTE, text, f"to track, take out {origin}")
    if settings.destination == "local":
        origin = origins.of_setting(sources, "destination")
        text = f"destination is local, by {origin}: nothing is sent"
        return Check("tracking", State.NOTE, text, f"to send, take out {origin}")
    if settings.sample < 1:
        origin = origins.of_setting(sources, "sample")
        text = (
            f"sample is {settings.sample:g}, by {origin}: only that share of the runs "
            "that succeed is recorded"
        )
        return Check("tracking", State.NOTE, text, f"for all, take out {origin}")
    return Check("tracking", State.OK, "on, and sent where key and application are set")
