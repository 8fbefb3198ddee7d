"""Processes that track calls and are killed, and what of it the platform gets.

`python -m tests.crash --kills 1000 --faults 0.3` does it at length.
"""

from __future__ import annotations
