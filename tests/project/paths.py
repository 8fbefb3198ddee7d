"""Where the project's own files are, for tests about the project itself."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


_INSTALLED = {one.name for one in entry_points(group="pytest11")}

# By its own name only where it is installed: that is the one which pytest asks for.
_PLUGIN = (
    "nextmv_autotrack"
    if "nextmv_autotrack" in _INSTALLED
    else "nextmv_autotrack.testing.pytest_plugin"
)

PYTEST_OPTIONS = ("-W", "error", "-p", "no:cacheprovider", "-p", _PLUGIN)
"""For tests of others, with our fixtures."""


def need_source() -> None:
    """Skip a test about the source where only an installed wheel is tested."""
    if not (ROOT / "nextmv_autotrack").is_dir():
        pytest.skip("an installed wheel is under test, without the source")


def python(
    *arguments: str, folder: Path | None = None, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run this Python as a user would, and return what it said."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environ or os.environ,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
