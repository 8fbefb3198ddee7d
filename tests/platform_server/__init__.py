"""A platform to test against: a real HTTP server in a process of its own.

It takes tracked runs the way the platform documents it, strictly, and does what it is
told to do wrong. `python -m tests.platform_server` starts it for a benchmark.
"""

from __future__ import annotations
