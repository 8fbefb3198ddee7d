"""Tells what became of a run that has ended: looks it up, waits for it, reads it back."""

from __future__ import annotations

from nextmv_autotrack.handle.asking import Handle

__all__ = ["Handle"]
